import { containsCidr } from "cidr-tools";

/** `clusterNetworks` of the control plane chart's values: the private networks. */
const privateNetworks = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"];

/** The networks for which Linkerd does discovery: the private ones, and pod networks outside of them. */
export function linkerdNetworks(podNetworks: readonly string[]): string {
  const outside = podNetworks.filter((network) => !containsCidr(privateNetworks, network));
  return [...new Set([...privateNetworks, ...outside])].join(",");
}
