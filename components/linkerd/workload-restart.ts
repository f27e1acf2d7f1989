import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import { accessEnvironment, type ClusterAccess } from "../cluster/cluster.ts";
import { commandLine } from "../cluster/programs.ts";

export interface WorkloadRestartArgs {
  readonly namespaces: readonly string[];
  /** The workloads are restarted when this changes, and never else. */
  readonly trustFingerprint: pulumi.Input<string>;
  readonly access: ClusterAccess;
}

/** Restarts the meshed workloads of some namespaces when the anchors change, and waits until they run again. */
export class WorkloadRestart extends command.local.Command {
  constructor(name: string, args: WorkloadRestartArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        // What is new has the new anchors: there is nothing to restart.
        create: `${commandLine("linkerd/workload-restart")} remember`,
        update: `${commandLine("linkerd/workload-restart")} restart`,
        environment: {
          MESH_NAMESPACES: args.namespaces.join(" "),
          MESH_TRUST: args.trustFingerprint,
          ...accessEnvironment(args.access),
        },
        logging: "stderr",
      },
      opts,
    );
  }
}
