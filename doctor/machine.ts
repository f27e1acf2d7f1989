import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import semver from "semver";

import { localStacks, pulumiVersion } from "../cli/engine/engine.ts";
import { findMissing, type Missing } from "../cli/run/preflight.ts";
import type { StackFile } from "../cli/stacks/stack-file.ts";
import { findProgram } from "../components/cluster/programs.ts";
import packageJson from "../package.json" with { type: "json" };
import type { Settings } from "../settings/settings.ts";
import { finding, type Finding } from "./finding.ts";

const here = "this machine";
const run = promisify(execFile);

/** Programs that say their version, for which clusters they are needed, or what they are good for otherwise. */
const programs = [
  { name: "docker", args: ["version", "--format", "{{.Server.Version}}"], source: "k3d" },
  { name: "k3d", args: ["version"], source: "k3d" },
  { name: "kwokctl", args: ["--version"], source: "simulated" },
  { name: "kubectl", args: ["version", "--client"], use: "npm run kubectl" },
  { name: "linkerd", args: ["version", "--client", "--short"], use: "npm run linkerd" },
] as const;

async function versionOf(name: string, args: readonly string[]): Promise<string | undefined> {
  const file = findProgram(name);
  if (file === undefined) return undefined;
  try {
    const { stdout } = await run(file, [...args], { timeout: 10_000 });
    return /v?\d+\.\d+\.\d+\S*|edge-\S+/.exec(stdout)?.[0] ?? "there";
  } catch {
    return undefined;
  }
}

async function programFindings({ clusters }: Settings): Promise<Finding[]> {
  const found = await Promise.all(
    programs.map(async (program) => {
      const isNeeded = "source" in program && clusters.some(({ source }) => source === program.source);
      // What is needed and missing is said by the preflight, with its remedy.
      if ("source" in program && !isNeeded) return [];
      const version = await versionOf(program.name, program.args);
      if (version !== undefined) return [finding(here, program.name, version)];
      return "use" in program
        ? [finding(here, program.name, "not here", `install it to use ${program.use}`, "warning")]
        : [];
    }),
  );
  return found.flat();
}

function nodeFinding(): Finding {
  const { node } = packageJson.engines;
  const isFine = semver.satisfies(process.version, node);
  return finding(here, "Node.js", process.version, isFine ? undefined : `install Node.js ${node}`);
}

function engineFinding(): Finding {
  const home = process.env["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi");
  const version = process.env["PULUMI_VERSION"] ?? pulumiVersion;
  const isHere = existsSync(path.join(home, "versions", version, "bin/pulumi"));
  return finding(here, "Pulumi", isHere ? version : `${version}, which the first run downloads`);
}

function passphraseFinding(stack: string): Finding {
  const isSet = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"].some(
    (name) => name in process.env,
  );
  if (isSet) return finding(here, "passphrase", "set");
  if (localStacks.includes(stack)) return finding(here, "passphrase", `not needed for ${stack}`);
  const remedy = "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE: the stack keeps secrets";
  return finding(here, "passphrase", "not set", remedy);
}

async function chartFindings({ linkerd: { charts, version } }: Settings): Promise<Finding[]> {
  const directory = process.env["LINKERD_CHARTS_DIR"];
  if (directory !== undefined && directory !== "")
    return [finding(here, "charts", `${version} in ${directory}`)];
  if (!("repository" in charts)) {
    return [finding(here, "charts", `${version} from ${Object.values(charts).join("")}`)];
  }
  const url = `${charts.repository.replace(/\/$/, "")}/index.yaml`;
  try {
    const { ok, status } = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(5_000) });
    if (ok) return [finding(here, "charts", `${version} from ${charts.repository}`)];
    return [
      finding(here, "charts", `${url} answers ${status.toString()}`, "correct linkerd.charts.repository"),
    ];
  } catch {
    const remedy = "allow it, or give linkerd.charts another source: oci or directory";
    return [finding(here, "charts", `${charts.repository} can't be reached from here`, remedy)];
  }
}

function missingFinding({ what, remedy }: Missing): Finding {
  return finding(here, what, "missing", remedy);
}

/** What of this machine a stack needs. */
export async function machineFindings(
  stack: string,
  file: StackFile,
  settings: Settings,
): Promise<Finding[]> {
  const [found, missing, charts] = await Promise.all([
    programFindings(settings),
    findMissing(file, { contexts: false }),
    chartFindings(settings),
  ]);
  return [
    nodeFinding(),
    engineFinding(),
    passphraseFinding(stack),
    ...charts,
    ...found,
    ...missing.map(missingFinding),
  ];
}
