import { execFile } from "node:child_process";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { findProgram } from "../components/cluster/programs.ts";
import { eventually, TestCluster } from "./clusters.ts";
import { Engine } from "./engine.ts";

function listed(variable: string): string[] {
  return (process.env[variable] ?? "").split(",").filter((part) => part !== "");
}

/**
 * Two clusters whose nodes run pods, named by their kubeconfigs: `E2E_KUBECONFIGS=path,path`. They need Linkerd's and
 * emojivoto's images, load balancers, and routes between their pods; `E2E_POD_NETWORKS=network,network` where their
 * nodes have no `podCIDR`.
 */
const kubeconfigs = listed("E2E_KUBECONFIGS");
const skipped = kubeconfigs.length !== 2;
if (skipped) console.log("nodes.test.ts skipped: E2E_KUBECONFIGS doesn't name two clusters with nodes");

const linkerd = findProgram("linkerd");
const namespace = "mesh-e2e";

const identities = {
  gateway: "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local",
  web: `web.${namespace}.serviceaccount.identity.linkerd.cluster.local`,
  webOfBoth: `web-of-both.${namespace}.serviceaccount.identity.linkerd.cluster.local`,
};

/** One of emojivoto's programs as a pod, with a Service and an identity of the same name. */
interface App {
  readonly name: string;
  readonly program: "web" | "emoji-svc" | "voting-svc";
  readonly environment: Readonly<Record<string, string>>;
}

function web(name: string, emoji: string): App {
  const hosts = { EMOJISVC_HOST: `${emoji}:8080`, VOTINGSVC_HOST: "voting-cluster2:8080" };
  const environment = { WEB_PORT: "8080", INDEX_BUNDLE: "dist/index_bundle.js", ...hosts };
  return { name, program: "web", environment };
}

function server(name: string, program: "emoji-svc" | "voting-svc"): App {
  return { name, program, environment: { GRPC_PORT: "8080", PROM_PORT: "8801" } };
}

const apps = {
  cluster1: [
    server("emoji-of-both", "emoji-svc"),
    web("web", "emoji-cluster2"),
    web("web-of-both", "emoji-of-both-federated"),
  ],
  cluster2: [
    server("emoji-of-both", "emoji-svc"),
    server("emoji", "emoji-svc"),
    server("voting", "voting-svc"),
  ],
};

const services = [
  { cluster: "cluster2", namespace, name: "emoji", export: "gateway" },
  { cluster: "cluster2", namespace, name: "voting", export: "pod-to-pod" },
  { cluster: "cluster1", namespace, name: "emoji-of-both", export: "federated" },
  { cluster: "cluster2", namespace, name: "emoji-of-both", export: "federated" },
];

async function podNetworks({ core }: TestCluster): Promise<string[]> {
  const { items } = await core.listNode();
  return items.flatMap(({ spec }) => spec?.podCIDR ?? []);
}

async function existing(cluster: TestCluster, declaredNetwork: string | undefined) {
  return {
    source: "existing",
    context: cluster.config.getCurrentContext(),
    kubeconfigPath: cluster.kubeconfigPath,
    podNetworks: declaredNetwork ?? (await podNetworks(cluster)),
  };
}

/** Everything of the applications but their pods, which want the mesh to be there first. */
async function prepare({ core }: TestCluster, own: readonly App[]): Promise<void> {
  const annotations = { "linkerd.io/inject": "enabled" };
  await core.createNamespace({ body: { metadata: { name: namespace, annotations } } });
  for (const { name } of own) {
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    const spec = { selector: { app: name }, ports: [{ name: "grpc", port: 8080 }] };
    await core.createNamespacedService({ namespace, body: { metadata: { name }, spec } });
  }
}

