import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parseSettings } from "./parse.ts";
import type { LinkSettings } from "./settings.ts";
import {
  clusterNames,
  clustersNamed,
  configuration,
  problemsOf,
  refusal,
  simulated,
  type Found,
} from "./test-examples.ts";

function linksOf(names: readonly string[], links: object): readonly LinkSettings[] {
  return parseSettings(configuration({ clusters: clustersNamed(names), links })).links;
}

/** Every workload of any of these clusters, which share a trust domain. */
const clients = ["*.serviceaccount.identity.linkerd.cluster.local"];

function arrows(links: readonly LinkSettings[]): string[] {
  return links.map(({ source, target }) => `${source} -> ${target}`);
}

describe("links", () => {
  test("a mesh joins every cluster with every other, both ways", () => {
    expect(linksOf(["a", "b", "c"], { topology: "mesh" })).toEqual([
      { name: "a-to-b", source: "a", target: "b", carries: ["gateway"], clients },
      { name: "a-to-c", source: "a", target: "c", carries: ["gateway"], clients },
      { name: "b-to-a", source: "b", target: "a", carries: ["gateway"], clients },
      { name: "b-to-c", source: "b", target: "c", carries: ["gateway"], clients },
      { name: "c-to-a", source: "c", target: "a", carries: ["gateway"], clients },
      { name: "c-to-b", source: "c", target: "b", carries: ["gateway"], clients },
    ]);
  });

  test("hub-and-spoke joins every cluster with the hub only, both ways", () => {
    expect(arrows(linksOf(["a", "b", "c"], { topology: "hub-and-spoke", hub: "b" }))).toEqual([
      "a -> b",
      "b -> a",
      "b -> c",
      "c -> b",
    ]);
  });

  test("a pair is joined both ways, a one-way link isn't", () => {
    const links = { pairs: [{ clusters: ["a", "b"] }], oneWay: [{ source: "c", target: "a" }] };
    expect(arrows(linksOf(["a", "b", "c"], links))).toEqual(["a -> b", "b -> a", "c -> a"]);
  });

  test("a listed link overrides what the topology would carry, in its direction alone", () => {
    const links = {
      topology: "mesh",
      carries: ["federated"],
      oneWay: [{ source: "a", target: "b", carries: ["gateway"] }],
    };
    expect(linksOf(["a", "b"], links)).toEqual([
      { name: "a-to-b", source: "a", target: "b", carries: ["gateway"], clients },
      { name: "b-to-a", source: "b", target: "a", carries: ["federated"], clients },
    ]);
  });

  test("clients may be named before there is any link", () => {
    expect(linksOf(["a", "b"], { carries: "pod-to-pod", clients: ["shop/web"] })).toEqual([]);
  });

  test("a single thing to carry is written without a list", () => {
    const links = { carries: "federated", pairs: [{ clusters: ["a", "b"], carries: "gateway" }] };
    expect(linksOf(["a", "b"], links)).toEqual(
      linksOf(["a", "b"], {
        carries: ["federated"],
        pairs: [{ clusters: ["a", "b"], carries: ["gateway"] }],
      }),
    );
  });

  test("a listed link carries what all links carry unless told otherwise", () => {
    const links = { carries: ["pod-to-pod"], pairs: [{ clusters: ["a", "b"] }] };
    expect(linksOf(["a", "b"], links).map(({ carries }) => carries)).toEqual([
      ["pod-to-pod"],
      ["pod-to-pod"],
    ]);
  });
});

