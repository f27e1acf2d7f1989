import * as k8s from "@pulumi/kubernetes";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration } from "../../settings/test-examples.ts";
import { record, types } from "../../tests/record.ts";
import { TrafficRoute } from "./traffic-route.ts";

type Block = Record<string, unknown>;

const basic = { cluster: "east", namespace: "shop", service: "cart", port: 80, backends: [{ from: "west" }] };

/** A route on east, as the stack file has it. West exports `cart`, through its gateway and as a federated member. */
async function make(more: Block = {}) {
  const { routes } = parseSettings(
    configuration({
      links: { topology: "mesh", carries: ["gateway", "federated"] },
      services: [
        {
          cluster: "west",
          namespace: "shop",
          name: "cart",
          export: ["gateway", "federated"],
          clients: "any",
        },
      ],
      routes: [{ ...basic, ...more }],
    }),
  );
  const [route] = routes;
  if (route === undefined) throw new Error("There is no route.");
  const { graph } = await record(() => {
    const east = new k8s.Provider("east", {});
    const exported = new k8s.core.v1.ConfigMap("exported", {}, { provider: east });
    return new TrafficRoute("cart", route, { providers: [east], dependsOn: [exported] });
  });
  return { graph, route: graph.named("cart-route") };
}

describe("a route", () => {
  test("is the Gateway API's, on the callers' cluster, once its backends are exported", async () => {
    const { graph, route } = await make();
    expect(graph.children("cart")).toEqual({ "cart-route": types.httpRoute });
    expect(graph.provider("cart-route")).toBe("east");
    expect(graph.dependencies("cart-route")).toEqual(["exported"]);
    expect(route.inputs).toEqual({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "cart", namespace: "shop" },
      spec: {
        parentRefs: [{ group: "core", kind: "Service", name: "cart", port: 80 }],
        rules: [{ backendRefs: [{ name: "cart-west", port: 80, weight: 1 }] }],
      },
    });
  });

  test("mixes local, mirrored and federated backends by weight, each at its own port", async () => {
    const { route } = await make({
      backends: [
        { from: "local", weight: 70 },
        { from: "local", service: "cart-canary", port: 8080, weight: 10 },
        { from: "west", weight: 20 },
        { from: "federated", weight: 0 },
      ],
    });
    expect(route.inputs["spec"]).toMatchObject({
      rules: [
        {
          backendRefs: [
            { name: "cart", port: 80, weight: 70 },
            { name: "cart-canary", port: 8080, weight: 10 },
            { name: "cart-west", port: 80, weight: 20 },
            { name: "cart-federated", port: 80, weight: 0 },
          ],
        },
      ],
    });
  });

  test("a shifted weight is one changed number", async () => {
    const weights = (local: number) => ({ backends: [{ from: "local", weight: local }, { from: "west" }] });
    const { route: before } = await make(weights(9));
    const { route: after } = await make(weights(4));
    expect(JSON.stringify(after.inputs)).toBe(
      JSON.stringify(before.inputs).replace('"weight":9', '"weight":4'),
    );
  });

  test("matches what it is told to", async () => {
    const matches = [
      { path: { type: "Exact", value: "/pay" }, method: "POST" },
      { headers: [{ name: "x-beta", value: "yes" }] },
    ];
    const { route } = await make({ matches });
    expect(route.inputs["spec"]).toMatchObject({ rules: [{ matches }] });
  });

  test("is a GRPCRoute, or Linkerd's own HTTPRoute, where asked for", async () => {
    const { route: grpc } = await make({ kind: "GRPCRoute", matches: [{ method: { service: "v1.Cart" } }] });
    expect(grpc.type).toBe("kubernetes:gateway.networking.k8s.io/v1:GRPCRoute");
    expect(grpc.inputs["spec"]).toMatchObject({ rules: [{ matches: [{ method: { service: "v1.Cart" } }] }] });
    const { route: older } = await make({ api: "policy.linkerd.io" });
    expect(older.type).toBe("kubernetes:policy.linkerd.io/v1beta3:HTTPRoute");
  });

  test("has timeouts and retries as Linkerd's annotations", async () => {
    const { route } = await make({
      name: "cart-slow",
      timeouts: { request: "5s", idle: "500ms" },
      retries: { http: "5xx,429", limit: 2, timeout: "1s" },
    });
    expect(route.inputs["metadata"]).toEqual({
      name: "cart-slow",
      namespace: "shop",
      annotations: {
        "timeout.linkerd.io/request": "5s",
        "timeout.linkerd.io/idle": "500ms",
        "retry.linkerd.io/http": "5xx,429",
        "retry.linkerd.io/limit": "2",
        "retry.linkerd.io/timeout": "1s",
      },
    });
  });
});

const accrual = { "balancer.linkerd.io/failure-accrual": "consecutive" };

describe("the Service that callers name", () => {
  test("is made where it doesn't exist, without pods of its own, before the route", async () => {
    const { graph } = await make({ placeholder: true, circuitBreaking: {} });
    expect(graph.children("cart")).toEqual({
      "cart-placeholder": types.service,
      "cart-route": types.httpRoute,
    });
    expect(graph.named("cart-placeholder").inputs).toMatchObject({
      metadata: { name: "cart", namespace: "shop", annotations: accrual },
      spec: { ports: [{ port: 80 }] },
    });
    expect(graph.named("cart-placeholder").inputs["spec"]).not.toHaveProperty("selector");
    expect(graph.dependencies("cart-route")).toEqual(["cart-placeholder", "exported"]);
  });

  test("gets the annotations for circuit breaking, and nothing else, where others own it", async () => {
    const { graph } = await make({ circuitBreaking: {} });
    expect(graph.children("cart")).toEqual({
      "cart-circuit-breaking": types.servicePatch,
      "cart-route": types.httpRoute,
    });
    const { metadata } = graph.named("cart-circuit-breaking").inputs;
    expect(metadata).toMatchObject({ name: "cart", namespace: "shop", annotations: accrual });
    expect(metadata).not.toHaveProperty("labels");
  });
});
