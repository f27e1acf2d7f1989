/** Creates, updates or deletes one k3d cluster; or prints its kubeconfig, its server's address or what its nodes are now. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { stringify } from "yaml";

import type { K3dAnswer, K3dNode } from "./k3d-cluster.ts";
import {
  areForeign,
  deleteCluster,
  environmentLabel,
  kubeconfigLock,
  listContainers,
  nodeNames,
  type NodeContainer,
} from "./k3d-containers.ts";
import { exclusively } from "./k3d-lock.ts";
import { isProgram, output, progress, required, runAction } from "./programs.ts";

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
        labels: [{ label: `${environmentLabel}=${args.environment}`, nodeFilters: ["all"] }],
      },
      kubeconfig: { updateDefaultKubeconfig: false, switchCurrentContext: false },
    },
  };
}

/** The containers of the cluster; a cluster of that name that others made is refused. */
async function ourContainers(cluster: string): Promise<NodeContainer[]> {
  const containers = await listContainers(cluster);
  if (!areForeign(containers, cluster, required("MESH_ENVIRONMENT"))) return containers;
  throw new Error(
    `There is a k3d cluster ${cluster} that this environment didn't create. Rename the cluster in the stack file, ` +
      `adopt it with source: existing and context: k3d-${cluster}, or delete it with: k3d cluster delete ${cluster}`,
  );
}

async function removeLeftover(cluster: string): Promise<void> {
  if ((await ourContainers(cluster)).length === 0) return;
  progress(`${cluster} was left by an interrupted update; starting it anew`);
  await deleteCluster(cluster);
}

async function remove(cluster: string): Promise<void> {
  // Somebody may have made another cluster of that name in place of ours.
  if (areForeign(await listContainers(cluster), cluster, required("MESH_ENVIRONMENT"))) {
    progress(`the k3d cluster ${cluster} stays, because this environment didn't create it`);
    return;
  }
  await deleteCluster(cluster);
}

/** Adds the context k3d-CLUSTER to the default kubeconfig, where people look for it. */
async function addContext(cluster: string): Promise<void> {
  await exclusively(kubeconfigLock, () =>
    output("k3d", [
      "kubeconfig",
      "merge",
      cluster,
      "--kubeconfig-merge-default",
      "--kubeconfig-switch-context=false",
    ]),
  ).catch(() => {
    progress(`${cluster}: the default kubeconfig has no context k3d-${cluster}, because k3d can't write it`);
  });
}

async function printKubeconfig(cluster: string): Promise<void> {
  process.stdout.write(await output("k3d", ["kubeconfig", "get", cluster]));
}

