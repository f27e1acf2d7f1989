import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import { accessEnvironment, type ClusterAccess } from "../cluster/cluster.ts";
import { commandLine } from "../cluster/programs.ts";

export interface MirrorCleanupArgs {
  /** The target cluster whose mirrors are removed. */
  readonly target: string;
  /** Namespace of the multicluster extension on the source. */
  readonly namespace: pulumi.Input<string>;
  readonly access: ClusterAccess;
}

/**
 * Stops a link's mirror controller and removes what it made, once the Link is gone: Linkerd leaves the mirrors to the
 * CLI's `unlink` (linkerd2 multicluster/cmd/service-mirror/main.go, cleanupWorkers). Does nothing until it is deleted.
 */
export class MirrorCleanup extends command.local.Command {
  constructor(name: string, args: MirrorCleanupArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        delete: `${commandLine("link/mirror-cleanup")} delete`,
        environment: {
          MESH_TARGET: args.target,
          MESH_NAMESPACE: args.namespace,
          ...accessEnvironment(args.access),
        },
        logging: "stderr",
      },
      opts,
    );
  }
}
