import { clusterFacts, linkFacts, routeFacts, serviceFacts, topologyFacts, type Facts } from "./facts.ts";
import { orderedBy } from "./order.ts";
import { keys, type Change, type Topology } from "./topology.ts";

/** What marks a change where there is no colour. */
export const symbols: Readonly<Record<Change, string>> = { added: "+", removed: "−", changed: "~" };

/** The mark with a space behind it; nothing where nothing differs. */
export function mark(change: Change | undefined): string {
  return change === undefined ? "" : `${symbols[change]} `;
}

function differences(before: Facts, after: Facts): string[] {
  const labels = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return labels
    .filter((label) => before[label] !== after[label])
    .map((label) => `${label}: ${before[label] ?? "none"} → ${after[label] ?? "none"}`);
}

function compareItems<T extends object>(
  before: readonly T[],
  after: readonly T[],
  key: (item: T) => string,
  facts: (item: T) => Facts,
): T[] {
  const old = new Map(before.map((item) => [key(item), item]));
  const kept = new Set(after.map(key));
  const now = after.map((item) => {
    const previous = old.get(key(item));
    if (previous === undefined) return { ...item, change: "added" };
    const found = differences(facts(previous), facts(item));
    return found.length === 0 ? item : { ...item, change: "changed", differences: found };
  });
  const gone = before.filter((item) => !kept.has(key(item))).map((item) => ({ ...item, change: "removed" }));
  return orderedBy([...now, ...gone], key);
}

/** Everything of both, marked with what the second has more, less or otherwise than the first. */
export function compareTopologies(before: Topology, after: Topology): Topology {
  const found = differences(topologyFacts(before), topologyFacts(after));
  return {
    ...after,
    ...(found.length === 0 ? {} : { change: "changed" as const, differences: found }),
    clusters: compareItems(before.clusters, after.clusters, keys.cluster, clusterFacts),
    links: compareItems(before.links, after.links, keys.link, linkFacts),
    services: compareItems(before.services, after.services, keys.service, serviceFacts),
    routes: compareItems(before.routes, after.routes, keys.route, routeFacts),
  };
}

/** How many of each, such as `+2 ~1`; undefined where nothing differs. */
export function summary(topology: Topology): string {
  const groups = [
    ["clusters", topology.clusters],
    ["links", topology.links],
    ["services", topology.services],
    ["routes", topology.routes],
  ] as const;
  const parts = groups.flatMap(([name, items]) => {
    const counts = (["added", "removed", "changed"] as const).flatMap((change) => {
      const count = items.filter((item) => item.change === change).length;
      return count === 0 ? [] : [`${symbols[change]}${count.toString()}`];
    });
    return counts.length === 0 ? [] : [`${name} ${counts.join(" ")}`];
  });
  const all = [...parts, ...(topology.differences ?? [])];
  return all.length === 0 ? "no difference" : all.join("; ");
}

/** Each changed link, service and route with what it was and is. */
export function changeTexts({ links, services, routes }: Topology): string[] {
  const texts = <T extends { readonly differences?: readonly string[] }>(
    items: readonly T[],
    key: (item: T) => string,
  ) =>
    items.flatMap((item) =>
      (item.differences ?? []).map((difference) => `${symbols.changed} ${key(item)} ${difference}`),
    );
  return [...texts(links, keys.link), ...texts(services, keys.service), ...texts(routes, keys.route)];
}
