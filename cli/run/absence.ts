import { KubeConfig } from "@kubernetes/client-node";

import { loadContext } from "../../components/cluster/kubeconfig.ts";
import { exclusionsOf, inseparable } from "../../settings/left-out.ts";
import type { StackFile } from "../stacks/stack-file.ts";
import { nameOf, revealed, type State } from "../stacks/state.ts";
import { UsageError } from "../terminal/usage.ts";
import { whyUnreachable } from "./reach.ts";

/** A cluster that the state knows. */
export interface DeployedCluster {
  readonly name: string;
  readonly source: "k3d" | "simulated" | "existing";
  /** Of its Kubernetes provider. */
  readonly provider: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The clusters that it is linked with, in either direction. */
  readonly linked: readonly string[];
}

const providerType = "pulumi:providers:kubernetes";

function sourceOf(name: string, names: ReadonlySet<string>): DeployedCluster["source"] {
  if (names.has(`${name}-containers`)) return "k3d";
  return names.has(`${name}-processes`) ? "simulated" : "existing";
}

/** The clusters of a state, which must have been read with its secrets. */
export function deployedClusters({ deployment: { resources = [] } }: State): DeployedCluster[] {
  const current = resources.filter((resource) => resource.delete !== true);
  const names = new Set(current.map(nameOf));
  const providers = current.filter(({ type }) => type === providerType);
  const clusters = providers.map(nameOf).sort();
  return providers.map(({ urn, inputs = {} }) => {
    const name = nameOf({ urn });
    const linked = clusters.filter(
      (other) => names.has(`${name}-to-${other}`) || names.has(`${other}-to-${name}`),
    );
    return { name, source: sourceOf(name, names), provider: urn, inputs, linked };
  });
}

function textOf(value: unknown): string | undefined {
  const text = revealed(value);
  return typeof text === "string" ? text : undefined;
}

interface GivenCluster {
  readonly context?: unknown;
  readonly kubeconfigPath?: unknown;
  readonly kubeconfig?: unknown;
  readonly stack?: { readonly name?: string; readonly output?: string };
}

/** The stack file's own entry of a cluster; undefined where it has none. */
export function givenCluster({ config }: StackFile, name: string): GivenCluster | undefined {
  const clusters = config?.["mesh:clusters"] as Readonly<Record<string, GivenCluster | null>> | undefined;
  return clusters !== undefined && name in clusters ? (clusters[name] ?? {}) : undefined;
}

export function isListed(file: StackFile, name: string): boolean {
  return givenCluster(file, name) !== undefined;
}

/** The way to a cluster: by the stack file's context where it names one, else as the last update went. */
export function configOf({ name, inputs }: DeployedCluster, file: StackFile): KubeConfig {
  const { context, kubeconfigPath } = givenCluster(file, name) ?? {};
  if (typeof context === "string") {
    return loadContext(context, typeof kubeconfigPath === "string" ? kubeconfigPath : undefined);
  }
  const kubeconfig = textOf(inputs["kubeconfig"]);
  const lastContext = textOf(inputs["context"]);
  if (lastContext !== undefined) return loadContext(lastContext, kubeconfig);
  const config = new KubeConfig();
  config.loadFromString(kubeconfig ?? "");
  return config;
}

/** Reads the kubeconfig that the stack file now gives a cluster in another way than by a context. */
export type FindKubeconfig = (cluster: string) => Promise<string | undefined>;

async function whyAbsent(
  cluster: DeployedCluster,
  file: StackFile,
  findKubeconfig: FindKubeconfig,
): Promise<string | undefined> {
  let config: KubeConfig;
  try {
    config = configOf(cluster, file);
  } catch (error) {
    // Of a cluster that goes, nobody else will say so.
    return isListed(file, cluster.name) ? undefined : error instanceof Error ? error.message : String(error);
  }
  const reason = await whyUnreachable(config);
  if (reason === undefined || cluster.source !== "existing") return reason;
  // It may have moved since the last update.
  const kubeconfig = await findKubeconfig(cluster.name);
  if (kubeconfig === undefined) return reason;
  const current = new KubeConfig();
  current.loadFromString(kubeconfig);
  return whyUnreachable(current);
}

/** Why each of the clusters that don't answer can't be worked with. */
export async function findAbsent(
  clusters: readonly DeployedCluster[],
  file: StackFile,
  findKubeconfig: FindKubeconfig,
): Promise<Map<string, string>> {
  const reasons = await Promise.all(
    clusters.map(async (cluster) => [cluster.name, await whyAbsent(cluster, file, findKubeconfig)] as const),
  );
  return new Map(
    reasons.flatMap(([name, reason]) => (reason === undefined ? [] : [[name, reason] as const])),
  );
}

/** What a person says of clusters that don't answer. */
export interface AbsenceFlags {
  /** Clusters to be treated as if they didn't answer. */
  readonly leaveOut: readonly string[];
  /** Clusters that are gone for good. */
  readonly forget: readonly string[];
}

const ownFlags = { "--leave-out": "leaveOut", "--forget": "forget" } as const;

