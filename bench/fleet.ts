import { linkerdSettings } from "../e2e/settings.ts";

/** Networks of the n-th cluster of a fleet (from 0): they never overlap. */
export function fleetNetworks(index: number) {
  return {
    podNetworks: `10.${(20 + index).toString()}.0.0/16`,
    serviceNetworks: `10.${(120 + index).toString()}.0.0/16`,
  };
}

export function clusterName(index: number): string {
  return `cluster${(index + 1).toString()}`;
}

export const topologies = ["mesh", "hub-and-spoke"] as const;

export type Topology = (typeof topologies)[number];

/** What a step changes in the settings of a fleet. */
export interface Fleet {
  readonly clusters: number;
  readonly topology: Topology;
  /** Whether each part is a stack of its own. */
  readonly split: boolean;
  /** Links that are taken out again, from its end. */
  readonly withoutLinks?: number;
  /** Clusters whose control planes log everything, from the first one on. */
  readonly debugged?: number;
  readonly trust?: object;
}

/** Source and target of each link. */
export function linksOf({ clusters, topology, withoutLinks = 0 }: Fleet): [string, string][] {
  const names = Array.from({ length: clusters }, (_, index) => clusterName(index));
  const all = names.flatMap((source) =>
    names.filter((target) => target !== source).map((target): [string, string] => [source, target]),
  );
  const [hub] = names;
  const links = all.filter((ends) => topology === "mesh" || ends.some((end) => end === hub));
  return links.slice(0, links.length - withoutLinks);
}

/** The settings of a fleet of simulated clusters that carries everything. */
export function fleetSettings(environment: string, fleet: Fleet) {
  const { clusters: count, split, debugged = 0, trust } = fleet;
  const clusters = Array.from({ length: count }, (_, index) => {
    const values = index < debugged ? { controlPlane: { controllerLogLevel: "debug" } } : {};
    // The policies refuse load balancers that are open to everyone.
    const gateway = { annotations: { "networking.gke.io/load-balancer-type": "Internal" } };
    return [clusterName(index), { source: "simulated", ...fleetNetworks(index), gateway, values }];
  });
  return {
    environment,
    ...(split ? { split } : {}),
    ...(trust === undefined ? {} : { trust }),
    linkerd: linkerdSettings,
    clusters: Object.fromEntries(clusters) as Record<string, object>,
    links: {
      oneWay: linksOf(fleet).map(([source, target]) => ({ source, target })),
      carries: ["gateway", "pod-to-pod", "federated"],
    },
  };
}
