/** Labels and annotations of exported and mirrored services (linkerd2 pkg/k8s/labels.go). */
export const exportLabel = "mirror.linkerd.io/exported";
export const federatedLabel = "mirror.linkerd.io/federated";
export const mirroredLabel = "mirror.linkerd.io/mirrored-service";
export const mirroredGatewayLabel = "mirror.linkerd.io/mirrored-gateway";
export const mirroredFromLabel = "mirror.linkerd.io/cluster-name";
export const headlessMirrorLabel = "mirror.linkerd.io/headless-mirror-svc-name";
export const discoveredFromLabel = "multicluster.linkerd.io/remote-discovery";
export const localMembers = "multicluster.linkerd.io/local-discovery";
export const remoteMembers = "multicluster.linkerd.io/remote-discovery";
export const remoteName = "mirror.linkerd.io/remote-svc-fq-name";
