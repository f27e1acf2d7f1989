import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { eventually, TestCluster } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { Engine, nameOf } from "./engine.ts";
import { linkerdSettings, simulatedCluster } from "./settings.ts";

function simulated(index: number) {
  return simulatedCluster(24 - index, 248 - index);
}

interface Crossing {
  readonly services?: readonly object[];
  readonly routes?: readonly object[];
  readonly emojivoto?: object;
}

function settings(names: readonly string[], crossing: Crossing = {}) {
  return {
    environment: "e2e",
    linkerd: linkerdSettings,
    clusters: Object.fromEntries(names.map((name, index) => [name, simulated(index + 1)])),
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"], headless: true },
    ...crossing,
  };
}

const twoClusters = ["cluster1", "cluster2"];
const otherThan = (cluster: string) => (cluster === "cluster1" ? "cluster2" : "cluster1");

function exportsOf(cluster: string, stockClients: unknown = [`${otherThan(cluster)}/shop/web`]) {
  const service = { cluster, namespace: "shop" };
  return [
    { ...service, name: "cart", export: "gateway" },
    { ...service, name: "stock", export: "pod-to-pod", clients: stockClients, ports: 80 },
    { ...service, name: "search", export: "federated", clients: "any", circuitBreaking: { maxFailures: 3 } },
  ];
}

function routeTo(weight: number) {
  const backends = [
    { from: "local", weight: 100 - weight },
    { from: "cluster2", weight },
    { from: "federated", service: "search", weight: 0 },
  ];
  return {
    cluster: "cluster1",
    namespace: "shop",
    service: "cart",
    port: 80,
    backends,
    timeouts: { request: "5s" },
  };
}

const headless = { cluster: "cluster2", namespace: "store", name: "db", export: "gateway", headless: true };
const inDepot = { cluster: "cluster1", namespace: "depot", name: "pallets", export: "gateway" };

const everything = {
  services: [...twoClusters.flatMap((cluster) => exportsOf(cluster)), inDepot, headless],
  routes: [routeTo(20)],
  emojivoto: { mode: "pod-to-pod" },
};

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

