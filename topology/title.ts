import { mark } from "./comparison.ts";
import { certificateText } from "./facts.ts";
import { keys, type Topology } from "./topology.ts";

function counted(items: readonly { readonly change?: string }[], noun: string): string {
  const count = items.filter(({ change }) => change !== "removed").length;
  return `${count.toString()} ${noun}${count === 1 ? "" : "s"}`;
}

export function titleOf({ environment }: Topology): string {
  return `Linkerd across the clusters of ${environment}`;
}

export function subtitleOf({ clusters, links, services, routes, linkerd }: Topology): string {
  return [
    counted(clusters, "cluster"),
    `${counted(links, "link")}, each one direction`,
    counted(services, "exported service"),
    counted(routes, "route"),
    linkerd,
  ].join(" · ");
}

export function trustText({ anchors, environment }: Topology): string {
  const found = anchors.map(certificateText).join("; ");
  return `Trust: all clusters of ${environment} trust ${anchors.length > 1 ? "these anchors" : "one anchor"}, ${found}`;
}

/** What a screen reader says of the picture. */
export function describe(topology: Topology): string {
  const clusters = topology.clusters.map(({ name, change }) => `${mark(change)}${name}`).join(", ");
  const services = topology.services.map(keys.service).join(", ");
  return `${subtitleOf(topology)}. Clusters: ${clusters}.${services === "" ? "" : ` Exported services: ${services}.`}`;
}
