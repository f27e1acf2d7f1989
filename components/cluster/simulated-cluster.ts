import * as command from "@pulumi/command";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { SimulatedClusterSettings } from "../../settings/settings.ts";
import { ClusterIdentity } from "./cluster-identity.ts";
import { clusterIdentity, clusterProvider, type Cluster, type ClusterAccess } from "./cluster.ts";
import { serverOf } from "./kubeconfig.ts";
import { commandLine } from "./programs.ts";

export interface SimulatedClusterArgs {
  readonly environment: string;
  readonly settings: SimulatedClusterSettings;
}

const program = commandLine("cluster/simulated-cluster");

/** A real API server, controller manager, scheduler and etcd on this machine, with nodes and pods that KWOK plays. */
export class SimulatedCluster extends pulumi.ComponentResource implements Cluster {
  static readonly type = "mesh:cluster:SimulatedCluster";
  readonly settings: SimulatedClusterSettings;
  readonly provider: k8s.Provider;
  readonly apiServer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly access: ClusterAccess;
  readonly identity: pulumi.Output<string>;
  readonly deletedWith: pulumi.Resource;

  constructor(
    name: string,
    { environment, settings }: SimulatedClusterArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(SimulatedCluster.type, name, {}, opts);

    this.settings = settings;
    const identity = new ClusterIdentity(
      `${name}-identity`,
      { fixed: [...settings.podNetworks, ...settings.serviceNetworks] },
      { parent: this },
    );
    const processes = new command.local.Command(
      `${name}-processes`,
      {
        create: `${program} create`,
        delete: `${program} delete`,
        environment: {
          MESH_CLUSTER: `${environment}-${settings.name}`,
          MESH_POD_NETWORK: settings.podNetworks[0] ?? "",
          MESH_SERVICE_NETWORK: settings.serviceNetworks[0] ?? "",
        },
        // What can't be changed on a running cluster replaces it.
        triggers: [identity.id],
        logging: "stderr",
      },
      { parent: this, additionalSecretOutputs: ["stdout"], deleteBeforeReplace: true },
    );
    // Apart, so that the kubeconfig stays known while nodes are added: a preview without it could render no chart.
    const nodes = new command.local.Command(
      `${name}-nodes`,
      {
        create: `${program} scale`,
        update: `${program} scale`,
        environment: {
          MESH_CLUSTER: `${environment}-${settings.name}`,
          MESH_NODES: settings.nodes.toString(),
        },
        triggers: [processes.id],
        logging: "stderr",
      },
      { parent: this, deletedWith: processes },
    );
    this.kubeconfig = pulumi.secret(processes.stdout);
    this.apiServer =
      settings.apiServer === undefined
        ? pulumi.unsecret(this.kubeconfig).apply(serverOf)
        : pulumi.output(settings.apiServer);
    this.access = { kubeconfig: this.kubeconfig };
    this.deletedWith = processes;
    this.identity = clusterIdentity(environment, settings.name, identity.id);
    this.provider = clusterProvider(
      name,
      { identity: this.identity, kubeconfig: this.kubeconfig },
      { parent: this, dependsOn: nodes },
    );
    this.registerOutputs({ apiServer: this.apiServer });
  }
}
