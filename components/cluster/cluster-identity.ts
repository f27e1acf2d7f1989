import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

/**
 * What makes a created cluster this one: its id is another when the cluster becomes another one.
 *
 * The cluster and its provider take the id as an input, so that the engine removes the cluster and everything on it in one
 * step, before it makes them anew. Replacing the cluster itself would leave the objects that were on it for afterwards,
 * when nobody answers any more.
 */
export class ClusterIdentity extends command.local.Command {
  constructor(
    name: string,
    args: { readonly fixed: readonly (string | number)[] },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(name, { triggers: [...args.fixed] }, { ...opts, deleteBeforeReplace: true });
  }
}
