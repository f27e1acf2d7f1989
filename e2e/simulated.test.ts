import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { eventually, TestCluster } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { Engine, nameOf } from "./engine.ts";

const charts = process.env["LINKERD_CHARTS_DIR"];
const linkerd = {
  version: "2026.8.3",
  viz: false,
  ...(charts === undefined ? {} : { charts: { directory: charts } }),
};

function simulated(index: number) {
  return {
    source: "simulated",
    podNetworks: `10.${(24 - index).toString()}.0.0/16`,
    serviceNetworks: `10.${(248 - index).toString()}.0.0/16`,
  };
}

function settings(names: readonly string[], services: readonly object[] = []) {
  return {
    environment: "e2e",
    linkerd,
    clusters: Object.fromEntries(names.map((name, index) => [name, simulated(index + 1)])),
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
    services,
  };
}

const twoClusters = ["cluster1", "cluster2"];
const exported = twoClusters.flatMap((cluster) => [
  { cluster, namespace: "shop", name: "cart", export: "gateway" },
  { cluster, namespace: "shop", name: "stock", export: "pod-to-pod" },
  { cluster, namespace: "shop", name: "search", export: "federated" },
]);

let engine: Engine;
let firstUpdate: string;
let cluster1: TestCluster;
let cluster2: TestCluster;
const controllers = new Controllers();

beforeAll(async () => {
  engine = await Engine.create("e2e", settings(twoClusters));
  firstUpdate = await engine.up("--diff");
  const kubeconfigs = await engine.output<Record<string, string>>("kubeconfigs");
  cluster1 = await TestCluster.open(engine.folder, "cluster1", kubeconfigs["cluster1"] ?? "");
  cluster2 = await TestCluster.open(engine.folder, "cluster2", kubeconfigs["cluster2"] ?? "");
});

afterAll(async () => {
  await controllers.stop();
  await engine.destroy();
  await engine.dispose();
});

describe("two simulated clusters, linked both ways", () => {
  test("a second preview finds nothing to do", async () => {
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("a refresh finds no drift", async () => {
    expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("no private key or token is in clear in the state, the outputs or what the update printed", async () => {
    const outputs = await engine.expectSuccess(["stack", "output", "--stack", engine.stack, "--json"]);
    const state = await engine.exportedState();
    expect(state + outputs + firstUpdate).not.toMatch(
      /PRIVATE KEY|LS0tLS1CRUdJTi[A-Za-z0-9+/]*UFJJVkFURSBLRVk|"token": "ey/,
    );
  });

  test("exporting services that others own adds labels and nothing else", async () => {
    for (const cluster of [cluster1, cluster2]) {
      for (const name of ["cart", "stock", "search"]) await cluster.createService("shop", name);
    }
    await engine.configure(settings(twoClusters, exported));
    const steps = await engine.previewSteps();
    expect(steps.filter(({ op }) => op !== "create").map(({ op, urn }) => [op, nameOf(urn)])).toEqual([]);
    await engine.up();
    const cart = await cluster1.service("shop", "cart");
    expect(cart?.metadata?.labels).toEqual({ app: "cart", "mirror.linkerd.io/exported": "true" });
    expect(cart?.spec?.selector).toEqual({ app: "cart" });
    expect((await cluster1.service("shop", "search"))?.metadata?.labels).toEqual({
      app: "search",
      "mirror.linkerd.io/federated": "member",
    });
  });

  test.skipIf(controllerProgram === undefined)(
    "Linkerd's own controllers mirror all three modes, both ways",
    async () => {
      await controllers.startLocal(cluster1.kubeconfigPath);
      await controllers.startLocal(cluster2.kubeconfigPath);
      await controllers.startLink(cluster1.kubeconfigPath, "cluster2");
      await controllers.startLink(cluster2.kubeconfigPath, "cluster1");
      const mirrorsIn1 = ["cart-cluster2", "search-federated", "stock-cluster2"];
      const mirrorsIn2 = ["cart-cluster1", "search-federated", "stock-cluster1"];
      await eventually(
        () => cluster1.mirrors("shop"),
        (names) => names.join() === mirrorsIn1.join(),
      );
      await eventually(
        () => cluster2.mirrors("shop"),
        (names) => names.join() === mirrorsIn2.join(),
      );
      const stock = await cluster1.service("shop", "stock-cluster2");
      expect(stock?.metadata?.labels).toMatchObject({
        "multicluster.linkerd.io/remote-discovery": "cluster2",
      });
      const link = await cluster1.link("cluster2");
      expect(Object.keys(link.status ?? {}).sort()).toEqual(["federatedServices", "mirrorServices"]);
    },
  );

  test.skipIf(controllerProgram === undefined)(
    "after the controllers' work there is still no change and no drift",
    async () => {
      expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
      expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
    },
  );

  test("taking the exports out takes the labels away again", async () => {
    await engine.configure(settings(twoClusters));
    await engine.up();
    expect((await cluster1.service("shop", "cart"))?.metadata?.labels).toEqual({ app: "cart" });
    if (controllerProgram !== undefined) {
      await eventually(
        () => cluster1.mirrors("shop"),
        (names) => !names.includes("cart-cluster2"),
      );
    }
  });

  test("a third cluster changes nothing on the two but what its links need", async () => {
    await engine.configure(settings([...twoClusters, "cluster3"]));
    const steps = await engine.previewSteps();
    const touched = steps.filter(({ urn }) => !nameOf(urn).includes("cluster3"));
    expect(touched.map(({ op, urn }) => [op, nameOf(urn)])).toEqual([]);
    expect(steps.filter(({ op }) => op !== "create").map(({ op, urn }) => [op, nameOf(urn)])).toEqual([]);
  });
});
