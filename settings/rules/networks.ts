import { overlapCidr } from "cidr-tools";

import type { Problem } from "../problem.ts";
import type { ClusterSettings, Settings } from "../settings.ts";
import { needsFlatNetwork } from "../settings.ts";

function overlaps(one: readonly string[], other: readonly string[]): boolean {
  return one.length > 0 && other.length > 0 && overlapCidr([...one], [...other]);
}

function withinCluster({ name, podNetworks, serviceNetworks }: ClusterSettings): Problem[] {
  if (!overlaps(podNetworks, serviceNetworks)) return [];
  return [
    {
      path: `clusters.${name}.podNetworks`,
      value: podNetworks,
      problem: `overlaps the cluster's own service networks ${serviceNetworks.join(", ")}`,
      remedy: "give pods and services networks of their own",
    },
  ];
}

/** Pairs of clusters whose pods talk to each other directly, each pair once. */
function flatPairs({ clusters, links }: Settings): [ClusterSettings, ClusterSettings][] {
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  const pairs = links.filter(needsFlatNetwork).map(({ source, target }) => [source, target].sort().join(" "));
  return [...new Set(pairs)].sort().flatMap((pair): [ClusterSettings, ClusterSettings][] => {
    const [one, other] = pair.split(" ").map((name) => byName.get(name));
    return one === undefined || other === undefined ? [] : [[one, other]];
  });
}

function betweenClusters([one, other]: [ClusterSettings, ClusterSettings]): Problem[] {
  const remedy = "give each cluster networks of its own, or let the link carry only gateway";
  const joined = `${one.name} and ${other.name} are joined pod-to-pod`;
  const pods: Problem[] = overlaps(one.podNetworks, other.podNetworks)
    ? [
        {
          path: `clusters.${other.name}.podNetworks`,
          value: other.podNetworks,
          problem: `overlaps the pods of ${one.name} (${one.podNetworks.join(", ")}), but ${joined}`,
          remedy,
        },
      ]
    : [];
  const services = [
    { from: one, to: other },
    { from: other, to: one },
  ]
    .filter(({ from, to }) => overlaps(from.podNetworks, to.serviceNetworks))
    .map(({ from, to }) => ({
      path: `clusters.${to.name}.serviceNetworks`,
      value: to.serviceNetworks,
      problem: `overlaps the pods of ${from.name} (${from.podNetworks.join(", ")}), but ${joined}`,
      remedy,
    }));
  return [...pods, ...services];
}

function undeclared(settings: Settings): Problem[] {
  return flatPairs(settings)
    .flat()
    .filter((cluster, index, all) => cluster.podNetworks.length === 0 && all.indexOf(cluster) === index)
    .map(({ name }) => ({
      path: `clusters.${name}.podNetworks`,
      problem: "is missing, but a link of this cluster goes from pod to pod",
      remedy: "declare the networks of its pods, so that overlaps can be refused",
    }));
}

/** Networks that must not overlap: pods and services of one cluster, and of clusters joined pod-to-pod. */
export function networkProblems(settings: Settings): Problem[] {
  return [
    ...settings.clusters.flatMap(withinCluster),
    ...undeclared(settings),
    ...flatPairs(settings).flatMap(betweenClusters),
  ];
}
