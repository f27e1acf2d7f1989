import pMap from "p-map";

import { mergeDeployed, parseDeployed, type Deployed } from "../../settings/deployed.ts";
import {
  clusterKinds,
  clusterPartCalled,
  leftParts,
  partsAmong,
  partsOf,
  stackOf,
  type ClusterPart,
} from "../../settings/part.ts";
import { SettingsError } from "../../settings/problem.ts";
import { retirementProblems } from "../../settings/rules/retirement.ts";
import type { Settings } from "../../settings/settings.ts";
import { readersAtOnce } from "../engine/engine.ts";
import { readState, type ListedStack, type RunEngine } from "../stacks/move-state.ts";
import { nameOf, stackOutputs, type State } from "../stacks/state.ts";
import { UsageError } from "../terminal/usage.ts";
import { inputsTag } from "./last-update.ts";

type Order = ReadonlyMap<string, readonly string[]>;

/** Parts that are there and that the settings no longer ask for, with what must be known to take them down. */
export interface Leaving {
  /** By stack, in the order in which they go. */
  readonly parts: ReadonlyMap<string, ClusterPart>;
  /** Those of them that have nothing left but their stack. */
  readonly emptied: ReadonlySet<string>;
  /** Of each stack that matters to them, those whose outputs its last update read. */
  readonly reads: ReadonlyMap<string, readonly string[]>;
  /** What the stacks that matter to them say. */
  readonly deployed: Pick<Deployed, "clusters" | "links">;
  /** Stacks that are only called like parts, each with why it isn't one. */
  readonly strangers: readonly string[];
}

/** What there is beside the settings. */
export interface Surroundings {
  readonly stacks: ReadonlyMap<string, Pick<ListedStack, "resources">>;
  /** All environments that have a stack file. */
  readonly environments: readonly string[];
}

/** Whether a stack that is called like a part of `base` isn't one of a longer name's, or itself an environment. */
function isCalledAfter(base: string, stack: string, environments: readonly string[]): boolean {
  return environments.every(
    (other) => other.length <= base.length || (other !== stack && partsAmong(other, [stack]).length === 0),
  );
}

/** Names of resources on a cluster, or of what is between it and another. */
function isAbout(cluster: string, name: string): boolean {
  return (
    name === cluster ||
    [`${cluster}-`, `${cluster}/`].some((start) => name.startsWith(start)) ||
    `${name}-`.includes(`-to-${cluster}-`)
  );
}

/** Why what a stack has isn't the part that it is called like; undefined where it is. */
export function whyStranger(state: State, { cluster }: ClusterPart, environment: string): string | undefined {
  const { resources = [] } = state.deployment;
  // Nothing is left that could be somebody else's.
  if (resources.length === 0) return undefined;
  const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.urn;
  const { mesh } = (stackOutputs(state) ?? {}) as { mesh?: { environment?: unknown } };
  const known = mesh?.environment;
  if (typeof known === "string" && known !== environment) return `it is of the environment ${known}`;
  const roots = resources.filter(
    ({ type, parent }) => !type.startsWith("pulumi:") && (parent === undefined || parent === stack),
  );
  const other = roots.find((root) => !isAbout(cluster, nameOf(root)));
  if (other !== undefined) return `it has ${nameOf(other)}, which is nothing of ${cluster}'s`;
  const isOurs = known === environment || roots.some(({ type }) => type.startsWith("mesh:"));
  return isOurs ? undefined : "this program didn't make it";
}

/** The stacks whose outputs a stack's last update read. */
function readsOf({ deployment: { resources = [] } }: State): string[] {
  return resources.filter(({ type }) => type === "pulumi:pulumi:StackReference").map(nameOf);
}

async function readStates(run: RunEngine, stacks: readonly string[]): Promise<Map<string, State>> {
  const read = async (stack: string) => [stack, await readState(run, stack)] as const;
  return new Map(await pMap(stacks, read, { concurrency: readersAtOnce }));
}

/** Whether a stack has something in it, or has had it from an update of ours. */
async function isOrWasUsed(run: RunEngine, stack: string, { stacks }: Surroundings): Promise<boolean> {
  if ((stacks.get(stack)?.resources ?? 0) > 0) return true;
  return (await run(["stack", "tag", "get", inputsTag, "--stack", stack]).catch(() => "")) !== "";
}

/** The stacks that are called like parts which the settings don't ask for. */
async function calledLikeParts(
  run: RunEngine,
  base: string,
  settings: Settings,
  surroundings: Surroundings,
): Promise<Map<string, ClusterPart>> {
  const { stacks, environments } = surroundings;
  const called = new Map<string, ClusterPart>();
  for (const stack of leftParts(base, [...stacks.keys()], settings)) {
    const part = clusterPartCalled(base, stack);
    if (part === undefined || !isCalledAfter(base, stack, environments)) continue;
    if (await isOrWasUsed(run, stack, surroundings)) called.set(stack, part);
  }
  return called;
}