/** What an update to `crossing` would do, but for steps of kind `expected`. */
async function planned(crossing: Crossing, expected?: string): Promise<string[]> {
  await engine.configure(settings(twoClusters, crossing));
  const steps = await engine.previewSteps();
  return steps
    .filter(({ op }) => op !== expected)
    .map(({ op, urn }) => `${op} ${nameOf(urn)}`)
    .sort();
}

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

  test("what crosses adds resources, and labels to services that others own, and nothing else", async () => {
    await cluster1.createService("depot", "pallets");
    await cluster2.createService("store", "shelf");
    await cluster2.createHeadlessService("store", "db");
    for (const cluster of [cluster1, cluster2]) {
      for (const name of ["cart", "stock", "search"]) await cluster.createService("shop", name);
    }
    expect(await planned(everything, "create")).toEqual([]);
    await engine.up();
    const cart = await cluster1.service("shop", "cart");
    expect(cart?.metadata?.labels).toEqual({ app: "cart", "mirror.linkerd.io/exported": "true" });
    expect(cart?.spec?.selector).toEqual({ app: "cart" });
    expect((await cluster1.service("shop", "search"))?.metadata?.labels).toEqual({
      app: "search",
      "mirror.linkerd.io/federated": "member",
    });
  });

  test("the gateways admit nobody but the linked clusters' identities", async () => {
    for (const cluster of [cluster1, cluster2]) {
      const found = await cluster.identities("linkerd-multicluster");
      expect(found).toEqual({
        "any-meshed": ["linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local"],
        [`linkerd-gateway-from-${otherThan(cluster === cluster1 ? "cluster1" : "cluster2")}`]: [
          "*.serviceaccount.identity.linkerd.cluster.local",
        ],
      });
    }
  });

  test.skipIf(controllerProgram === undefined)(
    "Linkerd's own controllers mirror all three modes, both ways",
    async () => {
      await controllers.startLocal(cluster1.kubeconfigPath);
      await controllers.startLocal(cluster2.kubeconfigPath);
      await controllers.startLink(cluster1.kubeconfigPath, "cluster2");
      await controllers.startLink(cluster2.kubeconfigPath, "cluster1");
      for (const [cluster, other] of [
        [cluster1, "cluster2"],
        [cluster2, "cluster1"],
      ] as const) {
        const wanted = [`cart-${other}`, "search-federated", `stock-${other}`].join();
        await eventually(
          () => cluster.mirrors("shop"),
          (names) => names.join() === wanted,
        );
      }
      const stock = await cluster1.service("shop", "stock-cluster2");
      expect(stock?.metadata?.labels).toMatchObject({
        "multicluster.linkerd.io/remote-discovery": "cluster2",
      });
      // What the link says of them, and their endpoints, come after the mirrors themselves.
      await eventually(
        async () => Object.keys((await cluster1.link("cluster2")).status ?? {}).sort(),
        (said) => said.join() === "federatedServices,mirrorServices",
      );
      const endpoints = { namespace: "shop", name: "cart-cluster2" };
      const { subsets } = await eventually(
        () => cluster1.core.readNamespacedEndpoints(endpoints).catch(() => ({ subsets: undefined })),
        (found) => found.subsets !== undefined,
      );
      expect(subsets?.[0]?.ports?.map(({ port }) => port)).toEqual([4143]);
    },
  );

  test.skipIf(controllerProgram === undefined)(
    "mirrors have what circuit breaking needs, and no mark of a tool that would claim them",
    async () => {
      const cart = await cluster1.service("shop", "cart-cluster2");
      expect(cart?.metadata?.annotations).toMatchObject({ "example.com/owner": "team" });
      expect(cart?.metadata?.annotations).not.toHaveProperty(["argocd.argoproj.io/tracking-id"]);
      const search = await cluster1.service("shop", "search-federated");
      expect(search?.metadata?.annotations).toMatchObject({
        "balancer.linkerd.io/failure-accrual": "consecutive",
        "balancer.linkerd.io/failure-accrual-consecutive-max-failures": "3",
      });
      expect(search?.metadata?.annotations).not.toHaveProperty(["argocd.argoproj.io/tracking-id"]);
    },
  );

  test.skipIf(controllerProgram === undefined)(
    "members of a federated service have joined it on both clusters",
    async () => {
      for (const cluster of [cluster1, cluster2]) {
        const other = otherThan(cluster === cluster1 ? "cluster1" : "cluster2");
        // The other cluster's comes after the service itself.
        await eventually(
          async () => (await cluster.service("shop", "search-federated"))?.metadata?.annotations,
          (found) =>
            found?.["multicluster.linkerd.io/local-discovery"] === "search" &&
            found["multicluster.linkerd.io/remote-discovery"] === `search@${other}`,
        );
      }
    },
  );

  test.skipIf(controllerProgram === undefined)(
    "a namespace that wasn't there is made for a mirror",
    async () => {
      await eventually(
        () => cluster2.mirrors("depot"),
        (names) => names.join() === "pallets-cluster1",
      );
    },
  );

  test.skipIf(controllerProgram === undefined)(
    "a headless service's mirror is headless, with a Service for each named pod",
    async () => {
      await eventually(
        () => cluster1.mirrors("store"),
        (names) => names.join() === "db-0-cluster2,db-cluster2",
      );
      expect((await cluster1.service("store", "db-cluster2"))?.spec?.clusterIP).toBe("None");
      expect((await cluster1.service("store", "db-0-cluster2"))?.spec?.clusterIP).not.toBe("None");
    },
  );

  test.skipIf(controllerProgram === undefined)("every backend of every route exists", async () => {
    for (const [namespace, names] of [
      ["shop", ["cart", "cart-cluster2", "search-federated"]],
      ["emojivoto", ["emoji-svc-cluster2", "voting-svc-cluster2"]],
    ] as const) {
      for (const name of names) {
        await eventually(
          () => cluster1.service(namespace, name),
          (service) => service !== undefined,
        );
      }
    }
  });

  test.skipIf(controllerProgram === undefined)(
    "after the controllers' work there is still no change and no drift",
    async () => {
      expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
      expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
    },
  );

  test("a weight shift is one update, of a route", async () => {
    expect(await planned({ ...everything, routes: [routeTo(50)] })).toEqual([
      "update cluster1/shop/cart-route-route",
    ]);
  });

  test("a route that is taken out goes alone, and leaves nothing behind", async () => {
    expect(await planned({ ...everything, routes: [] })).toEqual([
      "delete cluster1/shop/cart-route",
      "delete cluster1/shop/cart-route-route",
    ]);
    await engine.up();
    const left = await cluster1.inventory();
    expect(left.filter((object) => object === "httproutes shop/cart")).toEqual([]);
    expect(left).toContain("httproutes emojivoto/emoji-svc");
  });

  test("a service that is opened loses its policy, and only that", async () => {
    const opened = [...exportsOf("cluster1"), ...exportsOf("cluster2", "any"), inDepot, headless];
    const steps = await planned({ ...everything, routes: [], services: opened });
    expect(steps.every((step) => step.startsWith("delete cluster2/shop/stock-authorization"))).toBe(true);
    expect(steps).toHaveLength(7);
    await engine.up();
    const left = await cluster2.inventory();
    expect(left.filter((object) => /^\S+ shop\/stock-(80|from)/.test(object))).toEqual([]);
  });

  test("an export that is taken out takes its labels and its mirror away again", async () => {
    await engine.configure(settings(twoClusters, { services: exportsOf("cluster2") }));
    await engine.up();
    expect((await cluster1.service("shop", "cart"))?.metadata?.labels).toEqual({ app: "cart" });
    expect((await cluster1.service("shop", "search"))?.metadata?.annotations).toEqual({
      "argocd.argoproj.io/tracking-id": "search",
      "example.com/owner": "team",
    });
    if (controllerProgram === undefined) return;
    await eventually(
      () => cluster2.mirrors("shop"),
      (names) => names.join() === "search-federated",
    );
  });

  test("without exports there is no mirror, and no emojivoto", async () => {
    await engine.configure(settings(twoClusters));
    await engine.up();
    if (controllerProgram !== undefined) {
      for (const cluster of [cluster1, cluster2]) {
        await eventually(
          () => cluster.mirrors("shop"),
          ({ length }) => length === 0,
        );
      }
    }
    for (const cluster of [cluster1, cluster2]) {
      const left = await cluster.inventory();
      expect(left.filter((object) => object.includes("emojivoto"))).toEqual([]);
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
