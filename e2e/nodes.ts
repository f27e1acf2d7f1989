import { execFile } from "node:child_process";
import path from "node:path";

import { AppsV1Api } from "@kubernetes/client-node";

import { isReady } from "../components/cluster/meshed-pods.ts";
import { findProgram } from "../components/cluster/programs.ts";
import { eventually, TestCluster } from "./clusters.ts";
import type { StackSettings } from "./engine.ts";

function listed(variable: string): string[] {
  return (process.env[variable] ?? "").split(",").filter((part) => part !== "");
}

/**
 * Clusters whose nodes run pods, named by their kubeconfigs: `E2E_KUBECONFIGS=path,path`. They need Linkerd's and
 * emojivoto's images, load balancers, and routes between their pods; `E2E_POD_NETWORKS=network,network` where their
 * nodes have no `podCIDR`.
 */
const kubeconfigs = listed("E2E_KUBECONFIGS");

/** Whether there are no two such clusters; says so once. */
export function isSkipped(file: string): boolean {
  const skipped = kubeconfigs.length < 2;
  if (skipped) console.log(`${file} skipped: E2E_KUBECONFIGS doesn't name clusters with nodes`);
  return skipped;
}

export interface TwoClusters {
  readonly cluster1: TestCluster;
  readonly cluster2: TestCluster;
}

/** The first two of the clusters. */
export async function loadClusters(): Promise<TwoClusters> {
  const [file1 = "", file2 = ""] = kubeconfigs.map((file) => path.resolve(file));
  return { cluster1: await TestCluster.load(file1), cluster2: await TestCluster.load(file2) };
}

/** All of the clusters, as `cluster1`, `cluster2` and so on. */
export async function loadAllClusters(): Promise<Readonly<Record<string, TestCluster>>> {
  const loaded = await Promise.all(kubeconfigs.map((file) => TestCluster.load(path.resolve(file))));
  return Object.fromEntries(loaded.map((cluster, index) => [`cluster${(index + 1).toString()}`, cluster]));
}

async function podNetworks({ core }: TestCluster): Promise<string[]> {
  const { items } = await core.listNode();
  return items.flatMap(({ spec }) => spec?.podCIDR ?? []);
}

/** The settings that adopt the clusters. */
export async function adopted<Name extends string>(
  clusters: Readonly<Record<Name, TestCluster>>,
  more: StackSettings = {},
): Promise<Record<Name, StackSettings>> {
  const declared = listed("E2E_POD_NETWORKS");
  const names = Object.keys(clusters) as Name[];
  const settings = names.map(async (name, index): Promise<[string, StackSettings]> => {
    const cluster = clusters[name];
    const own = {
      source: "existing",
      context: cluster.config.getCurrentContext(),
      kubeconfigPath: cluster.kubeconfigPath,
      podNetworks: declared[index] ?? (await podNetworks(cluster)),
      ...more,
    };
    return [name, own];
  });
  return Object.fromEntries(await Promise.all(settings)) as Record<Name, StackSettings>;
}

/** The namespace of the tests' own applications. */
export const namespace = "mesh-e2e";

/** One of emojivoto's programs with an identity of its own; servers have a Service too. */
export interface App {
  readonly name: string;
  readonly program: "web" | "emoji-svc" | "voting-svc";
  readonly environment: Readonly<Record<string, string>>;
  readonly meshed: boolean;
}

/** A caller: `api/list` asks its emoji service, `api/leaderboard` its voting service. */
export function web(name: string, emoji: string, voting = emoji): App {
  const hosts = { EMOJISVC_HOST: `${emoji}:8080`, VOTINGSVC_HOST: `${voting}:8080` };
  const environment = { WEB_PORT: "8080", INDEX_BUNDLE: "dist/index_bundle.js", ...hosts };
  return { name, program: "web", environment, meshed: true };
}

export function server(name: string, program: "emoji-svc" | "voting-svc"): App {
  return { name, program, environment: { GRPC_PORT: "8080", PROM_PORT: "8801" }, meshed: true };
}

function deployment({ name, program, environment, meshed }: App) {
  const container = {
    name: program,
    image: `docker.l5d.io/buoyantio/emojivoto-${program}:v11`,
    env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
  };
  const labels = { app: name };
  const annotations = meshed ? {} : { "linkerd.io/inject": "disabled" };
  const spec = { serviceAccountName: name, containers: [container] };
  return {
    metadata: { name },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec },
    },
  };
}

/** Everything of the applications but their pods, which want the mesh to be there first. */
export async function prepare({ core, config }: TestCluster, own: readonly App[]): Promise<void> {
  const deployments = config.makeApiClient(AppsV1Api);
  const annotations = { "linkerd.io/inject": "enabled" };
  await core.createNamespace({ body: { metadata: { name: namespace, annotations } } });
  for (const app of own) {
    const { name, program } = app;
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    await deployments.createNamespacedDeployment({ namespace, body: deployment(app) });
    if (program === "web") continue;
    const spec = { selector: { app: name }, ports: [{ name: "grpc", port: 8080 }] };
    await core.createNamespacedService({ namespace, body: { metadata: { name }, spec } });
  }
}

