import { KubeConfig } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";

import { parseDeployed } from "../../settings/deployed.ts";
import { parseSettings } from "../../settings/parse.ts";
import { configuration } from "../../settings/test-examples.ts";
import { startApiServer } from "../../tests/record.ts";
import { goingMirrors, routesTo, servicesOf } from "./used-mirrors.ts";

const route = (name: string, spec: object, manager = "kubectl") => ({
  metadata: { name, namespace: "shop", managedFields: [{ manager }] },
  spec,
});

describe("the Services that a route names", () => {
  test("are its parents and its backends", () => {
    const spec = {
      parentRefs: [
        { kind: "Service", name: "cart" },
        { kind: "Gateway", name: "edge" },
      ],
      rules: [{ backendRefs: [{ name: "cart-west" }, { name: "cart", namespace: "other" }] }, {}],
    };
    expect(servicesOf(route("r", spec))).toEqual(["shop/cart", "shop/cart-west", "other/cart"]);
  });

  test("are those to which a ServiceProfile sends calls", () => {
    const dstOverrides = [{ authority: "cart-west.shop.svc.cluster.local:8080" }];
    expect(servicesOf(route("p", { dstOverrides }))).toEqual(["shop/cart-west"]);
  });
});

test("mirrors go with their export, their link or their cluster", () => {
  const deployed = parseDeployed({
    mesh: {
      clusters: {},
      services: [
        { mirrors: ["west/shop/cart-east", "west/shop/cart-federated"] },
        { mirrors: ["east/shop/search-west"] },
      ],
    },
  });
  const service = { cluster: "east", namespace: "shop", name: "cart", export: "gateway" };
  const settings = parseSettings(
    configuration({ links: { topology: "mesh", carries: ["gateway"] }, services: [service] }),
  );
  expect([...goingMirrors(deployed, settings)]).toEqual([
    ["west", ["shop/cart-federated"]],
    ["east", ["shop/search-west"]],
  ]);
});

test("routes of others to such mirrors are found, of every kind that the cluster has", async () => {
  const server = await startApiServer("east");
  try {
    const to = (name: string) => ({ rules: [{ backendRefs: [{ name }] }] });
    server.lists["/apis/gateway.networking.k8s.io/v1/httproutes"] = [
      route("theirs", to("cart-west")),
      route("ours", to("cart-west"), "pulumi-kubernetes-0a1b2c3d"),
      route("another", to("cart")),
    ];
    server.lists["/apis/linkerd.io/v1alpha2/serviceprofiles"] = [
      route("profile", { dstOverrides: [{ authority: "cart-west.shop.svc" }] }),
    ];
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig);
    expect(await routesTo(["shop/cart-west"], config)).toEqual([
      { route: "HTTPRoute shop/theirs", mirrors: ["shop/cart-west"] },
      { route: "ServiceProfile shop/profile", mirrors: ["shop/cart-west"] },
    ]);
  } finally {
    await server.close();
  }
});
