import * as pulumi from "@pulumi/pulumi";

import type * as k8s from "@pulumi/kubernetes";

import type { ClusterSettings } from "../../settings/settings.ts";
import { clusterProvider, type Cluster, type ClusterAccess } from "./cluster.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";

export interface ReferencedClusterArgs {
  readonly settings: ClusterSettings;
  /** Secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly identity: pulumi.Output<string>;
  readonly apiServer: pulumi.Output<string>;
}

/**
 * A cluster that another stack of the environment makes: here is only a provider for it. It has the type of what that
 * stack makes, so that the provider has the same URN there and here, and what is moved between them stays as it is.
 */
export class ReferencedCluster extends pulumi.ComponentResource implements Cluster {
  readonly settings: ClusterSettings;
  readonly provider: k8s.Provider;
  readonly apiServer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly access: ClusterAccess;
  readonly identity: pulumi.Output<string>;
  readonly deletedWith = undefined;

  constructor(name: string, args: ReferencedClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super(SimulatedCluster.type, name, {}, opts);

    this.settings = args.settings;
    this.kubeconfig = args.kubeconfig;
    this.identity = args.identity;
    this.apiServer = args.apiServer;
    this.access = { kubeconfig: args.kubeconfig };
    this.provider = clusterProvider(
      name,
      { identity: args.identity, kubeconfig: args.kubeconfig },
      { parent: this },
    );
    this.registerOutputs({ apiServer: this.apiServer });
  }
}
