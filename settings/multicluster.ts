import type { ClusterSettings } from "./settings.ts";
import { identityOf } from "./topology.ts";

/** Namespace of the multicluster extension. */
export const multiclusterNamespace = "linkerd-multicluster";

/** As whom a cluster's gateway calls the pods behind it. */
export function gatewayIdentity(
  cluster: Pick<ClusterSettings, "controlPlaneNamespace" | "trustDomain">,
): string {
  return identityOf(cluster, multiclusterNamespace, "linkerd-gateway");
}
