import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import { accessEnvironment, type ClusterAccess } from "../cluster/cluster.ts";
import { commandLine } from "../cluster/programs.ts";

/**
 * Removes the Gateway API's definitions that the release made, once it is gone and nobody uses them: the chart asks
 * Helm to keep them, since deleting one deletes everyone's routes. Does nothing until it is deleted.
 */
export class GatewayApiCleanup extends command.local.Command {
  constructor(
    name: string,
    args: { readonly release: string; readonly access: ClusterAccess },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(
      name,
      {
        delete: `${commandLine("linkerd/gateway-api-cleanup")} delete`,
        environment: { MESH_RELEASE: args.release, ...accessEnvironment(args.access) },
        logging: "stderr",
      },
      opts,
    );
  }
}
