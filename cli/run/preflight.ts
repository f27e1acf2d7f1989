import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { VersionApi } from "@kubernetes/client-node";
import semver from "semver";

import { loadContext } from "../../components/cluster/kubeconfig.ts";
import { findProgram } from "../../components/cluster/programs.ts";
import { locateChart } from "../../components/linkerd/chart.ts";
import { minimumKubernetes } from "../../settings/rules/clusters.ts";
import type { StackFile } from "../stacks/stack-file.ts";

const run = promisify(execFile);

/** Something that the machine or a cluster lacks, and how to get it. */
export interface Missing {
  readonly what: string;
  readonly remedy: string;
}

interface RawCluster {
  readonly source?: unknown;
  readonly version?: unknown;
  readonly context?: unknown;
  readonly kubeconfigPath?: unknown;
}

function rawClusters({ config }: StackFile): [string, RawCluster][] {
  const clusters = config?.["mesh:clusters"];
  if (typeof clusters !== "object" || clusters === null) return [];
  // A cluster without settings is a problem that the program names.
  return Object.entries(clusters as Record<string, RawCluster | null>).map(([name, cluster]) => [
    name,
    cluster ?? {},
  ]);
}

function usesSource(file: StackFile, source: string): boolean {
  return rawClusters(file).some(([, cluster]) => cluster.source === source);
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  const file = findProgram(program);
  if (file === undefined) return false;
  return run(file, [...args], { timeout: 20_000 }).then(
    () => true,
    () => false,
  );
}

async function dockerMissing(file: StackFile): Promise<Missing[]> {
  if (!usesSource(file, "k3d")) return [];
  const missing: Missing[] = [];
  if (!(await succeeds("docker", ["info"]))) {
    missing.push({
      what: "a running Docker engine, for the k3d clusters",
      remedy: "install and start Docker; or rehearse without it on simulated clusters: npm run up -- sim",
    });
  }
  if (findProgram("k3d") === undefined) {
    missing.push({ what: "k3d", remedy: "install it: https://k3d.io/stable/#installation" });
  }
  return missing;
}

function kwokMissing(file: StackFile): Missing[] {
  if (!usesSource(file, "simulated") || findProgram("kwokctl") !== undefined) return [];
  return [
    {
      what: "kwokctl, for the simulated clusters",
      remedy: "build it and what it starts with Go: npm run tools; or install it: https://kwok.sigs.k8s.io",
    },
  ];
}

async function contextMissing(name: string, { context, kubeconfigPath }: RawCluster): Promise<Missing[]> {
  if (typeof context !== "string") return [];
  try {
    const config = loadContext(context, typeof kubeconfigPath === "string" ? kubeconfigPath : undefined);
    const signal = AbortSignal.timeout(10_000);
    const { gitVersion } = await Promise.race([
      config.makeApiClient(VersionApi).getCode(),
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("it doesn't answer within ten seconds"));
        });
      }),
    ]);
    if (semver.gte(semver.coerce(gitVersion) ?? minimumKubernetes, minimumKubernetes)) return [];
    return [
      {
        what: `Kubernetes ${minimumKubernetes} or newer on cluster ${name}, which runs ${gitVersion}`,
        remedy: "upgrade the cluster first; Linkerd's charts refuse older ones",
      },
    ];
  } catch (error) {
    return [
      {
        what: `cluster ${name}, by context ${context}: ${error instanceof Error ? error.message : String(error)}`,
        remedy: `see: kubectl --context ${context} version`,
      },
    ];
  }
}

function chartsMissing(file: StackFile): Missing[] {
  const { config } = file;
  const linkerd = (config?.["mesh:linkerd"] ?? {}) as { version?: unknown; charts?: { directory?: unknown } };
  const directory = process.env["LINKERD_CHARTS_DIR"] || linkerd.charts?.directory;
  if (typeof directory !== "string") return [];
  const versions = [linkerd.version, ...rawClusters(file).map(([, { version }]) => version)];
  const charts = versions
    .filter((version) => typeof version === "string")
    .map((version) => locateChart("linkerd-control-plane", { charts: { directory }, version }).chart);
  return [...new Set(charts)]
    .filter((chart) => !existsSync(chart))
    .map((chart) => ({
      what: `the chart archive ${chart}`,
      remedy: "put the archives of that version into the folder",
    }));
}

const root = path.resolve(import.meta.dirname, "../..");

async function pluginMissing(plugin: string): Promise<Missing[]> {
  const manifest = path.join(root, "node_modules/@pulumi", plugin, "package.json");
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
  const pinned = version.replace(/^v/, "");
  const home = process.env["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi");
  const installed = existsSync(path.join(home, "plugins", `resource-${plugin}-v${pinned}`));
  if (installed || findProgram(`pulumi-resource-${plugin}`) !== undefined) return [];
  const install = ["plugin", "install", "resource", plugin, pinned];
  if (await succeeds("pulumi", install)) return [];
  return [{ what: `the Pulumi plugin ${plugin} ${pinned}`, remedy: `npx pulumi ${install.join(" ")}` }];
}

/**
 * Everything that this machine lacks for the stack, found before the engine starts. Clusters are asked with `contexts`,
 * but for those that are known to be absent.
 */
export async function findMissing(
  file: StackFile,
  { contexts = true, absent = [] }: { readonly contexts?: boolean; readonly absent?: readonly string[] } = {},
): Promise<Missing[]> {
  const existing = rawClusters(file).filter(
    ([name, { source }]) => contexts && source === "existing" && !absent.includes(name),
  );
  const found = await Promise.all([
    dockerMissing(file),
    ...["kubernetes", "tls", "command"].map(pluginMissing),
    ...existing.map(([name, cluster]) => contextMissing(name, cluster)),
  ]);
  return [...kwokMissing(file), ...chartsMissing(file), ...found.flat()];
}

export function formatMissing(stack: string, missing: readonly Missing[]): string {
  const lines = missing.map(({ what, remedy }) => `  ${what}\n    -> ${remedy}`);
  return `Stack ${stack} needs what isn't here; nothing was started.\n\n${lines.join("\n\n")}\n`;
}
