/** Creates, scales or deletes one simulated cluster with kwokctl; creating prints its kubeconfig. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { stringify } from "yaml";

import { findProgram, isProgram, output, progress, required, runAction } from "./programs.ts";

/** Flag of `kwokctl create cluster` for each program; one that isn't here is downloaded by kwokctl. */
const binaryFlags = {
  etcd: "--etcd-binary",
  "kube-apiserver": "--kube-apiserver-binary",
  "kube-controller-manager": "--kube-controller-manager-binary",
  "kube-scheduler": "--kube-scheduler-binary",
  kwok: "--kwok-controller-binary",
};

function argument(key: string, value: string) {
  return { key, value };
}

const portOptions = [
  "kubeApiserverPort",
  "etcdPort",
  "etcdPeerPort",
  "kubeControllerManagerPort",
  "kubeSchedulerPort",
  "kwokControllerPort",
] as const;

type Ports = Readonly<Record<string, number>>;

/** Below the ports that systems give to outgoing connections, one of which would take a port before its program does. */
const firstPort = 16384;
const portCount = 13616;

/** Keeps a port until it is closed; undefined where somebody has it. */
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => {
      resolve(undefined);
    });
    server.listen(port, () => {
      resolve(server);
    });
  });
}

async function holdFreePort(): Promise<Server> {
  for (;;) {
    const server = await hold(firstPort + Math.floor(Math.random() * portCount));
    if (server !== undefined) return server;
  }
}

/** Ports that nobody else has: left to itself, kwokctl gives two clusters that start together the same ones. */
async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(portOptions.map(holdFreePort));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(portOptions.map((option, index) => [option, ports[index] ?? 0]));
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => {
      resolve(false);
    });
  });
}

/** Whether every program listens before long: kwokctl itself waits only for the API server. */
export async function allAnswer(ports: Ports, attempts = 80): Promise<boolean> {
  const wanted = Object.values(ports);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const answered = await Promise.all(wanted.map(answers));
    if (answered.every(Boolean)) return true;
    await setTimeout(250);
  }
  return false;
}

/** The cluster in the form that `kwokctl create cluster --config` takes. */
export function kwokctlConfiguration(podNetwork: string, serviceNetwork: string, ports: Ports) {
  return {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokctlConfiguration",
    options: { runtime: "binary", disableQPSLimits: true, ...ports },
    componentsPatches: [
      { name: "kube-apiserver", extraArgs: [argument("service-cluster-ip-range", serviceNetwork)] },
      {
        name: "kube-controller-manager",
        extraArgs: [
          argument("allocate-node-cidrs", "true"),
          argument("cluster-cidr", podNetwork),
          argument("service-cluster-ip-range", serviceNetwork),
        ],
      },
    ],
  };
}

async function exists(cluster: string): Promise<boolean> {
  const clusters = await output("kwokctl", ["get", "clusters"]);
  return clusters.split("\n").includes(cluster);
}

/** Runs `action` with a temporary folder. */
async function withFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-"));
  try {
    await action(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** kwokctl would change the person's own kubeconfig and its context, and lose entries when two clusters start. */
function elsewhere(folder: string): string[] {
  return ["--kubeconfig", path.join(folder, "kubeconfig")];
}

async function remove(cluster: string): Promise<void> {
  if (!(await exists(cluster))) return;
  await withFolder(async (folder) => {
    await output("kwokctl", ["delete", "cluster", "--name", cluster, ...elsewhere(folder)]);
  });
}

/** A node that KWOK plays. `kwokctl scale node` would give each a pod network of its own choice. */
export function simulatedNode(name: string) {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        type: "kwok",
      },
    },
  };
}

/** Adds or removes nodes until there are as many as wanted. */
async function scaleNodes(kubeconfig: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const { items } = await core.listNode();
  const existing = items.map(({ metadata }) => metadata?.name ?? "");
  const wanted = Array.from(
    { length: Number(required("MESH_NODES")) },
    (_, index) => `node-${index.toString()}`,
  );
  for (const name of wanted.filter((node) => !existing.includes(node))) {
    await core.createNode({ body: simulatedNode(name) });
  }
  for (const name of existing.filter((node) => !wanted.includes(node))) await core.deleteNode({ name });
}

function kubeconfigOf(cluster: string): Promise<string> {
  return output("kwokctl", ["get", "kubeconfig", "--name", cluster]);
}

async function start(cluster: string, ports: Ports): Promise<void> {
  await withFolder(async (folder) => {
    const file = path.join(folder, "kwokctl.yaml");
    const stages = await readFile(path.join(import.meta.dirname, "simulated-stages.yaml"), "utf8");
    const configuration = kwokctlConfiguration(
      required("MESH_POD_NETWORK"),
      required("MESH_SERVICE_NETWORK"),
      ports,
    );
    await writeFile(file, `${stringify(configuration)}---\n${stages}`);
    const binaries = Object.entries(binaryFlags).flatMap(([name, flag]) => {
      const found = findProgram(name);
      return found === undefined ? [] : [flag, found];
    });
    const create = ["create", "cluster", "--name", cluster, "--config", file, "--wait", "120s"];
    await output("kwokctl", [...create, ...elsewhere(folder), ...binaries]);
  });
}

/** Starts a cluster anew, three times at most, until `start` says that all of its programs run. */
export async function startUntilComplete(cluster: string, start: () => Promise<boolean>): Promise<void> {
  for (const last of [false, false, true]) {
    progress(`${cluster}: waiting for the API server`);
    if (await start()) return;
    if (last) break;
    progress(`${cluster}: one of its programs didn't start; starting the cluster anew`);
  }
  throw new Error(`Not all programs of ${cluster} run; see ~/.kwok/clusters/${cluster}/logs.`);
}

async function create(): Promise<void> {
  const cluster = required("MESH_CLUSTER");
  // Only an interrupted update leaves a cluster of this name behind that the state doesn't know.
  if (await exists(cluster)) progress(`${cluster} was left by an interrupted update; starting it anew`);
  await startUntilComplete(cluster, async () => {
    await remove(cluster);
    const ports = await freePorts();
    await start(cluster, ports);
    return allAnswer(ports);
  });
  process.stdout.write(await kubeconfigOf(cluster));
}

if (isProgram(import.meta.filename)) {
  await runAction({
    create,
    scale: async () => {
      await scaleNodes(await kubeconfigOf(required("MESH_CLUSTER")));
    },
    delete: () => remove(required("MESH_CLUSTER")),
  });
}