/** Starts an application's pod, and waits until it and its proxy are ready. */
async function start({ core }: TestCluster, { name, program, environment }: App): Promise<void> {
  const container = {
    name: program,
    image: `docker.l5d.io/buoyantio/emojivoto-${program}:v11`,
    env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
  };
  const metadata = { name, labels: { app: name } };
  const spec = { serviceAccountName: name, containers: [container] };
  await core.createNamespacedPod({ namespace, body: { metadata, spec } });
  await eventually(
    () => core.readNamespacedPod({ namespace, name }),
    ({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.status === "True",
    300,
  );
}

/** What a pod answers, asked through its API server. */
function ask(cluster: TestCluster, pod: string, question: string): Promise<string> {
  return cluster.raw(`/api/v1/namespaces/${namespace}/pods/${pod}/proxy/${question}`);
}

/** The same from one of the `web` pods, as JSON, as soon as it has found its servers. */
async function askWeb(cluster: TestCluster, pod: string, question: string): Promise<unknown> {
  const failed = "failed: ";
  const answer = await eventually(
    () =>
      ask(cluster, `${pod}:8080`, `api/${question}`).catch((error: unknown) => `${failed}${String(error)}`),
    (text) => !text.startsWith(failed),
    120,
  );
  return JSON.parse(answer);
}

/** Who called a pod through the mesh: identities, as its proxy saw them. */
async function callers(cluster: TestCluster, pod: string): Promise<string[]> {
  const metrics = await ask(cluster, `${pod}:4191`, "metrics");
  const calls = metrics.matchAll(/^request_total\{direction="inbound".*tls="true",client_id="([^"]+)"/gm);
  return [...new Set([...calls].map(([, identity = ""]) => identity))];
}

function say(text: string): void {
  if (process.env["E2E_VERBOSE"] !== undefined) console.log(text);
}

function runLinkerd({ kubeconfigPath }: TestCluster, ...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(linkerd ?? "linkerd", ["--kubeconfig", kubeconfigPath, ...args], (_error, stdout, stderr) => {
      const output = stdout === "" ? stderr : stdout;
      say(`linkerd ${args.join(" ")}\n${output}`);
      resolve(output);
    });
  });
}

/** These compare with the newest release, which is asked of a server in the internet. */
const newestRelease = /^‼ (can determine the latest version|.* up-to-date)$/;

/** The lines of a check that are neither √ nor about the newest release. */
function complaints(check: string): string[] {
  return check.split("\n").filter((line) => /^[‼×]/.test(line) && !newestRelease.test(line));
}

