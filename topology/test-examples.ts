import { parseSettings } from "../settings/parse.ts";
import { clustersNamed, configuration } from "../settings/test-examples.ts";
import { describeTopology, type Topology } from "./topology.ts";

type Block = Record<string, unknown>;

/** `cluster1` and so on. */
export function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `cluster${(index + 1).toString()}`);
}

export function service(
  cluster: string,
  name: string,
  modes: string | string[] = "gateway",
  more: Block = {},
): Block {
  const clients = [modes].flat().some((mode) => mode !== "gateway") ? { clients: "any" } : {};
  return { cluster, namespace: "shop", name, export: modes, ...clients, ...more };
}

/** The settings of as many clusters. */
export function settingsOf(count: number, more: Block = {}): Block {
  return configuration({ clusters: clustersNamed(names(count)), ...more });
}

export function topologyOf(count: number, more: Block = {}): Topology {
  return describeTopology(parseSettings(settingsOf(count, more)));
}

const everything = ["gateway", "pod-to-pod", "federated"];

const services = [
  service("cluster1", "cart", "federated"),
  service("cluster2", "cart", ["gateway", "federated"]),
];

const routes = [
  {
    cluster: "cluster1",
    namespace: "shop",
    service: "cart",
    port: 80,
    backends: [
      { from: "local", weight: 90 },
      { from: "cluster2", weight: 10 },
    ],
  },
];

/** Shapes of every size that a picture has to be good at, by name. */
export function shapes(): [string, Topology][] {
  const mesh = { topology: "mesh", carries: everything };
  const hub = { topology: "hub-and-spoke", hub: "cluster1", carries: ["gateway", "federated"] };
  const exceptions = {
    ...mesh,
    pairs: [{ clusters: ["cluster1", "cluster2"], carries: ["gateway", "federated"] }],
    oneWay: [{ source: "cluster3", target: "cluster1", carries: ["gateway"] }],
  };
  const ring = (count: number) => ({
    carries: ["gateway", "federated"],
    pairs: names(count).map((name, index) => ({
      clusters: [name, `cluster${(((index + 1) % count) + 1).toString()}`],
    })),
  });
  const common = { services, routes };
  return [
    ["2 in a mesh", topologyOf(2, { links: mesh, ...common })],
    ["3 around a hub", topologyOf(3, { links: hub, ...common })],
    ["5 in a mesh", topologyOf(5, { links: mesh, ...common })],
    [
      "5 in a mesh with exceptions",
      topologyOf(5, { links: { ...exceptions, carries: everything }, ...common }),
    ],
    ["6 in a ring", topologyOf(6, { links: ring(6), services: [service("cluster1", "cart")] })],
    ["20 in a ring", topologyOf(20, { links: ring(20) })],
    ["8 without links", topologyOf(8)],
    [
      "20 around a hub",
      topologyOf(20, { links: { ...hub, oneWay: [{ source: "cluster5", target: "cluster6" }] }, ...common }),
    ],
    ["20 in a mesh with exceptions", topologyOf(20, { links: exceptions, ...common })],
    ["50 in a mesh", topologyOf(50, { links: mesh, ...common })],
    ["50 in a mesh with exceptions", topologyOf(50, { links: exceptions, ...common })],
    ["50 around a hub", topologyOf(50, { links: hub, ...common })],
  ];
}