/** Takes our own flags out of those for the engine. */
export function parseAbsenceFlags(flags: readonly string[]): AbsenceFlags & { readonly rest: string[] } {
  const found: { leaveOut: string[]; forget: string[]; rest: string[] } = {
    leaveOut: [],
    forget: [],
    rest: [],
  };
  for (let index = 0; index < flags.length; index++) {
    const [flag = "", given] = (flags[index] ?? "").split("=", 2);
    if (flag !== "--leave-out" && flag !== "--forget") {
      found.rest.push(flags[index] ?? "");
      continue;
    }
    const name = given ?? flags[++index];
    if (name === undefined || name === "") throw new UsageError(`Say which cluster: ${flag} CLUSTER.`);
    found[ownFlags[flag]].push(name);
  }
  return found;
}

/** How a run goes on without some of the clusters. */
export interface Detour {
  /** What the engine leaves as it is, as patterns of URNs. */
  readonly exclusions: readonly string[];
  /** Clusters whose objects are dropped without asking them. */
  readonly forgotten: readonly DeployedCluster[];
  /** What a person must know of it. */
  readonly notes: readonly string[];
}

function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

function leftOutNote({ name, source, linked }: DeployedCluster, reason: string): string {
  const links =
    linked.length === 0
      ? ""
      : `, and what ${listOf(linked)} ${linked.length === 1 ? "has" : "have"} for the links with it`;
  const again =
    source === "existing"
      ? `Gone for good? Retire it: docs/leaving.md.`
      : `Broken? An update with --replace '**::${name}-identity' makes it anew.`;
  return (
    `${name} is left out: ${reason}.\n` +
    `  What is on it${links} stays as it is; the next update after it answers again makes up for that. ${again}`
  );
}

function forgottenNote({ name, linked }: DeployedCluster): string {
  const links =
    linked.length === 0
      ? ""
      : `; what ${listOf(linked)} ${linked.length === 1 ? "has" : "have"} for it is deleted`;
  return `${name} is forgotten: what is on it is dropped from the state without asking it${links}.`;
}

/** Flags of the engine's that say themselves what is worked on. */
const narrowing = ["--target", "-t", "--target-dependents", "--exclude", "-x", "--exclude-dependents"];

/** Whether a person asks for a cluster that was made here to be made anew. */
function isMadeAnew({ name, source }: DeployedCluster, flags: readonly string[]): boolean {
  return source !== "existing" && flags.some((flag) => flag.endsWith(`::${name}-identity`));
}

/**
 * What to do about the clusters that don't answer.
 *
 * @throws UsageError where a person must decide, or has decided what can't be done.
 */
export function planDetour(
  action: string,
  clusters: readonly DeployedCluster[],
  absent: ReadonlyMap<string, string>,
  { leaveOut, forget, rest }: AbsenceFlags & { readonly rest: readonly string[] },
  file: StackFile,
): Detour {
  for (const name of [...leaveOut, ...forget]) {
    if (clusters.some((cluster) => cluster.name === name)) continue;
    const names = clusters.map((cluster) => cluster.name);
    throw new UsageError(
      `${name} isn't deployed; ${names.length === 0 ? "nothing is" : `deployed are ${listOf(names)}`}.`,
    );
  }
  const exclusions: string[] = [];
  const forgotten: DeployedCluster[] = [];
  const notes: string[] = [];
  for (const cluster of clusters) {
    const { name, source } = cluster;
    const reason = absent.get(name) ?? (leaveOut.includes(name) ? "--leave-out says so" : undefined);
    const goes = action === "destroy" || !isListed(file, name);
    if (forget.includes(name)) {
      if (!absent.has(name)) {
        throw new UsageError(
          `${name} answers, so it is taken down like any other: leave out --forget ${name}.`,
        );
      }
      if (!goes || action === "refresh") {
        throw new UsageError(
          `${name} is still one of clusters. To forget it, move it from clusters to retired, and run preview or up.`,
        );
      }
    }
    if (reason === undefined || isMadeAnew(cluster, rest)) continue;
    if (goes && action !== "refresh") {
      // Of a cluster that was made here, nothing needs to be asked: it goes as a whole.
      if (source !== "existing") continue;
      if (!forget.includes(name)) {
        throw new UsageError(
          `${name} is to be taken down, but can't be reached: ${reason}.\n` +
            `  Make it reachable, so that everything is taken off it. If it is gone for good, add --forget ${name}: ` +
            "what is on it is dropped from the state without asking it, and what the others have for it is deleted.",
        );
      }
      forgotten.push(cluster);
      notes.push(forgottenNote(cluster));
      continue;
    }
    const alike = inseparable(
      cluster,
      clusters.filter((other) => other !== cluster),
    );
    if (alike.length > 0) {
      throw new UsageError(
        `${name} can't be reached: ${reason}.\n` +
          `  It can't be left out either: names of resources on ${listOf(alike)} begin like those on ${name}.`,
      );
    }
    exclusions.push(...exclusionsOf(cluster));
    notes.push(leftOutNote(cluster, reason));
  }
  const narrow = rest.find((flag) => narrowing.includes(flag.split("=")[0] ?? ""));
  if (exclusions.length > 0 && narrow !== undefined) {
    throw new UsageError(
      `${notes.join("\n")}\n  That can't be done together with ${narrow}: only one of them would be heeded.`,
    );
  }
  return { exclusions: [...new Set(exclusions)], forgotten, notes };
}