describe.skipIf(skipped)("two clusters with nodes, adopted and linked both ways", () => {
  let engine: Engine;
  let cluster1: TestCluster;
  let cluster2: TestCluster;
  let before: string[][];

  const inventories = () => Promise.all([cluster1.inventory(), cluster2.inventory()]);

  /** What is on either cluster and wasn't before, or the other way round. */
  async function differences(): Promise<string[]> {
    return (await inventories()).flatMap((after, index) => {
      const then = before[index] ?? [];
      const left = after.filter((object) => !then.includes(object)).map((object) => `left: ${object}`);
      const lost = then.filter((object) => !after.includes(object)).map((object) => `lost: ${object}`);
      return [...left, ...lost];
    });
  }

  beforeAll(async () => {
    const [file1 = "", file2 = ""] = kubeconfigs.map((file) => path.resolve(file));
    const [network1, network2] = listed("E2E_POD_NETWORKS");
    cluster1 = await TestCluster.load(file1);
    cluster2 = await TestCluster.load(file2);
    engine = await Engine.create("nodes", {
      environment: "nodes",
      linkerd: { version: "2026.8.3", viz: false },
      clusters: {
        cluster1: await existing(cluster1, network1),
        cluster2: await existing(cluster2, network2),
      },
      links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
      services,
    });
    await prepare(cluster1, apps.cluster1);
    await prepare(cluster2, apps.cluster2);
    before = await inventories();
    say(await engine.up());
    for (const app of apps.cluster2) await start(cluster2, app);
    for (const app of apps.cluster1) await start(cluster1, app);
  });

  afterAll(async () => {
    await engine.destroy();
    await engine.dispose();
    for (const { core } of [cluster1, cluster2]) {
      await core.deleteNamespace({ name: namespace });
      const gone = () =>
        core.readNamespace({ name: namespace }).then(
          () => false,
          () => true,
        );
      await eventually(gone, (isGone) => isGone, 120);
    }
  });

  test("every exported service has its mirrors", async () => {
    await eventually(
      () => cluster1.mirrors(namespace),
      (names) => names.join() === "emoji-cluster2,emoji-of-both-federated,voting-cluster2",
    );
    await eventually(
      () => cluster2.mirrors(namespace),
      (names) => names.join() === "emoji-of-both-federated",
    );
  });

  test("a second preview and a refresh find nothing to do", async () => {
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
  });

  test.skipIf(linkerd === undefined)("Linkerd's own checks pass on both", async () => {
    for (const cluster of [cluster1, cluster2]) {
      for (const args of [["check"], ["multicluster", "check"]]) {
        const check = await runLinkerd(cluster, ...args);
        expect(complaints(check)).toEqual([]);
        expect(check).toMatch(/Status check results are √\s*$/);
      }
    }
  });

  test.skipIf(linkerd === undefined)("each gateway is alive for the other cluster", async () => {
    for (const [cluster, target] of [
      [cluster1, "cluster2"],
      [cluster2, "cluster1"],
    ] as const) {
      const gateways = () => runLinkerd(cluster, "multicluster", "gateways");
      await eventually(gateways, (table) => new RegExp(`^${target} +True `, "m").test(table), 120);
    }
  });

  test("a client is answered by the other cluster's gateway, as which its calls arrive", async () => {
    const list = await askWeb(cluster1, "web", "list");
    say(JSON.stringify(list).slice(0, 100));
    expect(list).toContainEqual({ shortcode: ":doughnut:", unicode: "🍩" });
    expect(await callers(cluster2, "emoji")).toEqual([identities.gateway]);
  });

  test("a client is answered from pod to pod, where its calls arrive as its own", async () => {
    expect(await askWeb(cluster1, "web", "leaderboard")).toEqual([]);
    await ask(cluster1, "web:8080", "api/vote?choice=:doughnut:");
    const leaderboard = await askWeb(cluster1, "web", "leaderboard");
    say(JSON.stringify(leaderboard));
    expect(leaderboard).toEqual([{ shortcode: ":doughnut:", unicode: "🍩", votes: "1" }]);
    expect(await callers(cluster2, "voting")).toEqual([identities.web]);
  });

  test("a federated service is served by both clusters, and by the other one alone", async () => {
    const askAndCount = async () => {
      await askWeb(cluster1, "web-of-both", "list");
      return [await callers(cluster1, "emoji-of-both"), await callers(cluster2, "emoji-of-both")];
    };
    await eventually(askAndCount, (counted) =>
      counted.every((names) => names.includes(identities.webOfBoth)),
    );
    await cluster1.core.deleteNamespacedPod({ namespace, name: "emoji-of-both" });
    await eventually(
      () => cluster1.core.readNamespacedPod({ namespace, name: "emoji-of-both" }).catch(() => undefined),
      (pod) => pod === undefined,
    );
    expect(await askWeb(cluster1, "web-of-both", "list")).toContainEqual({
      shortcode: ":doughnut:",
      unicode: "🍩",
    });
  });

  test("destroy leaves nothing, and the exported services as they were", async () => {
    await engine.destroy();
    await eventually(differences, ({ length }) => length === 0);
    for (const cluster of [cluster1, cluster2]) {
      const { items } = await cluster.core.listNamespacedService({ namespace });
      expect(items.filter(({ metadata }) => metadata?.labels !== undefined)).toEqual([]);
    }
  });
});
