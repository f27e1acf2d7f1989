/** What other Pulumi programs can build with: a whole environment, or its components one by one. */
export { ExistingCluster } from "../components/cluster/existing-cluster.ts";
export { K3dCluster } from "../components/cluster/k3d-cluster.ts";
export { SimulatedCluster } from "../components/cluster/simulated-cluster.ts";
export type { Cluster, ClusterAccess } from "../components/cluster/cluster.ts";
export { GatewayAuthorization } from "../components/link/gateway-authorization.ts";
export { Link } from "../components/link/link.ts";
export { RemoteAccess } from "../components/link/remote-access.ts";
export { Linkerd } from "../components/linkerd/linkerd.ts";
export { Multicluster } from "../components/linkerd/multicluster.ts";
export { Mesh, type MeshArgs } from "../components/mesh/mesh.ts";
export { ExportedService } from "../components/service/exported-service.ts";
export { ServiceAuthorization } from "../components/service/service-authorization.ts";
export { TrafficRoute } from "../components/service/traffic-route.ts";
export { TrustAnchor } from "../components/trust/trust-anchor.ts";
export { parseSettings } from "../settings/parse.ts";
export { SettingsError } from "../settings/problem.ts";
export type { GivenSettings } from "../settings/schema.ts";
export type * from "../settings/settings.ts";
