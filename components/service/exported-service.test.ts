import * as k8s from "@pulumi/kubernetes";
import { describe, expect, test } from "vitest";

import type { Mode } from "../../settings/settings.ts";
import { record, types } from "../../tests/record.ts";
import { exportLabels, ExportedService } from "./exported-service.ts";

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

const make = () =>
  record(() => {
    const west = new k8s.Provider("west", {});
    const link = new k8s.core.v1.ConfigMap("link", {}, { provider: west });
    return new ExportedService(
      "west-shop-cart",
      { namespace: "shop", name: "cart", modes: ["gateway", "federated"] },
      { providers: [west], dependsOn: [link] },
    );
  });

test("an export patches labels onto a Service that others own, on its own cluster", async () => {
  const { graph } = await make();
  expect(graph.children("west-shop-cart")).toEqual({ "west-shop-cart-labels": types.servicePatch });
  expect(graph.provider("west-shop-cart-labels")).toBe("west");
  expect(graph.named("west-shop-cart-labels").inputs).toEqual({
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "cart",
      namespace: "shop",
      labels: { [exported]: "true", [federated]: "member" },
    },
  });
});

test("it is taken back before the links are", async () => {
  const { graph } = await make();
  expect(graph.dependencies("west-shop-cart-labels")).toEqual(["link"]);
});