export async function removeNamespace({ core }: TestCluster): Promise<void> {
  await core.deleteNamespace({ name: namespace });
  const gone = () =>
    core.readNamespace({ name: namespace }).then(
      () => false,
      () => true,
    );
  await eventually(gone, (isGone) => isGone, 120);
}

/** The pods with this `app` label, whatever made them. */
export interface Workload {
  readonly app: string;
  readonly namespace: string;
}

export function workload(app: string): Workload {
  return { app, namespace };
}

export const gateway: Workload = { app: "linkerd-gateway", namespace: "linkerd-multicluster" };

async function readyPods({ core }: TestCluster, { app, namespace }: Workload): Promise<string[]> {
  const { items } = await core.listNamespacedPod({ namespace, labelSelector: `app=${app}` });
  return items
    .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
    .filter(isReady)
    .flatMap(({ metadata }) => metadata?.name ?? []);
}

/** The only pod of a workload, as soon as it and its proxy are ready. */
export async function ready(cluster: TestCluster, which: Workload): Promise<string> {
  const [pod = ""] = await eventually(
    () => readyPods(cluster, which),
    ({ length }) => length === 1,
    300,
  );
  return pod;
}

/** Stops a Deployment's pods, or starts one again; what is there then is as it was asked. */
export async function scale(cluster: TestCluster, which: Workload, replicas: 0 | 1): Promise<void> {
  const apps = cluster.config.makeApiClient(AppsV1Api);
  const name = { name: which.app, namespace: which.namespace };
  const body = await apps.readNamespacedDeploymentScale(name);
  body.spec = { replicas };
  await apps.replaceNamespacedDeploymentScale({ ...name, body });
  const labelSelector = `app=${which.app}`;
  if (replicas === 1) await ready(cluster, which);
  else
    await eventually(
      () => cluster.core.listNamespacedPod({ namespace: which.namespace, labelSelector }),
      ({ items }) => items.length === 0,
      120,
    );
}

/** Starts the applications' pods, and waits until they are ready. */
export async function start(cluster: TestCluster, own: readonly App[]): Promise<void> {
  for (const { name } of own) await scale(cluster, workload(name), 1);
}

/** Asks a workload's pod through its API server. */
export async function ask(
  cluster: TestCluster,
  which: Workload,
  port: number,
  question: string,
): Promise<string> {
  const pod = await ready(cluster, which);
  return cluster.raw(
    `/api/v1/namespaces/${which.namespace}/pods/${pod}:${port.toString()}/proxy/${question}`,
  );
}

/** The answer of a `web`, or what it says of the failure. */
export function askWeb(cluster: TestCluster, which: Workload, question: string): Promise<string> {
  return ask(cluster, which, 8080, `api/${question}`).catch((error: unknown) => `failed: ${String(error)}`);
}

export function isAnswer(text: string): boolean {
  return !text.startsWith("failed: ");
}

/** The same as JSON, as soon as it has found its servers. */
export async function answerOf(cluster: TestCluster, which: Workload, question: string): Promise<unknown> {
  return JSON.parse(await eventually(() => askWeb(cluster, which, question), isAnswer, 120));
}

/** What a caller saw of its calls. */
export interface Seen {
  readonly answered: number;
  /** How often each failure came. */
  readonly failures: Readonly<Record<string, number>>;
  readonly slowestMilliseconds: number;
}

/** What a failed call said, without what differs from one to the next. */
function failureOf(text: string): string {
  const [, status = "", message = text] = /: (\d{3}) (.*)$/s.exec(text) ?? [];
  return `${status} ${message.replace(/\d+(\.\d+){3}(:\d+)?/g, "…").trim()}`;
}

/** One caller's calls one after the other, until they are ended. */
export class Calling {
  private ended = false;
  private readonly done: Promise<void>;
  private answered = 0;
  private readonly failures: Record<string, number> = {};
  private slowest = 0;

  constructor(cluster: TestCluster, which: Workload, question: string, atMost = Infinity) {
    this.done = this.call(cluster, which, question, atMost);
  }

  private async call(cluster: TestCluster, which: Workload, question: string, atMost: number): Promise<void> {
    const pod = await ready(cluster, which);
    const url = `/api/v1/namespaces/${which.namespace}/pods/${pod}:8080/proxy/api/${question}`;
    for (let count = 0; count < atMost && !this.ended; count++) {
      const begin = performance.now();
      const failed = await cluster.raw(url).then(
        () => undefined,
        (error: unknown) => failureOf(String(error)),
      );
      this.slowest = Math.max(this.slowest, performance.now() - begin);
      if (failed === undefined) this.answered++;
      else this.failures[failed] = (this.failures[failed] ?? 0) + 1;
    }
  }

