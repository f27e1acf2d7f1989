import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { eventually, type TestCluster } from "./clusters.ts";
import { Engine } from "./engine.ts";
import {
  adopted,
  answerOf,
  askWeb,
  calls,
  complaints,
  differences,
  gateway,
  gatewayAlive,
  isSkipped,
  linkerd,
  loadClusters,
  namespace,
  prepare,
  removeNamespace,
  runLinkerd,
  say,
  scale,
  server,
  start,
  web,
  workload,
} from "./nodes.ts";
import { linkerdSettings } from "./settings.ts";
import { found, lookAt, type Look } from "./verified.ts";

const identities = {
  gateway: "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local",
  web: `web.${namespace}.serviceaccount.identity.linkerd.cluster.local`,
  webOfBoth: `web-of-both.${namespace}.serviceaccount.identity.linkerd.cluster.local`,
};

const apps = {
  cluster1: [
    server("emoji-of-both", "emoji-svc"),
    web("web", "emoji-cluster2", "voting-cluster2"),
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
  { cluster: "cluster2", namespace, name: "voting", export: "pod-to-pod", clients: "any" },
  { cluster: "cluster1", namespace, name: "emoji-of-both", export: "federated", clients: "any" },
  { cluster: "cluster2", namespace, name: "emoji-of-both", export: "federated", clients: "any" },
];

const doughnut = { shortcode: ":doughnut:", unicode: "🍩" };

describe.skipIf(isSkipped("nodes.test.ts"))("two clusters with nodes, adopted and linked both ways", () => {
  let engine: Engine;
  let cluster1: TestCluster;
  let cluster2: TestCluster;
  let before: [string[], string[]];
  let look: Look;

  const inventories = () => Promise.all([cluster1.inventory(), cluster2.inventory()]);

  beforeAll(async () => {
    ({ cluster1, cluster2 } = await loadClusters());
    const asked = {
      environment: "nodes",
      linkerd: linkerdSettings,
      trust: { protect: false },
      clusters: await adopted({ cluster1, cluster2 }),
      links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
      services,
    };
    engine = await Engine.create("nodes", asked);
    await prepare(cluster1, apps.cluster1);
    await prepare(cluster2, apps.cluster2);
    before = await inventories();
    say(await engine.up());
    look = await lookAt(engine, asked);
    await start(cluster2, apps.cluster2);
    await start(cluster1, apps.cluster1);
  });

  afterAll(async () => {
    await engine.destroy();
    await engine.dispose();
    await removeNamespace(cluster1);
    await removeNamespace(cluster2);
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
    await gatewayAlive(cluster1, "cluster2");
    await gatewayAlive(cluster2, "cluster1");
  });

  test("verify leaves nothing out and finds nothing, and then a gateway that stopped", async () => {
    const healthy = await eventually(
      () => look(),
      ({ findings }) => findings.length === 0,
    );
    expect(healthy.skipped).toEqual([]);
    // What is behind the gateway's Service is gone, so that the controller's probe isn't answered.
    await scale(cluster2, gateway, 0);
    await eventually(
      async () => found(await look()),
      (checks) => checks.join() === "cluster2: gateway",
    );
    await scale(cluster2, gateway, 1);
    await eventually(
      () => look(),
      ({ findings }) => findings.length === 0,
      120,
    );
  });

  test("a client is answered by the other cluster's gateway, as which its calls arrive", async () => {
    expect(await answerOf(cluster1, workload("web"), "list")).toContainEqual(doughnut);
    expect(Object.keys(await calls(cluster2, workload("emoji")))).toEqual([identities.gateway]);
  });

  test("a client is answered from pod to pod, where its calls arrive as its own", async () => {
    expect(await answerOf(cluster1, workload("web"), "leaderboard")).toEqual([]);
    await askWeb(cluster1, workload("web"), "vote?choice=:doughnut:");
    const leaderboard = await answerOf(cluster1, workload("web"), "leaderboard");
    expect(leaderboard).toEqual([{ ...doughnut, votes: "1" }]);
    expect(Object.keys(await calls(cluster2, workload("voting")))).toEqual([identities.web]);
  });

  test("a federated service is served by both clusters, and by the other one alone", async () => {
    const askAndCount = async () => {
      await answerOf(cluster1, workload("web-of-both"), "list");
      const ofBoth = workload("emoji-of-both");
      return [await calls(cluster1, ofBoth), await calls(cluster2, ofBoth)];
    };
    await eventually(askAndCount, (counts) =>
      counts.every((byCaller) => Object.keys(byCaller).includes(identities.webOfBoth)),
    );
    await scale(cluster1, workload("emoji-of-both"), 0);
    expect(await answerOf(cluster1, workload("web-of-both"), "list")).toContainEqual(doughnut);
  });

  test("destroy leaves nothing, and the exported services as they were", async () => {
    await engine.destroy();
    const changes = async () => {
      const after = await inventories();
      return [...differences(before[0], after[0]), ...differences(before[1], after[1])];
    };
    await eventually(changes, ({ length }) => length === 0);
    for (const cluster of [cluster1, cluster2]) {
      const { items } = await cluster.core.listNamespacedService({ namespace });
      expect(items.filter(({ metadata }) => metadata?.labels !== undefined)).toEqual([]);
    }
  });
});