describe("whom a gateway admits", () => {
  const clusters = {
    east: simulated(1, { trustDomain: "east.example" }),
    west: simulated(2, { trustDomain: "west.example", controlPlaneNamespace: "mesh" }),
  };
  const clientsOf = (links: object) =>
    Object.fromEntries(
      parseSettings(configuration({ clusters, links })).links.map((link) => [link.name, link.clients]),
    );

  test("every workload of the source unless told otherwise, and none of any other trust domain", () => {
    expect(clientsOf({ topology: "mesh" })).toEqual({
      "east-to-west": ["*.serviceaccount.identity.linkerd.east.example"],
      "west-to-east": ["*.serviceaccount.identity.mesh.west.example"],
    });
  });

  test("the named workloads, by the source's identities", () => {
    expect(clientsOf({ topology: "mesh", clients: ["shop/web", "shop/*", "*/*"] })).toEqual({
      "east-to-west": [
        "web.shop.serviceaccount.identity.linkerd.east.example",
        "*.shop.serviceaccount.identity.linkerd.east.example",
        "*.serviceaccount.identity.linkerd.east.example",
      ],
      "west-to-east": [
        "web.shop.serviceaccount.identity.mesh.west.example",
        "*.shop.serviceaccount.identity.mesh.west.example",
        "*.serviceaccount.identity.mesh.west.example",
      ],
    });
  });

  test("those that a listed link names, in place of those of all links", () => {
    expect(
      clientsOf({
        topology: "mesh",
        clients: ["shop/web"],
        oneWay: [{ source: "east", target: "west", clients: "any" }],
      }),
    ).toEqual({
      "east-to-west": "any",
      "west-to-east": ["web.shop.serviceaccount.identity.mesh.west.example"],
    });
  });

  test("for any clusters and workloads, only whom the source's trust domain vouches for", () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const client = fc.oneof(
      fc.tuple(label, fc.oneof(label, fc.constant("*"))).map((parts) => parts.join("/")),
      fc.constant("*/*"),
    );
    fc.assert(
      fc.property(clusterNames(2, 5), fc.array(client, { minLength: 1 }), (names, named) => {
        const domains = Object.fromEntries(
          Object.entries(clustersNamed(names)).map(([name, cluster]) => [
            name,
            { ...cluster, trustDomain: `${name}.example` },
          ]),
        );
        const { links } = parseSettings(
          configuration({ clusters: domains, links: { topology: "mesh", clients: named } }),
        );
        for (const link of links) {
          expect(link.clients).toHaveLength(named.length);
          for (const identity of link.clients) {
            expect(identity).toMatch(
              new RegExp(`\\.serviceaccount\\.identity\\.linkerd\\.${link.source}\\.example$`),
            );
          }
        }
      }),
    );
  });
});

describe("wrong links", () => {
  const unknown = "is not a cluster of this stack";

  test.each<[string, object, Found[]]>([
    [
      "a hub without hub-and-spoke",
      { topology: "mesh", hub: "east" },
      [{ path: "links.hub", value: "east", problem: "is only used by the hub-and-spoke topology" }],
    ],
    [
      "hub-and-spoke without a hub",
      { topology: "hub-and-spoke" },
      [{ path: "links.hub", problem: "is missing, but the topology is hub-and-spoke" }],
    ],
    [
      "an unknown hub",
      { topology: "hub-and-spoke", hub: "north" },
      [{ path: "links.hub", value: "north", problem: unknown }],
    ],
    [
      "a pair of one cluster",
      { pairs: [{ clusters: ["east", "east"] }] },
      [{ path: "links.pairs.0", value: "east", problem: "links a cluster to itself" }],
    ],
    [
      "a one-way link of one cluster",
      { topology: "mesh", oneWay: [{ source: "west", target: "west" }] },
      [{ path: "links.oneWay.0", value: "west", problem: "links a cluster to itself" }],
    ],
    [
      "a pair of two unknown clusters",
      { pairs: [{ clusters: ["north", "south"] }] },
      [
        { path: "links.pairs.0", value: "north", problem: unknown },
        { path: "links.pairs.0", value: "south", problem: unknown },
      ],
    ],
    [
      "a one-way link from an unknown cluster",
      { oneWay: [{ source: "north", target: "east" }] },
      [{ path: "links.oneWay.0", value: "north", problem: unknown }],
    ],
    [
      "a one-way link that a pair holds already",
      { pairs: [{ clusters: ["east", "west"] }], oneWay: [{ source: "west", target: "east" }] },
      [{ path: "links.oneWay.0", value: "west -> east", problem: "is already listed at links.pairs.0" }],
    ],
    [
      "a pair that is listed twice",
      { pairs: [{ clusters: ["east", "west"] }, { clusters: ["west", "east"] }] },
      [
        { path: "links.pairs.1", value: "west -> east", problem: "is already listed at links.pairs.0" },
        { path: "links.pairs.1", value: "east -> west", problem: "is already listed at links.pairs.0" },
      ],
    ],
    [
      "clients of links none of which carries gateway",
      { topology: "mesh", carries: "pod-to-pod", clients: ["shop/web"] },
      [
        {
          path: "links.clients",
          value: ["shop/web"],
          problem: "says who may pass a gateway, but no link carries gateway",
        },
      ],
    ],
    [
      "clients of a pair and of a one-way link that don't carry gateway",
      {
        topology: "mesh",
        pairs: [{ clusters: ["east", "west"], carries: "federated", clients: ["shop/web"] }],
        oneWay: [{ source: "east", target: "moon", carries: ["pod-to-pod"], clients: "any" }],
      },
      [
        { path: "links.oneWay.0", value: "moon", problem: unknown },
        {
          path: "links.pairs.0.clients",
          value: ["shop/web"],
          problem: "says who may pass a gateway, but this link doesn't carry gateway",
        },
        {
          path: "links.oneWay.0.clients",
          value: "any",
          problem: "says who may pass a gateway, but this link doesn't carry gateway",
        },
      ],
    ],
  ])("%s: refused", (_, links, expected) => {
    expect(problemsOf(configuration({ links }))).toEqual(expected);
  });

  test("two links that would have one name are refused instead of one being lost", () => {
    const clusters = clustersNamed(["a", "b-to-c", "a-to-b", "c"]);
    const oneWay = [
      { source: "a", target: "b-to-c" },
      { source: "a-to-b", target: "c" },
    ];
    expect(problemsOf(configuration({ clusters, links: { oneWay } }))).toEqual([
      {
        path: "links",
        value: "a-to-b-to-c",
        problem: "is the name of two links, a -> b-to-c and a-to-b -> c",
      },
    ]);
  });

  test("a missing hub and an unknown one are answered with the clusters there are", () => {
    const remedyFor = (links: object) => refusal(configuration({ links })).problems[0]?.remedy;
    expect(remedyFor({ topology: "hub-and-spoke" })).toBe("name the cluster in the middle: east, west");
    expect(remedyFor({ topology: "hub-and-spoke", hub: "north" })).toBe("use one of east, west");
  });
});