const lastKind = clusterKinds.length - 1;

function rankOf({ kind }: ClusterPart): number {
  return clusterKinds.indexOf(kind);
}

/** Where nothing leaves. */
export const nothingLeaves: Leaving = {
  parts: new Map(),
  emptied: new Set(),
  reads: new Map(),
  deployed: { clusters: {}, links: [] },
  strangers: [],
};

/** Finds the parts of an environment that its file no longer asks for. */
export async function findLeaving(
  run: RunEngine,
  base: string,
  settings: Settings,
  surroundings: Surroundings,
): Promise<Leaving> {
  const resourcesOf = (stack: string) => surroundings.stacks.get(stack)?.resources ?? 0;
  const called = await calledLikeParts(run, base, settings, surroundings);
  const states = await readStates(run, [...called.keys()]);
  const parts: [string, ClusterPart][] = [];
  const strangers: string[] = [];
  for (const [stack, part] of called) {
    const why = whyStranger(states.get(stack) ?? { deployment: {} }, part, settings.environment);
    if (why === undefined) parts.push([stack, part]);
    else {
      states.delete(stack);
      strangers.push(`${stack} is called like a part of ${base}, but ${why}: it is left alone.`);
    }
  }
  // Of parts of the last kind, no other wants to know anything.
  if (parts.some(([, part]) => rankOf(part) < lastKind)) {
    const asked = partsOf(settings)
      .map((part) => stackOf(base, part))
      .filter((stack) => resourcesOf(stack) > 0);
    for (const [stack, state] of await readStates(run, asked)) states.set(stack, state);
  }
  const all = [...states.values()];
  return {
    parts: new Map(parts.sort(([, one], [, other]) => rankOf(other) - rankOf(one))),
    emptied: new Set(parts.map(([stack]) => stack).filter((stack) => resourcesOf(stack) === 0)),
    reads: new Map([...states].map(([stack, state]) => [stack, readsOf(state)])),
    deployed: mergeDeployed(all.map((state) => parseDeployed(stackOutputs(state) ?? {}))),
    strangers,
  };
}

/**
 * The order of a run with the parts that leave. Each goes once nothing reads it any more, and what is on a cluster in the
 * other order than it was made: an update of the others first deletes what they have for it.
 */
export function withLeaving(action: string, base: string, order: Order, { parts, reads }: Leaving): Order {
  const trust = stackOf(base, { kind: "trust" });
  /** Whether `stack`, which leaves, is to go before `other`. */
  const goesBefore = (stack: string, other: string) => {
    const [one, two] = [parts.get(stack), clusterPartCalled(base, other)];
    if (one === undefined || stack === other) return false;
    const isOnSame = two?.cluster === one.cluster && rankOf(one) > rankOf(two);
    return isOnSame || other === trust || (reads.get(stack)?.includes(other) ?? false);
  };
  const leaving = [...parts.keys()];
  const before = (stack: string) => [
    ...leaving.filter((other) => goesBefore(other, stack)),
    ...[...order.keys()].filter((other) => reads.get(other)?.includes(stack)),
  ];
  if (action === "refresh") return new Map([...order, ...leaving.map((stack) => [stack, []] as const)]);
  if (action !== "destroy")
    return new Map([...order, ...leaving.map((stack) => [stack, before(stack)] as const)]);
  return new Map([
    ...leaving.map((stack) => [stack, before(stack)] as const),
    ...[...order].map(
      ([stack, needed]) =>
        [stack, [...needed, ...leaving.filter((other) => goesBefore(other, stack))]] as const,
    ),
  ]);
}

/**
 * Refuses to take down what one stack wouldn't: a cluster that went missing from the file, or that others still call.
 *
 * @throws UsageError that names each of them.
 */
export function guardLeaving(
  { parts, emptied, deployed }: Pick<Leaving, "parts" | "emptied" | "deployed">,
  settings: Settings,
  forgotten: readonly string[],
): void {
  const isThere = (cluster: string) => settings.clusters.some(({ name }) => name === cluster);
  const used = [...parts].filter(([stack]) => !emptied.has(stack));
  const gone = [...new Set(used.map(([, { cluster }]) => cluster))].filter((name) => !isThere(name));
  const clusters = Object.fromEntries(gone.map((name) => [name, deployed.clusters[name] ?? {}]));
  const problems = retirementProblems({ clusters, links: deployed.links }, settings, forgotten);
  if (problems.length > 0) throw new UsageError(new SettingsError(problems).message);
}
