import fc from "fast-check";
import { expect, test } from "vitest";

import { parseSettings } from "./parse.ts";
import {
  clusterNames,
  clustersNamed,
  configuration,
  problemsOf,
  refusal,
  simulated,
  type Found,
} from "./test-examples.ts";

/** Three clusters with trust domains of their own; `north` can't call `east`. */
const clusters = {
  east: simulated(1, { trustDomain: "east.example" }),
  west: simulated(2, { trustDomain: "west.example", controlPlaneNamespace: "linkerd" }),
  north: simulated(3, { trustDomain: "north.example" }),
};
const links = { carries: "pod-to-pod", oneWay: [{ source: "west", target: "east" }] };

function named(clients: unknown, more: object = {}) {
  const service = { cluster: "east", namespace: "shop", name: "web", export: "pod-to-pod", ports: 8080 };
  return configuration({ clusters, links, services: [{ ...service, clients }], ...more });
}

function clientsOf(raw: unknown) {
  return parseSettings(raw).services[0]?.clients;
}

const westCart = "cart.shop.serviceaccount.identity.linkerd.west.example";

test("workloads are known by the identities that their cluster gives them", () => {
  expect(clientsOf(named(["west/shop/cart", "west/shop/*", "west/*/*"]))).toEqual([
    {
      cluster: "west",
      identities: [
        "*.serviceaccount.identity.linkerd.west.example",
        "*.shop.serviceaccount.identity.linkerd.west.example",
        westCart,
      ],
    },
  ]);
});

test.each([
  westCart,
  "a.dotted.account.shop.serviceaccount.identity.linkerd.west.example",
  "*.shop.serviceaccount.identity.linkerd.west.example",
  "*.serviceaccount.identity.linkerd.west.example",
])("the identity %s is taken as it is", (identity) => {
  expect(clientsOf(named([identity]))).toEqual([{ cluster: "west", identities: [identity] }]);
});

test("a workload that is named twice, as such and by its identity, counts once", () => {
  expect(clientsOf(named([westCart, "west/shop/cart", "west/shop/cart"]))).toEqual([
    { cluster: "west", identities: [westCart] },
  ]);
});

test("an identity of several clusters with one trust domain is that of each one that calls", () => {
  const shared = { east: simulated(1), west: simulated(2), north: simulated(3), south: simulated(4) };
  const both = { carries: "federated", topology: "hub-and-spoke", hub: "east" };
  const oneWay = [{ source: "south", target: "east", carries: "gateway" }];
  const identity = "cart.shop.serviceaccount.identity.linkerd.cluster.local";
  const service = { cluster: "east", namespace: "shop", name: "web", export: "federated", ports: 8080 };
  const raw = configuration({
    clusters: shared,
    links: { ...both, oneWay },
    services: [{ ...service, clients: [identity] }],
  });
  expect(clientsOf(raw)).toEqual([
    { cluster: "north", identities: [identity] },
    { cluster: "west", identities: [identity] },
  ]);
});

test("any is everyone", () => {
  expect(clientsOf(named("any"))).toBe("any");
});

const client = "services.0.clients.0";

