import { BlockList } from "node:net";

import { normalizeCidr } from "cidr-tools";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { configuration, problemsOf, simulated, type Found } from "../test-examples.ts";

const flat = { topology: "mesh", carries: ["pod-to-pod"] };
const joined = "but east and west are joined pod-to-pod";

describe("overlapping networks", () => {
  test.each<[string, Record<string, unknown>, Found[]]>([
    [
      "pods and services of one cluster",
      { clusters: { east: simulated(1, { serviceNetworks: "10.1.128.0/20" }) } },
      [
        {
          path: "clusters.east.podNetworks",
          value: ["10.1.0.0/16"],
          problem: "overlaps the cluster's own service networks 10.1.128.0/20",
        },
      ],
    ],
    [
      "pods of two clusters that are joined pod-to-pod",
      { clusters: { east: simulated(1), west: simulated(2, { podNetworks: "10.0.0.0/8" }) }, links: flat },
      [
        {
          path: "clusters.west.podNetworks",
          value: ["10.0.0.0/8"],
          problem: `overlaps the pods of east (10.1.0.0/16), ${joined}`,
        },
      ],
    ],
    [
      "pods of two clusters that are joined by a federated link in one direction",
      {
        clusters: { east: simulated(1), west: simulated(2, { podNetworks: "10.1.0.0/16" }) },
        links: { oneWay: [{ source: "west", target: "east", carries: ["federated"] }] },
      },
      [
        {
          path: "clusters.west.podNetworks",
          value: ["10.1.0.0/16"],
          problem: `overlaps the pods of east (10.1.0.0/16), ${joined}`,
        },
      ],
    ],
    [
      "pods of the first cluster and services of the second",
      {
        clusters: { east: simulated(1), west: simulated(2, { serviceNetworks: "10.1.0.0/24" }) },
        links: flat,
      },
      [
        {
          path: "clusters.west.serviceNetworks",
          value: ["10.1.0.0/24"],
          problem: `overlaps the pods of east (10.1.0.0/16), ${joined}`,
        },
      ],
    ],
    [
      "services of the first cluster and pods of the second",
      {
        clusters: { east: simulated(1, { serviceNetworks: "10.2.0.0/24" }), west: simulated(2) },
        links: flat,
      },
      [
        {
          path: "clusters.east.serviceNetworks",
          value: ["10.2.0.0/24"],
          problem: `overlaps the pods of west (10.2.0.0/16), ${joined}`,
        },
      ],
    ],
    [
      "pods of each cluster and services of the other",
      {
        clusters: {
          east: simulated(1, { serviceNetworks: "10.2.0.0/24" }),
          west: simulated(2, { serviceNetworks: "10.1.0.0/24" }),
        },
        links: flat,
      },
      [
        {
          path: "clusters.west.serviceNetworks",
          value: ["10.1.0.0/24"],
          problem: `overlaps the pods of east (10.1.0.0/16), ${joined}`,
        },
        {
          path: "clusters.east.serviceNetworks",
          value: ["10.2.0.0/24"],
          problem: `overlaps the pods of west (10.2.0.0/16), ${joined}`,
        },
      ],
    ],
  ])("%s: refused", (_, more, expected) => {
    expect(problemsOf(configuration(more))).toEqual(expected);
  });

  test("of clusters that are joined by gateways only are accepted", () => {
    const clusters = { east: simulated(1), west: simulated(1) };
    expect(() => parseSettings(configuration({ clusters, links: { topology: "mesh" } }))).not.toThrow();
  });

  test("of two spokes are accepted", () => {
    const clusters = { east: simulated(1), hub: simulated(2), west: simulated(1) };
    const links = { topology: "hub-and-spoke", hub: "hub", carries: ["pod-to-pod"] };
    expect(() => parseSettings(configuration({ clusters, links }))).not.toThrow();
  });

  test("are refused exactly when they share an address", () => {
    const v4 = fc.tuple(
      fc.constant("ipv4" as const),
      fc.nat({ max: 3 }).map((n) => `10.${n.toString()}.0.0`),
      fc.integer({ min: 10, max: 18 }),
    );
    const v6 = fc.tuple(
      fc.constant("ipv6" as const),
      fc.nat({ max: 3 }).map((n) => `fd00:${n.toString()}::`),
      fc.integer({ min: 28, max: 34 }),
    );
    const network = fc.oneof(v4, v6).map(([family, address, prefix]) => {
      const [start = "", length = ""] = normalizeCidr(`${address}/${prefix.toString()}`).split("/");
      return { family, start, length: Number(length), text: `${start}/${length}` };
    });
    fc.assert(
      fc.property(network, network, (one, other) => {
        const contains = (outer: typeof one, inner: typeof one) => {
          const list = new BlockList();
          list.addSubnet(outer.start, outer.length, outer.family);
          return list.check(inner.start, inner.family);
        };
        const shared = contains(one, other) || contains(other, one);
        const clusters = {
          east: simulated(1, { podNetworks: one.text }),
          west: simulated(2, { podNetworks: other.text }),
        };
        const parse = () => parseSettings(configuration({ clusters, links: flat }));
        if (shared) expect(parse).toThrow("overlaps the pods of east");
        else expect(parse).not.toThrow();
      }),
    );
  });
});

test("a pod-to-pod link of a cluster that doesn't say its pod networks is refused", () => {
  const clusters = { east: simulated(1), west: { source: "existing", context: "west" } };
  expect(problemsOf(configuration({ clusters, links: flat }))).toEqual([
    {
      path: "clusters.west.podNetworks",
      problem: "is missing, but a link of this cluster goes from pod to pod",
    },
  ]);
});