  /** How many calls there were so far. */
  get count(): number {
    return this.answered + Object.values(this.failures).reduce((sum, count) => sum + count, 0);
  }

  /** What was seen when all calls were made. */
  async seen(): Promise<Seen> {
    await this.done;
    const { answered, failures, slowest } = this;
    return { answered, failures, slowestMilliseconds: Math.round(slowest) };
  }

  async end(): Promise<Seen> {
    this.ended = true;
    return this.seen();
  }
}

export function call(cluster: TestCluster, which: Workload, question: string, times: number): Promise<Seen> {
  return new Calling(cluster, which, question, times).seen();
}

export function failed({ failures }: Seen): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

/** What a workload's proxy counted, by one of the metric's labels, of the series that have `having` in theirs. */
export async function counted(
  cluster: TestCluster,
  which: Workload,
  { metric, by, having = "" }: { readonly metric: string; readonly by: string; readonly having?: string },
): Promise<Record<string, number>> {
  return sums(await ask(cluster, which, 4191, "metrics"), { metric, by, having });
}

function sums(
  metrics: string,
  { metric, by, having }: { readonly metric: string; readonly by: string; readonly having: string },
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, name, labels = "", value] of metrics.matchAll(/^(\w+)\{(.*)\} (\d+)$/gm)) {
    const key = new RegExp(`\\b${by}="([^"]*)"`).exec(labels)?.[1];
    if (name !== metric || key === undefined || !labels.includes(having)) continue;
    found[key] = (found[key] ?? 0) + Number(value);
  }
  return found;
}

/** How often each identity called a workload through the mesh, as its proxy saw them. */
export function calls(cluster: TestCluster, which: Workload): Promise<Record<string, number>> {
  return counted(cluster, which, { metric: "request_total", by: "client_id", having: 'direction="inbound"' });
}

const denied = { metric: "inbound_http_authz_deny_total", by: "client_id", having: "" };

/** How often each identity was refused. */
export function refusals(cluster: TestCluster, which: Workload): Promise<Record<string, number>> {
  return counted(cluster, which, denied);
}

/** The same of a gateway, whose proxy shows its counters to nobody but itself: Linkerd's program forwards a port. */
export async function gatewayRefusals(cluster: TestCluster): Promise<Record<string, number>> {
  const pod = await ready(cluster, gateway);
  const args = ["diagnostics", "proxy-metrics", "-n", gateway.namespace, `po/${pod}`];
  return sums(await output(cluster, args), denied);
}

/** What is more now than it was. */
export function increase(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const changes = Object.entries(after).map(([key, count]): [string, number] => [
    key,
    count - (before[key] ?? 0),
  ]);
  return Object.fromEntries(changes.filter(([, change]) => change > 0));
}

export function say(text: string): void {
  if (process.env["E2E_VERBOSE"] !== undefined) console.log(text);
}

export const linkerd = findProgram("linkerd");

function output({ kubeconfigPath }: TestCluster, args: readonly string[]): Promise<string> {
  const options = { maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(
      linkerd ?? "linkerd",
      ["--kubeconfig", kubeconfigPath, ...args],
      options,
      (_error, stdout, stderr) => {
        resolve(stdout === "" ? stderr : stdout);
      },
    );
  });
}

/** What a command of Linkerd's own program printed. */
export async function runLinkerd(cluster: TestCluster, ...args: string[]): Promise<string> {
  const printed = await output(cluster, args);
  say(`linkerd ${args.join(" ")}\n${printed}`);
  return printed;
}

/** These compare with the newest release, which is asked of a server in the internet. */
const newestRelease = /^‼ (can determine the latest version|.* up-to-date)$/;

/** The lines of a check that are neither √ nor about the newest release. */
export function complaints(check: string): string[] {
  return check.split("\n").filter((line) => /^[‼×]/.test(line) && !newestRelease.test(line));
}

/** Waits until a cluster's controller says that the other one's gateway is alive. */
export async function gatewayAlive(cluster: TestCluster, target: string): Promise<void> {
  const gateways = () => runLinkerd(cluster, "multicluster", "gateways");
  await eventually(gateways, (table) => new RegExp(`^${target} +True `, "m").test(table), 120);
}

/** What is on either cluster and wasn't before, or the other way round. */
export function differences(before: readonly string[], after: readonly string[]): string[] {
  const came = after.filter((object) => !before.includes(object)).map((object) => `+ ${object}`);
  const went = before.filter((object) => !after.includes(object)).map((object) => `- ${object}`);
  return [...came, ...went];
}
