import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { commandLine } from "./programs.ts";

const program = commandLine("cluster/docker-network");

/** The Docker network that k3d clusters share; one that was there before is used and left alone. */
export class DockerNetwork extends command.local.Command {
  constructor(
    name: string,
    args: { readonly environment: string; readonly network: string },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(
      name,
      {
        create: `${program} create`,
        delete: `${program} delete`,
        environment: { MESH_NETWORK: args.network, MESH_ENVIRONMENT: args.environment },
        triggers: [args.network],
        logging: "stderr",
      },
      opts,
    );
  }
}
