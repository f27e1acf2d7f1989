import { expect, test } from "vitest";

import { service, topologyOf } from "./test-examples.ts";
import { toText } from "./text.ts";

test("two clusters are tables that fit a terminal", () => {
  const topology = topologyOf(2, {
    links: { topology: "mesh" },
    services: [service("cluster2", "cart")],
    routes: [
      {
        cluster: "cluster1",
        namespace: "shop",
        service: "cart",
        port: 80,
        backends: [{ from: "local", weight: 2 }, { from: "cluster2" }],
      },
    ],
  });
  expect(toText(topology)).toBe(`Linkerd across the clusters of test
2 clusters · 2 links, each one direction · 1 exported service · 1 route · edge-26.8.3
Trust: all clusters of test trust one anchor, made here, valid for 10 years

CLUSTER   SOURCE     PODS         SERVICES       TRUST DOMAIN   GATEWAY       ISSUER
cluster1  simulated  10.1.0.0/16  172.16.1.0/24  cluster.local  LoadBalancer  made here, valid for 1 year
cluster2  simulated  10.2.0.0/16  172.16.2.0/24  cluster.local  LoadBalancer  made here, valid for 1 year

LINK                 CARRIES
cluster1 ↔ cluster2  gateway

EXPORTED SERVICE  OF        BY       APPEARS AS
shop/cart         cluster2  gateway  cart-cluster2 on cluster1

ROUTE         ON        CALLS  GO TO
shop/cart:80  cluster1  all    67% cart, 33% cart-cluster2
`);
});

test("a mesh of many is one line with all its names", () => {
  const text = toText(topologyOf(20, { links: { topology: "mesh" } }));
  expect(text).toContain("Each of these 20 is linked with every other, both ways:");
  expect(text).not.toContain("↔");
});

test("a hub's many spokes are one line", () => {
  const text = toText(topologyOf(20, { links: { topology: "hub-and-spoke", hub: "cluster1" } }));
  expect(text).toMatch(/^cluster1 ↔ each of cluster2, cluster3,/m);
});
