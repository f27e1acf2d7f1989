import type { ResourceValidationPolicy } from "@pulumi/policy";

import { typesOf } from "./resource.ts";

/** A chart is a component: its children are what is made, each with the provider that it was handed. */
const chart = "kubernetes:helm.sh/v4:Chart";

/** How the names of what lives on a cluster begin, by the component that it is a part of. */
const nameOnCluster: Readonly<Record<string, (cluster: string, name: string) => boolean>> = {
  "mesh:linkerd:Linkerd": (cluster, name) => name.startsWith(`${cluster}-linkerd-`),
  // The source of a link holds it; the target gives access and opens its gateway.
  "mesh:link:Link": (cluster, name) => name.startsWith(`${cluster}-to-`),
  "mesh:link:RemoteAccess": (cluster, name) => name.includes(`-to-${cluster}-access-`),
  "mesh:link:GatewayAuthorization": (cluster, name) => name.includes(`-to-${cluster}-gateway-`),
};

function startsWithCluster(cluster: string, name: string): boolean {
  return ["-", "/"].some((separator) => name.startsWith(`${cluster}${separator}`));
}

/** Whether a resource's name says that it is on the cluster whose provider makes it. */
export function isOnOwnCluster(urn: string, name: string, cluster: string): boolean {
  // In a program of one's own, all of it is part of something else.
  const component = typesOf({ urn }).find((type) => type in nameOnCluster) ?? "";
  return (nameOnCluster[component] ?? startsWithCluster)(cluster, name);
}

export const ownCluster: ResourceValidationPolicy = {
  name: "own-cluster",
  description: "Everything on a cluster is made by that cluster's own provider.",
  validateResource: ({ type, urn, name, provider }, report) => {
    if (!type.startsWith("kubernetes:") || (type === chart && provider === undefined)) return;
    if (provider === undefined || provider.name.startsWith("default_")) {
      report("It has no provider of its own: hand it the provider of the cluster that it is for.");
      return;
    }
    if (isOnOwnCluster(urn, name, provider.name)) return;
    report(
      `The provider of cluster ${provider.name} makes it, but by its name it is on another one: hand it the provider ` +
        `of its own cluster, or let its name begin with ${provider.name}-.`,
    );
  },
};
