import * as k8s from "@pulumi/kubernetes";
import { describe, expect, test } from "vitest";

import { exportLabels } from "../../settings/mirror.ts";
import type { Mode } from "../../settings/settings.ts";
import { record, types, valueOf } from "../../tests/record.ts";
import { ExportedService, type ExportedServiceArgs } from "./exported-service.ts";

const exported = "mirror.linkerd.io/exported";
const federated = "mirror.linkerd.io/federated";

describe("the labels of an exported service", () => {
  test.each<[Mode[], Record<string, string>]>([
    [["gateway"], { [exported]: "true" }],
    [["pod-to-pod"], { [exported]: "remote-discovery" }],
    [["federated"], { [federated]: "member" }],
    [["gateway", "federated"], { [exported]: "true", [federated]: "member" }],
    [["pod-to-pod", "federated"], { [exported]: "remote-discovery", [federated]: "member" }],
    [[], {}],
  ])("for %j are %j", (modes, labels) => {
    expect(exportLabels(modes)).toEqual(labels);
  });
});

async function make(more: Partial<ExportedServiceArgs> = {}, selector?: Record<string, string>) {
  const program = () => {
    const west = new k8s.Provider("west", {});
    const link = new k8s.core.v1.ConfigMap("link", {}, { provider: west });
    return new ExportedService(
      "west/shop/cart",
      {
        namespace: "shop",
        name: "cart",
        modes: ["gateway", "federated"],
        circuitBreaking: undefined,
        spec: undefined,
        ...more,
      },
      { providers: [west], dependsOn: [link] },
    );
  };
  // What a patch is put on.
  const live = ({ name }: { name: string }) =>
    name === "west/shop/cart-labels" && selector !== undefined ? { spec: { selector } } : undefined;
  return record(program, { outputs: live });
}

const metadata = { name: "cart", namespace: "shop", labels: { [exported]: "true", [federated]: "member" } };

describe("a Service that others own", () => {
  test("says which pods are behind it", async () => {
    const { result } = await make({}, { app: "theirs" });
    expect(await valueOf(result.selector)).toEqual({ app: "theirs" });
  });

  test("may have no pods of its own", async () => {
    const { result } = await make({}, {});
    expect(await valueOf(result.selector)).toEqual({});
  });

  test("gets labels and nothing else, on its own cluster", async () => {
    const { graph } = await make();
    expect(graph.children("west/shop/cart")).toEqual({ "west/shop/cart-labels": types.servicePatch });
    expect(graph.provider("west/shop/cart-labels")).toBe("west");
    expect(graph.named("west/shop/cart-labels").inputs).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata,
    });
  });

  test("gets annotations too where its failing endpoints are to be left alone, which its mirrors copy", async () => {
    const circuitBreaking = { maxFailures: 3, minPenalty: "2s", maxPenalty: "30s", jitterRatio: 0.1 };
    const { graph } = await make({ circuitBreaking });
    expect(graph.named("west/shop/cart-labels").inputs["metadata"]).toEqual({
      ...metadata,
      annotations: {
        "balancer.linkerd.io/failure-accrual": "consecutive",
        "balancer.linkerd.io/failure-accrual-consecutive-max-failures": "3",
        "balancer.linkerd.io/failure-accrual-consecutive-min-penalty": "2s",
        "balancer.linkerd.io/failure-accrual-consecutive-max-penalty": "30s",
        "balancer.linkerd.io/failure-accrual-consecutive-jitter-ratio": "0.1",
      },
    });
  });
});

test("a Service of ours is made with the labels on it", async () => {
  const spec = { selector: { app: "cart" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] };
  const { graph, result } = await make({ spec });
  expect(await valueOf(result.selector)).toEqual({ app: "cart" });
  expect(graph.children("west/shop/cart")).toEqual({ "west/shop/cart-service": types.service });
  expect(graph.named("west/shop/cart-service").inputs).toEqual({
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec,
  });
});

test.each([undefined, { selector: { app: "cart" }, ports: [] }])(
  "an export is taken back before the links are, and others can wait for it (%j)",
  async (spec) => {
    const { graph, result } = await make({ spec });
    const [child = ""] = Object.keys(graph.children("west/shop/cart"));
    expect(graph.dependencies(child)).toEqual(["link"]);
    expect(result.resource).toBeDefined();
  },
);
