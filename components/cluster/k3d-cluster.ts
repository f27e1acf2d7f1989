import * as command from "@pulumi/command";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { K3dClusterSettings } from "../../settings/settings.ts";
import { ClusterIdentity } from "./cluster-identity.ts";
import {
  clusterIdentity,
  clusterProvider,
  fingerprint,
  type Cluster,
  type ClusterAccess,
} from "./cluster.ts";
import type { DockerNetwork } from "./docker-network.ts";
import { commandLine } from "./programs.ts";

export interface K3dClusterArgs {
  readonly environment: string;
  readonly settings: K3dClusterSettings;
  /** The network that the clusters of the environment share. */
  readonly network: DockerNetwork;
}

/** A node as its container and its API server describe it now. */
export interface K3dNode {
  readonly name: string;
  readonly address: string;
  readonly podNetwork: string;
  /** When the container started: routes don't outlive a restart. */
  readonly started: string;
}

/** What the program's actions `server` and `nodes` print. */
export type K3dAnswer<T> = { readonly found: T } | { readonly problem: string };

const program = commandLine("cluster/k3d-cluster");

function found<T>(answer: K3dAnswer<T>): T {
  if ("problem" in answer) throw new pulumi.RunError(answer.problem);
  return answer.found;
}

/** A k3s cluster in Docker containers on this machine. */
export class K3dCluster extends pulumi.ComponentResource implements Cluster {
  readonly settings: K3dClusterSettings;
  readonly provider: k8s.Provider;
  readonly apiServer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly access: ClusterAccess;
  readonly identity: pulumi.Output<string>;
  readonly deletedWith: pulumi.Resource;
  /** Asked at every run, because containers get other addresses when they restart. */
  readonly nodes: pulumi.Output<readonly K3dNode[]>;

  constructor(name: string, args: K3dClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { environment, settings, network } = args;
    super("mesh:cluster:K3dCluster", name, {}, opts);

    this.settings = settings;
    const identity = new ClusterIdentity(
      `${name}-identity`,
      {
        fixed: [
          environment,
          settings.image,
          settings.servers,
          settings.clusterDomain,
          settings.dockerNetwork,
          ...settings.podNetworks,
          ...settings.serviceNetworks,
        ],
      },
      { parent: this },
    );
    const containers = new command.local.Command(
      `${name}-containers`,
      {
        create: `${program} create`,
        update: `${program} update`,
        delete: `${program} delete`,
        environment: {
          MESH_CLUSTER: settings.name,
          MESH_ENVIRONMENT: environment,
          MESH_IMAGE: settings.image,
          MESH_SERVERS: settings.servers.toString(),
          MESH_AGENTS: settings.agents.toString(),
          MESH_NETWORK: settings.dockerNetwork,
          MESH_POD_NETWORKS: settings.podNetworks.join(","),
          MESH_SERVICE_NETWORKS: settings.serviceNetworks.join(","),
          MESH_CLUSTER_DOMAIN: settings.clusterDomain,
          // Colours would end up in the engine's messages.
          LOG_COLORS: "false",
        },
        // What can't be changed on a running cluster replaces it.
        triggers: [identity.id],
        logging: "stderr",
      },
      { parent: this, dependsOn: network, deleteBeforeReplace: true },
    );
    // Printed apart, so that it stays known while the containers change: a preview without it could render no chart.
    const printed = new command.local.Command(
      `${name}-kubeconfig`,
      {
        create: `${program} kubeconfig`,
        environment: { MESH_CLUSTER: settings.name },
        triggers: [containers.id],
        logging: "none",
      },
      { parent: this, additionalSecretOutputs: ["stdout"] },
    );
    this.kubeconfig = pulumi.secret(printed.stdout);
    this.access = { kubeconfig: this.kubeconfig };
    this.deletedWith = containers;
    const ask = <T>(action: string, after: command.local.Command) =>
      command.local
        .runOutput(
          {
            command: `${program} ${action}`,
            environment: {
              MESH_CLUSTER: settings.name,
              MESH_ENVIRONMENT: environment,
              MESH_NETWORK: settings.dockerNetwork,
              // Waits for it. Its id won't do: a preview has one for what is still to be made.
              MESH_AFTER: pulumi.unsecret(after.stdout).apply((text) => fingerprint([text])),
            },
            logging: "none",
          },
          { parent: this },
        )
        .stdout.apply((text) => found(JSON.parse(text) as K3dAnswer<T>));
    this.nodes = ask<readonly K3dNode[]>("nodes", containers);
    // k3d's own kubeconfig says 0.0.0.0; the other clusters share the Docker network.
    this.apiServer =
      settings.apiServer === undefined
        ? ask<string>("server", printed).apply((address) => `https://${address}:6443`)
        : pulumi.output(settings.apiServer);
    this.identity = clusterIdentity(environment, settings.name, identity.id);
    this.provider = clusterProvider(
      name,
      { identity: this.identity, kubeconfig: this.kubeconfig },
      { parent: this },
    );
    this.registerOutputs({ apiServer: this.apiServer });
  }
}