test.each<[string, unknown, Found[]]>([
  ...["west", "west/shop", "west/shop/cart/x", "west/Shop/cart", "west//cart", "west/shop/c_art", "any"].map(
    (text): [string, unknown, Found[]] => [
      `"${text}"`,
      named([text]),
      [{ path: client, value: text, problem: "is not a workload" }],
    ],
  ),
  ["an empty text", named([""]), [{ path: client, value: "", problem: "is not a workload" }]],
  [
    "a service account of no namespace",
    named(["west/*/cart"]),
    [{ path: client, value: "west/*/cart", problem: "names a service account, but not its namespace" }],
  ],
  ...[
    "cart.serviceaccount.identity.linkerd.west.example",
    "cart.*.serviceaccount.identity.linkerd.west.example",
    "cart.shop.pod.identity.linkerd.west.example",
    "*.west.example",
  ].map((text): [string, unknown, Found[]] => [
    `the identity ${text}`,
    named([text]),
    [{ path: client, value: text, problem: "is not a workload" }],
  ]),
  ...[
    "cart.shop.serviceaccount.identity.linkerd.south.example",
    "cart.shop.serviceaccount.identity.mesh.west.example",
    "cart.shop.serviceaccount.identity.linkerd.west.example.org",
  ].map((text): [string, unknown, Found[]] => [
    `the identity ${text} of elsewhere`,
    named([text]),
    [{ path: client, value: text, problem: "is not an identity of any cluster of this stack" }],
  ]),
  [
    "a workload of an unknown cluster",
    named(["south/shop/cart"]),
    [
      {
        path: client,
        value: "south/shop/cart",
        problem: "is on south, which is not a cluster of this stack",
      },
    ],
  ],
  ...["north/shop/cart", "cart.shop.serviceaccount.identity.linkerd.north.example"].map(
    (text): [string, unknown, Found[]] => [
      `${text} of a cluster without a link`,
      named([text]),
      [{ path: client, value: text, problem: "is on north, which no link lets call these pods directly" }],
    ],
  ),
  [
    "a workload of a cluster whose link carries something else",
    named(["north/shop/cart"], {
      links: { ...links, oneWay: [...links.oneWay, { source: "north", target: "east", carries: "gateway" }] },
    }),
    [
      {
        path: client,
        value: "north/shop/cart",
        problem: "is on north, which no link lets call these pods directly",
      },
    ],
  ],
  ...["east/shop/cart", "cart.shop.serviceaccount.identity.linkerd.east.example"].map(
    (text): [string, unknown, Found[]] => [
      `${text} of the service's own cluster`,
      named([text]),
      [
        {
          path: client,
          value: text,
          problem: "is on the service's own cluster, whose callers are let in anyway",
        },
      ],
    ],
  ),
  [
    "several, each where it stands",
    named(["west/shop/cart", "west", "south/shop/cart", "north/*/*"]),
    [
      { path: "services.0.clients.1", value: "west", problem: "is not a workload" },
      {
        path: "services.0.clients.2",
        value: "south/shop/cart",
        problem: "is on south, which is not a cluster of this stack",
      },
      {
        path: "services.0.clients.3",
        value: "north/*/*",
        problem: "is on north, which no link lets call these pods directly",
      },
    ],
  ],
  [
    "clients of a service that no link brings anywhere, once for all of them",
    named(["west/shop/cart", "north/shop/cart"], { links: {} }),
    [
      {
        path: "services.0.export",
        value: "pod-to-pod",
        problem: "can't leave east: no link to it carries pod-to-pod",
      },
    ],
  ],
])("%s: refused", (_, raw, expected) => {
  expect(problemsOf(raw)).toEqual(expected);
});

test.each([
  ["south/shop/cart", "use one of east, north, west"],
  ["west/*/cart", "name the namespace, or write west/*/* for every workload of west"],
  ["north/shop/cart", "remove it, or let a link from there to east carry pod-to-pod"],
])("the way out for %s is: %s", (text, remedy) => {
  expect(refusal(named([text])).problems[0]?.remedy).toBe(remedy);
});

test("for any clusters and workloads, identities end in the trust domain of the cluster they are listed for", () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const parts = fc.oneof(
    fc.tuple(label, fc.oneof(label, fc.constant("*"))),
    fc.constant(["*", "*"] as const),
  );
  const stacks = clusterNames(2, 5).chain((names) =>
    fc.record({
      names: fc.constant(names),
      workloads: fc.array(fc.tuple(fc.constantFrom(...names.slice(1)), parts), { minLength: 1 }),
    }),
  );
  fc.assert(
    fc.property(stacks, ({ names, workloads }) => {
      const service = { cluster: names[0], namespace: "shop", name: "web", export: "federated", ports: 80 };
      const raw = configuration({
        clusters: Object.fromEntries(
          Object.entries(clustersNamed(names)).map(([name, cluster]) => [
            name,
            { ...cluster, trustDomain: `${name}.example` },
          ]),
        ),
        links: { topology: "mesh", carries: "federated" },
        services: [
          { ...service, clients: workloads.map(([cluster, [one, other]]) => `${cluster}/${one}/${other}`) },
        ],
      });
      const found = clientsOf(raw);
      if (found === undefined || found === "any") throw new Error("The clients are lost.");
      expect(found.map(({ cluster }) => cluster)).toEqual(
        [...new Set(workloads.map(([cluster]) => cluster))].sort(),
      );
      for (const { cluster, identities } of found) {
        for (const identity of identities) {
          expect(identity.endsWith(`.serviceaccount.identity.linkerd.${cluster}.example`)).toBe(true);
        }
      }
    }),
  );
});
