import type * as pulumi from "@pulumi/pulumi";

/** Options of a component whose children wait for other resources: `dependsOn` isn't inherited by children. */
export type OrderedOptions = Omit<pulumi.ComponentResourceOptions, "dependsOn"> & {
  readonly dependsOn: pulumi.Resource[];
};
