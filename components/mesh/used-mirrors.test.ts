import { KubeConfig } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";

import { parseDeployed } from "../../settings/deployed.ts";
import { parseSettings } from "../../settings/parse.ts";
import type { Place } from "../../settings/part.ts";
import { configuration } from "../../settings/test-examples.ts";
import { record, startApiServer } from "../../tests/record.ts";
import { goingMirrors, routesTo, servicesOf, warnOfUsedMirrors } from "./used-mirrors.ts";

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

describe("a route of others to a mirror that goes", () => {
  const settings = parseSettings(
    configuration({ links: { oneWay: [{ source: "east", target: "west", carries: ["gateway"] }] } }),
  );
  const whole: Place = { part: { kind: "whole" }, base: "prod" };
  const part: Place = { part: { kind: "cluster", cluster: "west" }, base: "prod" };

  /** What is warned of where a mirror of west's on east goes, whose kubeconfigs these stacks know. */
  async function warnings(place: Place, kubeconfigsOf: (stack: string) => Record<string, string>) {
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    const outputs = { mesh: { clusters: {}, services: [{ mirrors: ["east/shop/cart-west"] }] } };
    await record(
      () =>
        warnOfUsedMirrors(
          settings,
          parseDeployed({ ...outputs, kubeconfigs: kubeconfigsOf("own") }),
          [],
          place,
        ),
      {
        answers: (_, { name }) => ({ outputs: { kubeconfigs: kubeconfigsOf(String(name)) } }),
      },
    );
    const messages = warn.mock.calls.map(([message]) => message);
    warn.mockRestore();
    return messages;
  }

  test("is named, also by the part of another cluster, and no matter where nothing knows the way", async () => {
    const east = await startApiServer("east");
    try {
      east.lists["/apis/gateway.networking.k8s.io/v1/httproutes"] = [
        route("theirs", { parentRefs: [{ kind: "Service", name: "cart-west" }] }),
      ];
      const named = [expect.stringContaining("On east, HTTPRoute shop/theirs sends calls to shop/cart-west")];
      const knowing = (stack: string) => (name: string) =>
        name === stack ? { east: east.kubeconfig } : ({} as Record<string, string>);
      expect(await warnings(whole, knowing("own"))).toEqual(named);
      expect(await warnings(part, knowing("organization/mesh/prod-cluster-east"))).toEqual(named);
      expect(await warnings(part, knowing("nowhere"))).toEqual([]);
    } finally {
      await east.close();
    }
  });
});
