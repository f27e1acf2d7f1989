import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import { accessEnvironment, type ClusterAccess } from "../cluster/cluster.ts";
import { commandLine } from "../cluster/programs.ts";

export interface DestinationRestartArgs {
  /** The target cluster whose credentials they are. */
  readonly target: string;
  /** Namespace of the control plane. */
  readonly namespace: string;
  /** A text that changes with the credentials and with what is said of the target beside them. */
  readonly credentials: pulumi.Input<string>;
  readonly access: ClusterAccess;
}

/**
 * Restarts a source cluster's destination controller when the credentials of a link that it has read are others now, and
 * waits until it runs again. It reads a credentials Secret when it is added, ignores changes, and where it is replaced goes on
 * serving running callers from what it knew before (linkerd2 controller/api/destination/watcher/cluster_store.go).
 */
export class DestinationRestart extends command.local.Command {
  constructor(name: string, args: DestinationRestartArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        // Credentials of a new link are read without a restart.
        create: `${commandLine("link/destination-restart")} remember`,
        update: `${commandLine("link/destination-restart")} restart`,
        environment: {
          MESH_NAMESPACE: args.namespace,
          MESH_CREDENTIALS: args.credentials,
          MESH_TARGET: args.target,
          ...accessEnvironment(args.access),
        },
        logging: "stderr",
      },
      opts,
    );
  }
}
