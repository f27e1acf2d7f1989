/** Creates, updates or deletes one k3d cluster and prints its kubeconfig; or prints what its nodes are now. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { stringify } from "yaml";

import type { K3dNode } from "./k3d-cluster.ts";
import { output, progress, required, runAction } from "./programs.ts";

const environmentLabel = "linkerd-mesh.environment";

export interface K3dConfigurationArgs {
  readonly cluster: string;
  readonly environment: string;
  readonly image: string;
  readonly servers: number;
  readonly agents: number;
  readonly network: string;
  readonly podNetworks: string;
  readonly serviceNetworks: string;
  readonly clusterDomain: string;
}

/** The cluster in the form that `k3d cluster create --config` takes. */
export function k3dConfiguration(args: K3dConfigurationArgs) {
  const k3sArgument = (arg: string) => ({ arg, nodeFilters: ["server:*"] });
  return {
    apiVersion: "k3d.io/v1alpha5",
    kind: "Simple",
    metadata: { name: args.cluster },
    servers: args.servers,
    agents: args.agents,
    image: args.image,
    network: args.network,
    options: {
      k3d: { wait: true, timeout: "300s" },
      k3s: {
        extraArgs: [
          k3sArgument(`--cluster-cidr=${args.podNetworks}`),
          k3sArgument(`--service-cidr=${args.serviceNetworks}`),
          k3sArgument(`--cluster-domain=${args.clusterDomain}`),
          k3sArgument("--disable=traefik"),
        ],
      },
      runtime: {
        labels: [{ label: `${environmentLabel}=${args.environment}`, nodeFilters: ["server:*", "agent:*"] }],
      },
      kubeconfig: { updateDefaultKubeconfig: true, switchCurrentContext: false },
    },
  };
}

interface ListedNode {
  readonly name: string;
  readonly role: string;
  readonly runtimeLabels?: Readonly<Record<string, string>>;
}

async function listNodes(cluster: string): Promise<ListedNode[]> {
  const clusters = JSON.parse(await output("k3d", ["cluster", "list", "--output", "json"])) as {
    name: string;
    nodes: ListedNode[];
  }[];
  return clusters.find(({ name }) => name === cluster)?.nodes ?? [];
}

async function remove(cluster: string): Promise<void> {
  await output("k3d", ["cluster", "delete", cluster]);
}

async function removeLeftover(cluster: string, environment: string): Promise<void> {
  const nodes = await listNodes(cluster);
  if (nodes.length === 0) return;
  const ours = nodes.some(({ runtimeLabels }) => runtimeLabels?.[environmentLabel] === environment);
  if (!ours) {
    throw new Error(
      `There is a k3d cluster ${cluster} that this environment didn't create. Rename the cluster in the stack file, ` +
        `adopt it with source: existing and context: k3d-${cluster}, or delete it with: k3d cluster delete ${cluster}`,
    );
  }
  progress(`${cluster} was left by an interrupted update; starting it anew`);
  await remove(cluster);
}

async function printKubeconfig(cluster: string): Promise<void> {
  process.stdout.write(await output("k3d", ["kubeconfig", "get", cluster]));
}

async function create(): Promise<void> {
  const cluster = required("MESH_CLUSTER");
  const environment = required("MESH_ENVIRONMENT");
  await removeLeftover(cluster, environment);
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-"));
  try {
    const file = path.join(folder, "k3d.yaml");
    const configuration = k3dConfiguration({
      cluster,
      environment,
      image: required("MESH_IMAGE"),
      servers: Number(required("MESH_SERVERS")),
      agents: Number(required("MESH_AGENTS")),
      network: required("MESH_NETWORK"),
      podNetworks: required("MESH_POD_NETWORKS"),
      serviceNetworks: required("MESH_SERVICE_NETWORKS"),
      clusterDomain: required("MESH_CLUSTER_DOMAIN"),
    });
    await writeFile(file, stringify(configuration));
    progress(`${cluster}: waiting for k3d to start the nodes`);
    await output("k3d", ["cluster", "create", "--config", file]);
  } finally {
    await rm(folder, { recursive: true });
  }
  await waitUntilReady(cluster);
  await printKubeconfig(cluster);
}

interface KubernetesNode {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDR?: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The nodes as Kubernetes knows them, asked inside a server's container so that no kubectl is needed here. */
async function kubernetesNodes(cluster: string): Promise<KubernetesNode[]> {
  const text = await output("docker", [
    "exec",
    `k3d-${cluster}-server-0`,
    "kubectl",
    "get",
    "nodes",
    "--output",
    "json",
  ]);
  return (JSON.parse(text) as { items: KubernetesNode[] }).items;
}

function isReady({ spec, status }: KubernetesNode): boolean {
  const ready = status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return ready && spec.podCIDR !== undefined;
}

const readinessAttempts = 60;

async function waitUntilReady(cluster: string): Promise<void> {
  for (let attempt = 0; attempt < readinessAttempts; attempt++) {
    const nodes = await kubernetesNodes(cluster).catch(() => []);
    if (nodes.length > 0 && nodes.every(isReady)) return;
    if (attempt === 0) progress(`${cluster}: waiting for the nodes to be ready`);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
  throw new Error(
    `${cluster}: its nodes aren't ready after two minutes; see: docker logs k3d-${cluster}-server-0`,
  );
}

async function agentsOf(cluster: string): Promise<string[]> {
  const nodes = await listNodes(cluster);
  return nodes.filter(({ role }) => role === "agent").map(({ name }) => name);
}

/** Adds or removes agents, the only part of a k3d cluster that changes while it runs. */
async function update(): Promise<void> {
  const cluster = required("MESH_CLUSTER");
  const wanted = Number(required("MESH_AGENTS"));
  const agents = await agentsOf(cluster);
  for (const agent of agents.slice(wanted)) await output("k3d", ["node", "delete", agent]);
  for (let index = agents.length; index < wanted; index++) {
    await output("k3d", [
      "node",
      "create",
      `${cluster}-agent-${index.toString()}`,
      "--cluster",
      cluster,
      "--role",
      "agent",
      "--image",
      required("MESH_IMAGE"),
      "--wait",
    ]);
  }
  await waitUntilReady(cluster);
  await printKubeconfig(cluster);
}

interface Container {
  readonly Name: string;
  readonly State: { readonly StartedAt: string };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

function toNode(node: KubernetesNode, containers: readonly Container[]): K3dNode {
  const { name } = node.metadata;
  const container = containers.find(({ Name }) => Name === `/${name}`);
  const address = Object.values(container?.NetworkSettings.Networks ?? {})[0]?.IPAddress;
  if (container === undefined || address === undefined || node.spec.podCIDR === undefined) {
    throw new Error(`node ${name} has no running container or no pod network`);
  }
  return { name, address, podNetwork: node.spec.podCIDR, started: container.State.StartedAt };
}

async function printNodes(): Promise<void> {
  const nodes = await kubernetesNodes(required("MESH_CLUSTER"));
  const names = nodes.map(({ metadata }) => metadata.name).sort();
  const containers = JSON.parse(await output("docker", ["inspect", ...names])) as Container[];
  const found = nodes.map((node) => toNode(node, containers));
  // Servers first: the first node's address is the API server's.
  const isAgent = ({ name }: K3dNode) => Number(name.includes("-agent-"));
  found.sort((one, other) => isAgent(one) - isAgent(other) || (one.name < other.name ? -1 : 1));
  process.stdout.write(JSON.stringify(found));
}

if (import.meta.main) {
  await runAction({ create, update, delete: () => remove(required("MESH_CLUSTER")), nodes: printNodes });
}