async function create(cluster: string): Promise<void> {
  await removeLeftover(cluster);
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-"));
  try {
    const file = path.join(folder, "k3d.yaml");
    const configuration = k3dConfiguration({
      cluster,
      environment: required("MESH_ENVIRONMENT"),
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
  await addContext(cluster);
}

/** kubectl inside a server's container, so that none is needed here. */
function kubectl(cluster: string, args: readonly string[]): Promise<string> {
  return output("docker", ["exec", `k3d-${cluster}-server-0`, "kubectl", ...args]);
}

interface KubernetesNode {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDR?: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The nodes as Kubernetes knows them. */
async function kubernetesNodes(cluster: string): Promise<KubernetesNode[]> {
  const text = await kubectl(cluster, ["get", "nodes", "--output", "json"]);
  return (JSON.parse(text) as { items: KubernetesNode[] }).items;
}

function isReady({ spec, status }: KubernetesNode): boolean {
  const ready = status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return ready && spec.podCIDR !== undefined;
}

const readinessAttempts = 60;

async function waitUntilReady(cluster: string): Promise<void> {
  const names = nodeNames(await listContainers(cluster));
  for (let attempt = 0; attempt < readinessAttempts; attempt++) {
    const nodes = await kubernetesNodes(cluster).catch(() => []);
    const ready = nodes.filter(isReady).map(({ metadata }) => metadata.name);
    if (names.every((name) => ready.includes(name))) return;
    if (attempt === 0) progress(`${cluster}: waiting for the nodes to be ready`);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
  throw new Error(
    `${cluster}: its nodes aren't ready after two minutes; see: docker logs k3d-${cluster}-server-0`,
  );
}

async function removeAgent(cluster: string, agent: string): Promise<void> {
  const flags = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s"];
  await kubectl(cluster, ["drain", agent, ...flags]).catch(() => {
    progress(`${agent} couldn't be emptied within a minute; its pods end with it`);
  });
  await output("k3d", ["node", "delete", agent]);
}

/** Kubernetes keeps a node whose container is gone, and refuses a new one of that name. */
async function forgetGoneNodes(cluster: string): Promise<void> {
  const names = nodeNames(await listContainers(cluster));
  for (const { metadata } of await kubernetesNodes(cluster)) {
    if (!names.includes(metadata.name)) await kubectl(cluster, ["delete", "node", metadata.name]);
  }
}

/** The lowest number that no agent has. k3d adds a number of its own: `agent-1` becomes `k3d-CLUSTER-agent-1-0`. */
function freeNumber(cluster: string, agents: readonly string[]): number {
  const isTaken = (number: number) => {
    const name = `k3d-${cluster}-agent-${number.toString()}`;
    return agents.includes(name) || agents.includes(`${name}-0`);
  };
  let number = 0;
  while (isTaken(number)) number++;
  return number;
}

async function addAgent(cluster: string): Promise<void> {
  const number = freeNumber(cluster, nodeNames(await listContainers(cluster), ["agent"]));
  await output("k3d", [
    "node",
    "create",
    `${cluster}-agent-${number.toString()}`,
    "--cluster",
    cluster,
    "--role",
    "agent",
    "--image",
    required("MESH_IMAGE"),
    "--wait",
    "--timeout",
    "300s",
  ]);
}

/** The agents, without those that an interrupted update left before Kubernetes knew them: these are removed. */
async function knownAgents(cluster: string): Promise<string[]> {
  const agents = nodeNames(await ourContainers(cluster), ["agent"]);
  const nodes = await kubernetesNodes(cluster);
  const known = nodes.map(({ metadata }) => metadata.name);
  for (const agent of agents.filter((name) => !known.includes(name))) {
    await output("k3d", ["node", "delete", agent]);
  }
  return agents.filter((name) => known.includes(name));
}

/** Adds or removes agents, the only part of a k3d cluster that changes while it runs. */
async function update(cluster: string): Promise<void> {
  const wanted = Number(required("MESH_AGENTS"));
  const agents = await knownAgents(cluster);
  for (const agent of agents.slice(wanted)) await removeAgent(cluster, agent);
  await forgetGoneNodes(cluster);
  for (let count = agents.length; count < wanted; count++) await addAgent(cluster);
  await waitUntilReady(cluster);
}

interface Container {
  readonly Name: string;
  readonly State: { readonly StartedAt: string };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

function addressOf(container: Container | undefined): string {
  return container?.NetworkSettings.Networks[required("MESH_NETWORK")]?.IPAddress ?? "";
}

async function inspect(names: readonly string[]): Promise<Container[]> {
  return JSON.parse(await output("docker", ["inspect", ...names])) as Container[];
}

function toNode(name: string, nodes: readonly KubernetesNode[], containers: readonly Container[]): K3dNode {
  const container = containers.find(({ Name }) => Name === `/${name}`);
  const address = addressOf(container);
  const podNetwork = nodes.find(({ metadata }) => metadata.name === name)?.spec.podCIDR;
  if (container === undefined || address === "" || podNetwork === undefined) {
    throw new Error(`node ${name} has no address or no pod network`);
  }
  return { name, address, podNetwork, started: container.State.StartedAt };
}

async function findNodes(cluster: string): Promise<K3dNode[]> {
  const names = nodeNames(await ourContainers(cluster));
  const nodes = await kubernetesNodes(cluster);
  const containers = await inspect(names);
  return names.map((name) => toNode(name, nodes, containers));
}

/** Where other clusters reach the API server: at the first server. */
async function findServer(cluster: string): Promise<string> {
  const [name = ""] = nodeNames(await ourContainers(cluster));
  const [container] = await inspect([name]);
  const address = addressOf(container);
  if (address === "") throw new Error(`node ${name} has no address`);
  return address;
}

/** A failure is printed too: as one of the engine, it would come with a stack trace that hides the ways out. */
async function printAnswer<T>(find: (cluster: string) => Promise<T>): Promise<void> {
  const cluster = required("MESH_CLUSTER");
  const answer: K3dAnswer<T> = await find(cluster).then(
    (found) => ({ found }),
    (error: unknown) => ({
      problem:
        `${error instanceof Error ? error.message : String(error)}\n` +
        `${cluster} doesn't run as it was made. If it was stopped: k3d cluster start ${cluster}. ` +
        `If it is gone or broken, make it anew: npm run up -- STACK --replace '**::${cluster}-identity'`,
    }),
  );
  process.stdout.write(JSON.stringify(answer));
}

/** A killed engine leaves its command running, which must end before the next one begins. */
function alone(action: (cluster: string) => Promise<void>) {
  return () => {
    const cluster = required("MESH_CLUSTER");
    return exclusively(`k3d-${cluster}`, () => action(cluster));
  };
}

if (isProgram(import.meta.filename)) {
  await runAction({
    create: alone(create),
    update: alone(update),
    delete: alone(remove),
    kubeconfig: () => printKubeconfig(required("MESH_CLUSTER")),
    server: () => printAnswer(findServer),
    nodes: () => printAnswer(findNodes),
  });
}
