import { containsCidr, overlapCidr } from "cidr-tools";

import type { ClusterSettings } from "./settings.ts";

/** `clusterNetworks` of the control plane chart's values: the private networks. */
const privateNetworks = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"];

/** The networks for which Linkerd does discovery: the private ones, and pod networks outside of them. */
export function linkerdNetworks(podNetworks: readonly string[]): string {
  const outside = podNetworks.filter((network) => !containsCidr(privateNetworks, network));
  return [...new Set([...privateNetworks, ...outside])].join(",");
}

/**
 * Pod networks of the other clusters. Those that share addresses with the cluster's own are left out: their pods can't
 * reach it directly.
 */
export function otherPodNetworks(
  cluster: Pick<ClusterSettings, "name" | "podNetworks">,
  clusters: readonly Pick<ClusterSettings, "name" | "podNetworks">[],
): string[] {
  return clusters
    .filter(({ name }) => name !== cluster.name)
    .flatMap(({ podNetworks }) => podNetworks)
    .filter((network) => cluster.podNetworks.length === 0 || !overlapCidr([...cluster.podNetworks], network))
    .sort();
}
