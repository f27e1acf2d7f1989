import * as pulumi from "@pulumi/pulumi";

import type * as k8s from "@pulumi/kubernetes";

import type { ExistingClusterSettings } from "../../settings/settings.ts";
import { clusterProvider, type Cluster, type ClusterAccess } from "./cluster.ts";
import { readContext, serverOf } from "./kubeconfig.ts";

export interface ExistingClusterArgs {
  readonly environment: string;
  readonly settings: ExistingClusterSettings;
}

/** A cluster that others made: nothing of it is created, nothing deleted. */
export class ExistingCluster extends pulumi.ComponentResource implements Cluster {
  readonly settings: ExistingClusterSettings;
  readonly provider: k8s.Provider;
  readonly apiServer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly access: ClusterAccess;
  readonly deletedWith = undefined;

  constructor(
    name: string,
    { environment, settings }: ExistingClusterArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:cluster:ExistingCluster", name, {}, opts);

    this.settings = settings;
    const identity = [environment, settings.name];
    const { kubeconfig: source } = settings;
    if (source.from === "context") {
      const { kubeconfig, server } = readContext(source.context, source.path);
      this.kubeconfig = pulumi.secret(kubeconfig);
      this.apiServer = pulumi.output(settings.apiServer ?? server);
      this.access = { context: source.context, path: source.path };
      // The provider reads the file itself, so that a person's credentials don't enter the state.
      this.provider = clusterProvider(
        name,
        {
          identity,
          context: source.context,
          ...(source.path === undefined ? {} : { kubeconfig: source.path }),
        },
        { parent: this },
      );
    } else {
      this.kubeconfig =
        source.from === "secret"
          ? pulumi.secret(source.kubeconfig)
          : pulumi.secret(
              new pulumi.StackReference(
                `${name}-stack`,
                { name: source.stack },
                { parent: this },
              ).requireOutput(source.output) as pulumi.Output<string>,
            );
      this.apiServer =
        settings.apiServer === undefined
          ? pulumi.unsecret(this.kubeconfig).apply(serverOf)
          : pulumi.output(settings.apiServer);
      this.access = { kubeconfig: this.kubeconfig };
      this.provider = clusterProvider(name, { identity, kubeconfig: this.kubeconfig }, { parent: this });
    }
    this.registerOutputs({ apiServer: this.apiServer });
  }
}
