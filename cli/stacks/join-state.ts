import { isDeepStrictEqual } from "node:util";

import { partsOf, stackOf } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import { UsageError } from "../terminal/usage.ts";
import { interrupted } from "./interrupted.ts";
import { isRecord, mergeOutputs, type Outputs } from "./merge-outputs.ts";
import { detached, renamed, stackType, urnOfProvider } from "./split-state.ts";
import { nameOf, type State, type StateResource } from "./state.ts";

const chartType = "kubernetes:helm.sh/v4:Chart::";

function outputsOf({ deployment: { resources = [] } }: State): Outputs {
  return resources.find(({ type }) => type === stackType)?.outputs ?? {};
}

/** In the middle of a rotation, what one cluster trusts isn't what all of them do. */
function differInTrust(states: readonly State[]): boolean {
  const trusted = states
    .map((state) => outputsOf(state)["trust"])
    .flatMap((trust) => (isRecord(trust) && Array.isArray(trust["trusted"]) ? [trust["trusted"]] : []));
  return trusted.some((ids) => !isDeepStrictEqual(ids, trusted[0]));
}

/** References between the parts, which nothing needs in one stack. */
function isReference({ type, urn }: StateResource, stacks: readonly string[]): boolean {
  return type === "pulumi:pulumi:StackReference" && stacks.includes(nameOf({ urn }));
}

/**
 * The state of an environment's one stack, made of those of its parts, which must have been read with their secrets.
 * Every resource has the same type, name and id as before.
 *
 * @throws UsageError where a part isn't at rest.
 */
export function joinStates(states: ReadonlyMap<string, State>, base: string, settings: Settings): State {
  const unfinished = [...states].filter(([, state]) => interrupted(state).length > 0).map(([stack]) => stack);
  const again = `Bring them to an end, npm run fleet -- up ${base}, and join them then.`;
  if (unfinished.length > 0) {
    throw new UsageError(
      `The last update of ${unfinished.join(", ")} was interrupted, so nothing was moved. ${again}`,
    );
  }
  if (differInTrust([...states.values()])) {
    throw new UsageError(`The parts of ${base} don't trust the same anchors, so nothing was moved. ${again}`);
  }
  const stacks = partsOf(settings).map((part) => stackOf(base, part));
  const kept = new Map<string, StateResource>();
  for (const stack of stacks) {
    for (const resource of states.get(stack)?.deployment.resources ?? []) {
      const moved = renamed(resource, stack, base);
      if (!kept.has(moved.urn) && !isReference(moved, stacks)) kept.set(moved.urn, moved);
    }
  }
  const urns = new Set(kept.keys());
  const outputs = mergeOutputs([...states.values()].map(outputsOf));
  const resources = [...kept.values()].map((resource) => {
    // Each part had providers of its own for the clusters that it works on.
    const provider = urnOfProvider(resource);
    const id = provider === undefined ? undefined : kept.get(provider)?.id;
    const own = resource.type === stackType ? { ...resource, outputs } : detached(resource, urns);
    return provider === undefined || id === undefined ? own : { ...own, provider: `${provider}::${id}` };
  });
  const [first] = states.values();
  return { ...first, deployment: { ...first?.deployment, resources } };
}

/**
 * Whether the state says what of an environment depends on what: the links do on the clusters' charts. After a join it
 * doesn't before the first update, as the parts knew nothing of each other.
 */
export function knowsItsOrder({ deployment: { resources = [] } }: State): boolean {
  const credentials = resources.filter(({ urn }) => nameOf({ urn }).endsWith("-mirror-credentials"));
  return credentials.every(({ dependencies = [] }) => dependencies.some((urn) => urn.includes(chartType)));
}
