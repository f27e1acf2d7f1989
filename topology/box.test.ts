import { describe, expect, test } from "vitest";

import { boxFor, boxLines } from "./box.ts";
import { names, service, topologyOf } from "./test-examples.ts";
import type { Topology } from "./topology.ts";

function linesOf(topology: Topology, name: string): string[] {
  const cluster = topology.clusters.find((one) => one.name === name);
  if (cluster === undefined) throw new Error(`There is no ${name}.`);
  return boxLines(boxFor(cluster, topology));
}

const links = { topology: "mesh", carries: ["gateway", "federated"] };

describe("a box of few clusters", () => {
  const services = [
    service("cluster1", "cart", "federated"),
    service("cluster2", "cart", ["gateway", "federated"]),
  ];

  test("has what is there, what is exported and what can be called, each once", () => {
    expect(linesOf(topologyOf(2, { links, services }), "cluster1")).toEqual([
      "cluster1 simulated",
      "pods 10.1.0.0/16",
      "services 172.16.1.0/24",
      "gateway LoadBalancer",
      "exports:",
      "shop/cart by federated",
      "can call:",
      "shop/cart-cluster2",
      "shop/cart-federated",
    ]);
  });

  test("shows the first of many services, and how many more there are", () => {
    const many = names(9).map((name) => service("cluster1", name));
    const lines = linesOf(topologyOf(2, { links, services: many }), "cluster1");
    expect(lines.slice(-2)).toEqual(["shop/cluster5 by gateway", "and 4 more"]);
  });
});

test("a box of many clusters is short", () => {
  const services = [service("cluster1", "cart"), service("cluster1", "stock")];
  const topology = topologyOf(9, { links, services });
  expect(linesOf(topology, "cluster1")).toEqual([
    "cluster1 simulated",
    "pods 10.1.0.0/16",
    "exports 2 services",
  ]);
  expect(linesOf(topology, "cluster2")).toEqual(["cluster2 simulated", "pods 10.2.0.0/16"]);
});
