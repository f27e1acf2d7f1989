import semver from "semver";

import type { Problem } from "../problem.ts";
import type { ClusterSettings, ExistingClusterSettings, KubeconfigSource, Settings } from "../settings.ts";

/** `kubeVersion` of Linkerd's charts since edge-26.5 (linkerd2 charts/linkerd-control-plane/Chart.yaml). */
export const minimumKubernetes = "1.31.0";

/** The longest name that k3d accepts for a cluster (k3d pkg/client/cluster.go, DefaultMaxNameLength). */
const longestK3dName = 32;

/** Names whose Link or mirrors would clash with Linkerd's own (`local` mirror, `<service>-federated`). */
const reservedNames = ["federated", "local"];

function nameProblems({ name, source }: ClusterSettings): Problem[] {
  const path = `clusters.${name}`;
  if (reservedNames.includes(name)) {
    return [
      {
        path,
        value: name,
        problem: "is a name that Linkerd's mirrors use themselves",
        remedy: "choose another name for the cluster",
      },
    ];
  }
  if (source === "k3d" && name.length > longestK3dName) {
    return [
      {
        path,
        value: name,
        problem: `is longer than the ${longestK3dName.toString()} characters that k3d allows`,
        remedy: "choose a shorter name",
      },
    ];
  }
  const probe = `probe-${name}`;
  if (probe.length <= 63) return [];
  return [
    {
      path,
      value: name,
      problem: "makes a probe Service with a name longer than 63 characters",
      remedy: `shorten the name by ${(probe.length - 63).toString()} characters or more`,
    },
  ];
}

function declaredKubernetes(cluster: ClusterSettings): { path: string; version: string } | undefined {
  if (cluster.source === "existing" && cluster.kubernetesVersion !== undefined) {
    return { path: `clusters.${cluster.name}.kubernetesVersion`, version: cluster.kubernetesVersion };
  }
  if (cluster.source === "k3d") {
    const version = /:v(\d+\.\d+\.\d+)/.exec(cluster.image)?.[1];
    if (version !== undefined) return { path: `clusters.${cluster.name}.image`, version };
  }
  return undefined;
}

function kubernetesProblems(cluster: ClusterSettings): Problem[] {
  const declared = declaredKubernetes(cluster);
  const version = semver.coerce(declared?.version);
  if (declared === undefined || version === null || semver.gte(version, minimumKubernetes)) return [];
  return [
    {
      path: declared.path,
      value: declared.version,
      problem: `is older than Kubernetes ${minimumKubernetes}, which Linkerd's charts require`,
      remedy: "upgrade the cluster first, or choose a newer image",
    },
  ];
}

/** Whether an address means the machine that it is used on. */
export function isLoopback(address: string): boolean {
  const host = new URL(address).hostname;
  return host === "localhost" || host === "[::1]" || host.startsWith("127.") || host === "0.0.0.0";
}

function apiServerProblems(cluster: ClusterSettings, settings: Settings): Problem[] {
  const isTarget = settings.links.some(({ target }) => target === cluster.name);
  if (!isTarget || cluster.source === "simulated" || cluster.apiServer === undefined) return [];
  if (!isLoopback(cluster.apiServer)) return [];
  return [
    {
      path: `clusters.${cluster.name}.apiServer`,
      value: cluster.apiServer,
      problem: "is this machine's own address; the other clusters can't reach it",
      remedy: "give the address of the API server as pods of the other clusters reach it",
    },
  ];
}

function gatewayProblems({ name, gateway }: ClusterSettings): Problem[] {
  const path = `clusters.${name}.gateway`;
  if (!gateway.enabled || gateway.serviceType === "LoadBalancer" || gateway.addresses.length > 0) return [];
  return [
    {
      path: `${path}.addresses`,
      problem: `is missing, but a gateway of type ${gateway.serviceType} has no load balancer to ask for its address`,
      remedy: "declare the addresses, and for a node port also port and probePort",
    },
  ];
}

function sameCluster(one: KubeconfigSource, other: KubeconfigSource): boolean {
  if (one.from === "context" && one.context === "") return false;
  return JSON.stringify(one) === JSON.stringify(other);
}

function duplicateProblems(settings: Settings): Problem[] {
  const existing = settings.clusters.filter(
    (cluster): cluster is ExistingClusterSettings => cluster.source === "existing",
  );
  return existing.flatMap((cluster, index) => {
    const first = existing.slice(0, index).find((other) => sameCluster(other.kubeconfig, cluster.kubeconfig));
    if (first === undefined) return [];
    return [
      {
        path: `clusters.${cluster.name}`,
        problem: `is the same cluster as clusters.${first.name}`,
        remedy: "give each cluster a kubeconfig or context of its own",
      },
    ];
  });
}

function duplicateAddresses({ clusters }: Settings): Problem[] {
  return clusters.flatMap((cluster, index) => {
    const first = clusters
      .slice(0, index)
      .find(({ apiServer }) => apiServer !== undefined && apiServer === cluster.apiServer);
    if (first === undefined) return [];
    return [
      {
        path: `clusters.${cluster.name}.apiServer`,
        value: cluster.apiServer,
        problem: `is the address of clusters.${first.name} too`,
        remedy: "give each cluster the address of its own API server",
      },
    ];
  });
}

/** How many nodes a control plane of three replicas needs: its pods refuse to share one. */
const highAvailabilityNodes = 3;

function highAvailabilityProblems(cluster: ClusterSettings, settings: Settings): Problem[] {
  if (!settings.linkerd.highAvailability || cluster.source === "existing") return [];
  const nodes = cluster.source === "k3d" ? cluster.servers + cluster.agents : cluster.nodes;
  if (nodes >= highAvailabilityNodes) return [];
  return [
    {
      path: `clusters.${cluster.name}.${cluster.source === "k3d" ? "agents" : "nodes"}`,
      value: cluster.source === "k3d" ? cluster.agents : cluster.nodes,
      problem: "leaves fewer than three nodes, but high availability puts each replica on a node of its own",
      remedy: "add nodes, or switch linkerd.highAvailability off",
    },
  ];
}

export function clusterProblems(settings: Settings): Problem[] {
  const none: Problem[] =
    settings.clusters.length > 0
      ? []
      : [{ path: "clusters", problem: "is empty", remedy: "name at least one cluster" }];
  return [
    ...none,
    ...settings.clusters.flatMap((cluster) => [
      ...nameProblems(cluster),
      ...kubernetesProblems(cluster),
      ...apiServerProblems(cluster, settings),
      ...gatewayProblems(cluster),
      ...highAvailabilityProblems(cluster, settings),
    ]),
    ...duplicateProblems(settings),
    ...duplicateAddresses(settings),
  ];
}
