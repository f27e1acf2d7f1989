import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import type { K3dCluster } from "./k3d-cluster.ts";
import { commandLine } from "./programs.ts";

export interface PodRoutesArgs {
  /** The cluster whose nodes get the routes. */
  readonly cluster: Pick<K3dCluster, "nodes" | "deletedWith">;
  /** The clusters whose pods become reachable. */
  readonly peers: readonly Pick<K3dCluster, "nodes">[];
}

const program = commandLine("cluster/pod-routes");

/** IP routes on every node of a k3d cluster to the pods of other clusters, which pod-to-pod links need. */
export class PodRoutes extends command.local.Command {
  constructor(name: string, { cluster, peers }: PodRoutesArgs, opts?: pulumi.CustomResourceOptions) {
    const routes = pulumi
      .all(peers.map((peer) => peer.nodes))
      .apply((nodes) =>
        nodes.flat().map(({ podNetwork, address }) => ({ network: podNetwork, via: address })),
      );
    super(
      name,
      {
        create: `${program} create`,
        update: `${program} update`,
        delete: `${program} delete`,
        environment: {
          MESH_NODES: cluster.nodes.apply((nodes) => nodes.map(({ name }) => name).join(",")),
          MESH_ROUTES: pulumi.jsonStringify(routes),
          // A restarted container has lost its routes: that is an update. As triggers they would replace the resource,
          // whose old half would then delete what the new one has just added.
          MESH_STARTED: cluster.nodes.apply((nodes) => nodes.map(({ started }) => started).join(",")),
        },
        logging: "stderr",
      },
      { ...opts, deletedWith: cluster.deletedWith },
    );
  }
}