describe("for any clusters", () => {
  test("a mesh of n has n(n-1) links, none twice and none of a cluster to itself", () => {
    fc.assert(
      fc.property(clusterNames(1), (names) => {
        const links = linksOf(names, { topology: "mesh" });
        expect(links).toHaveLength(names.length * (names.length - 1));
        expect(new Set(arrows(links)).size).toBe(links.length);
        expect(new Set(links.map(({ name }) => name)).size).toBe(links.length);
        expect(links.filter(({ source, target }) => source === target)).toEqual([]);
      }),
    );
  });

  test("hub-and-spoke of n has 2(n-1) links, all of which touch the hub", () => {
    fc.assert(
      fc.property(clusterNames(1), fc.nat(), (names, index) => {
        const hub = names[index % names.length] ?? "";
        const links = linksOf(names, { topology: "hub-and-spoke", hub });
        expect(new Set(arrows(links)).size).toBe(2 * (names.length - 1));
        expect(links).toHaveLength(2 * (names.length - 1));
        for (const { source, target } of links) {
          expect([source, target].filter((end) => end === hub)).toHaveLength(1);
        }
      }),
    );
  });

  test("one more cluster in a mesh changes no link that was there", () => {
    fc.assert(
      fc.property(clusterNames(2), (names) => {
        const [added = "", ...before] = names;
        const links = linksOf(names, { topology: "mesh" });
        expect(links.filter(({ source, target }) => source !== added && target !== added)).toEqual(
          linksOf(before, { topology: "mesh" }),
        );
      }),
    );
  });

  test("what links carry means the same in any order and with repetitions", () => {
    const modes = fc.subarray(["gateway", "pod-to-pod", "federated"], { minLength: 1 });
    const rewritten = modes.chain((carries) =>
      fc.tuple(
        fc.constant(carries),
        fc.array(fc.constantFrom(...carries)).map((more) => [...more, ...carries].reverse()),
      ),
    );
    fc.assert(
      fc.property(clusterNames(2, 5), rewritten, (names, [carries, rewrittenCarries]) => {
        const [one = "", other = ""] = names;
        const parse = (written: string[]) =>
          parseSettings(
            configuration({
              clusters: clustersNamed(names),
              links: {
                topology: "mesh",
                carries: written,
                oneWay: [{ source: one, target: other, carries: written }],
              },
              services: [
                {
                  cluster: one,
                  namespace: "shop",
                  name: "web",
                  export: written.filter(notGateway),
                  clients: "any",
                },
              ].filter((service) => service.export.length > 0),
            }),
          );
        expect(parse(rewrittenCarries)).toEqual(parse(carries));
      }),
    );
  });
});

/** A service can't be exported through a gateway and pod-to-pod at once. */
function notGateway(mode: string): boolean {
  return mode !== "gateway";
}

test("clusters that aren't linked may have the same networks", () => {
  const clusters = { east: simulated(1), west: simulated(1) };
  expect(parseSettings(configuration({ clusters })).links).toEqual([]);
});
