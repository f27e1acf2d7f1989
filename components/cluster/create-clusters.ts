import * as pulumi from "@pulumi/pulumi";

import { SettingsError } from "../../settings/problem.ts";
import { needsFlatNetwork, type ClusterSettings, type Settings } from "../../settings/settings.ts";
import { adoptionProblems } from "./adoption.ts";
import type { Cluster } from "./cluster.ts";
import { DockerNetwork } from "./docker-network.ts";
import { ExistingCluster } from "./existing-cluster.ts";
import { K3dCluster } from "./k3d-cluster.ts";
import { PodRoutes } from "./pod-routes.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";

/** The cluster that `settings` describe, from wherever it comes. */
function createCluster(
  environment: string,
  settings: ClusterSettings,
  networks: ReadonlyMap<string, DockerNetwork>,
  kubeconfig: pulumi.Input<string> | undefined,
  opts: pulumi.ComponentResourceOptions,
): Cluster {
  const { name } = settings;
  switch (settings.source) {
    case "k3d": {
      const network = networks.get(settings.dockerNetwork);
      if (network === undefined) throw new Error(`no Docker network ${settings.dockerNetwork}`);
      return new K3dCluster(name, { environment, settings, network }, opts);
    }
    case "simulated":
      return new SimulatedCluster(name, { environment, settings }, opts);
    case "existing":
      return new ExistingCluster(name, { environment, settings, kubeconfig }, opts);
  }
}

/**
 * Clusters of the environment, by name. `kubeconfigs` are those that are only known at run time.
 *
 * @throws pulumi.RunError where a kubeconfig on this machine can't serve what the settings ask of it.
 */
export function createClusters(
  settings: Settings,
  names: readonly string[],
  opts: pulumi.ComponentResourceOptions & pulumi.CustomResourceOptions,
  kubeconfigs: Readonly<Record<string, pulumi.Input<string>>> = {},
): Map<string, Cluster> {
  const { environment, links } = settings;
  const clusters = settings.clusters.filter(({ name }) => names.includes(name));
  const problems = adoptionProblems({ clusters, links });
  if (problems.length > 0) throw new pulumi.RunError(new SettingsError(problems).message);
  const networkNames = clusters.flatMap((cluster) =>
    cluster.source === "k3d" ? [cluster.dockerNetwork] : [],
  );
  const networks = new Map(
    [...new Set(networkNames)].map((network) => [
      network,
      new DockerNetwork(network, { environment, network }, opts),
    ]),
  );
  return new Map(
    clusters.map((cluster) => [
      cluster.name,
      createCluster(environment, cluster, networks, kubeconfigs[cluster.name], opts),
    ]),
  );
}

function areJoined(one: Cluster, other: Cluster, { links }: Settings): boolean {
  return links.some(
    (link) =>
      needsFlatNetwork(link) &&
      [one.settings.name, other.settings.name].includes(link.source) &&
      [one.settings.name, other.settings.name].includes(link.target),
  );
}

/** Routes between the pods of k3d clusters that are joined pod-to-pod, by cluster. */
export function createPodRoutes(
  clusters: ReadonlyMap<string, Cluster>,
  settings: Settings,
  opts: pulumi.CustomResourceOptions,
): Map<string, PodRoutes> {
  const k3dClusters = [...clusters.values()].filter((cluster) => cluster instanceof K3dCluster);
  return new Map(
    k3dClusters.flatMap((cluster) => {
      const peers = k3dClusters.filter((peer) => peer !== cluster && areJoined(cluster, peer, settings));
      const { name } = cluster.settings;
      return peers.length === 0 ? [] : [[name, new PodRoutes(`${name}-routes`, { cluster, peers }, opts)]];
    }),
  );
}
