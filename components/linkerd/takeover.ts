import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import { accessEnvironment, type ClusterAccess } from "../cluster/cluster.ts";
import { commandLine } from "../cluster/programs.ts";

export interface TakeoverArgs {
  /** The release that the custom resource definitions become a part of. */
  readonly release: string;
  readonly namespace: pulumi.Input<string>;
  readonly access: ClusterAccess;
}

/**
 * Makes an installation ready to be taken over: Helm forgets the releases of Linkerd's charts, which nobody may then
 * upgrade or uninstall behind this program's back, and the custom resource definitions are marked as those of the release
 * that is about to be made. An issuer's Secret of Linkerd's own type becomes one of `kubernetes.io/tls`. Nothing that runs
 * is touched.
 */
export class Takeover extends command.local.Command {
  constructor(name: string, args: TakeoverArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        create: `${commandLine("linkerd/takeover")} create`,
        environment: {
          MESH_RELEASE: args.release,
          MESH_NAMESPACE: args.namespace,
          ...accessEnvironment(args.access),
        },
        logging: "stderr",
      },
      opts,
    );
  }
}
