import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import { exclusionVariable } from "../../settings/left-out.ts";

/**
 * Makes sure that the engine leaves out what the program leaves out, and that it isn't deleted: told to leave out a
 * cluster, the engine never makes this. It fails the update otherwise, before anything is deleted.
 */
export class LeftOut extends command.local.Command {
  constructor(name: string, { cluster }: { readonly cluster: string }, opts: pulumi.CustomResourceOptions) {
    const message =
      `${cluster} is to be left out by ${exclusionVariable}, but the engine doesn't heed it and would delete what is ` +
      "left out. Don't use --exclude or --target beside it.";
    super(name, { create: 'echo "$MESH_MESSAGE" >&2; exit 1', environment: { MESH_MESSAGE: message } }, opts);
  }
}
