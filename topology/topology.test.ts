import { readFileSync } from "node:fs";
import path from "node:path";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { stackSettings } from "../cli/stacks/stack-settings.ts";
import { withoutEncrypted } from "../settings/encrypted.ts";
import { parseSettings } from "../settings/parse.ts";
import { configuration } from "../settings/test-examples.ts";
import { toMermaid } from "./mermaid.ts";
import { toSvg } from "./svg.ts";
import { service, settingsOf, topologyOf } from "./test-examples.ts";
import { toText } from "./text.ts";
import { describeTopology } from "./topology.ts";

const root = path.resolve(import.meta.dirname, "..");

function ofStack(name: string) {
  return describeTopology(stackSettings(readFileSync(path.join(root, `Pulumi.${name}.yaml`), "utf8")));
}

describe("the topology of prod", () => {
  const prod = ofStack("prod");

  test("has its clusters with what others need to know of them", () => {
    expect(prod.clusters.map(({ name }) => name)).toEqual(["colocation", "frankfurt", "hub"]);
    expect(prod.clusters[0]).toEqual({
      name: "colocation",
      source: "existing",
      podNetworks: ["10.84.0.0/16"],
      serviceNetworks: ["10.85.0.0/16"],
      trustDomain: "colocation.prod.example.com",
      gateway: { published: true, type: "NodePort", addresses: ["192.0.2.10"] },
      issuer: { origin: "made here", lifetime: "8760h" },
    });
  });

  test("has each direction of its links, and one anchor", () => {
    expect(prod.links.map(({ source, target, carries }) => [source, target, carries.join()])).toEqual([
      ["colocation", "hub", "gateway"],
      ["frankfurt", "hub", "gateway,pod-to-pod,federated"],
      ["hub", "colocation", "gateway"],
      ["hub", "frankfurt", "gateway,pod-to-pod,federated"],
    ]);
    expect(prod.anchors).toEqual([{ origin: "made here", lifetime: "87600h" }]);
  });

  test("says which generations of anchor are trusted during a rotation", () => {
    const trust = { generations: ["1", "2"], signer: "1" };
    const { anchors } = describeTopology(parseSettings(configuration({ trust })));
    expect(anchors).toEqual([
      { origin: "made here", generation: "1", lifetime: "87600h" },
      { origin: "made here", generation: "2", lifetime: "87600h" },
    ]);
  });

  test("says under which names a service appears, and where", () => {
    expect(prod.services.find(({ cluster }) => cluster === "frankfurt")).toEqual({
      cluster: "frankfurt",
      namespace: "shop",
      name: "cart",
      exports: ["pod-to-pod", "federated"],
      appears: [
        { name: "cart-frankfurt", mode: "pod-to-pod", clusters: ["hub"] },
        { name: "cart-federated", mode: "federated", clusters: ["frankfurt", "hub"] },
      ],
    });
  });
});

test("emojivoto is a service like others, and its routes have weights", () => {
  const { services, routes } = ofStack("dev");
  expect(services.map(({ cluster, name }) => `${cluster}/${name}`)).toEqual([
    "cluster1/web-svc",
    "cluster2/emoji-svc",
    "cluster2/voting-svc",
  ]);
  expect(routes[0]?.backends).toEqual([
    { from: "cluster2", service: "emoji-svc-cluster2", port: 8080, weight: 100 },
  ]);
});

test("a given anchor whose certificate is encrypted is known to be there", () => {
  const secure = { secure: "v1:AAAA" };
  const raw = settingsOf(2, { trust: { anchor: { certificate: secure, privateKey: secure } } });
  const { anchors } = describeTopology(parseSettings(withoutEncrypted(raw)));
  expect(anchors).toEqual([{ origin: "given" }]);
});

test("a gateway that isn't published is none", () => {
  const { clusters } = topologyOf(1, {
    clusters: {
      east: {
        source: "simulated",
        podNetworks: "10.1.0.0/16",
        serviceNetworks: "10.2.0.0/16",
        gateway: { enabled: false },
      },
    },
  });
  expect(clusters[0]?.gateway.published).toBe(false);
});

/** The same block with its keys and its lists in another order; lists of pairs and backends are sets too. */
function permuted(value: unknown, next: () => number): unknown {
  const shuffle = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, at: next() }))
      .sort((one, other) => one.at - other.at)
      .map(({ item }) => item);
  if (Array.isArray(value)) return shuffle(value.map((item: unknown) => permuted(item, next)));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(shuffle(Object.entries(value)).map(([key, item]) => [key, permuted(item, next)]));
}

test("the order of a stack file changes no byte of any format", async () => {
  const carries = ["gateway", "pod-to-pod", "federated"];
  const raw = settingsOf(7, {
    links: {
      topology: "hub-and-spoke",
      hub: "cluster2",
      carries,
      pairs: [
        { clusters: ["cluster3", "cluster4"], carries: ["federated", "gateway"] },
        { clusters: ["cluster3", "cluster5"] },
      ],
      oneWay: [{ source: "cluster1", target: "cluster7" }],
    },
    services: [
      service("cluster3", "cart", ["federated", "pod-to-pod"]),
      service("cluster4", "cart", "federated"),
      service("cluster2", "stock"),
    ],
    routes: [
      {
        cluster: "cluster4",
        namespace: "shop",
        service: "cart",
        port: 80,
        backends: [
          { from: "local", weight: 5 },
          { from: "federated", weight: 3 },
        ],
      },
    ],
  });
  const written = async (settings: unknown) => {
    const topology = describeTopology(parseSettings(settings));
    return [JSON.stringify(topology), toText(topology), toMermaid(topology), await toSvg(topology)];
  };
  const expected = await written(raw);
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat()), async (stream) => {
      const next = () => Number(stream.next().value);
      expect(await written(permuted(raw, next))).toEqual(expected);
    }),
    { numRuns: 10 },
  );
}, 60_000);
