import { describe, expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { clustersNamed, configuration, problemsOf, refusal, type Found } from "../test-examples.ts";

type Block = Record<string, unknown>;
type Exports = [string, Block[]];

const clusters = clustersNamed(["east", "west", "north"]);
/** `east` calls `west` in every way, and nobody calls `north`. */
const links = {
  oneWay: [{ source: "east", target: "west", carries: ["gateway", "pod-to-pod", "federated"] }],
};
const web = { cluster: "west", namespace: "shop", name: "web", export: "gateway", ports: [80, 8080] };
const federated = { ...web, export: "federated", clients: "any" };
const route = { cluster: "east", namespace: "shop", service: "web", port: 80 };
const toWest = { ...route, backends: [{ from: "west" }] };
const toLocal = { ...route, backends: [{ from: "local" }] };
const placeholder = { ...toWest, placeholder: true };

function stack(services: Block[], routes: Block[], more: Block = {}) {
  return configuration({ clusters, links, services, routes, ...more });
}

describe("backends", () => {
  test("are the route's own Service, a mirror or the federated one, on the route's port", () => {
    const everywhere = { ...federated, export: ["gateway", "federated"] };
    const backends = [
      { from: "local" },
      { from: "west", weight: 3 },
      { from: "federated", port: 8080, weight: 0 },
    ];
    expect(parseSettings(stack([everywhere], [{ ...route, backends }])).routes).toMatchObject([
      {
        path: "routes.0",
        name: "web",
        backends: [
          { from: "local", origin: "web", service: "web", port: 80, weight: 1 },
          { from: "west", origin: "web", service: "web-west", port: 80, weight: 3 },
          { from: "federated", origin: "web", service: "web-federated", port: 8080, weight: 0 },
        ],
      },
    ]);
  });

  test("may be services of another name", () => {
    const backends = [
      { from: "local", service: "cart" },
      { from: "west", service: "web" },
    ];
    const [found] = parseSettings(stack([web], [{ ...route, service: "shop", backends }])).routes;
    expect(found?.backends.map(({ service }) => service)).toEqual(["cart", "web-west"]);
  });

  test("of the route's own cluster are local ones", () => {
    const own = parseSettings(stack([], [{ ...route, backends: [{ from: "east" }] }]));
    expect(own).toEqual(parseSettings(stack([], [toLocal])));
  });
});

const from = "routes.0.backends.0.from";

test.each<[string, unknown, Found[]]>([
  [
    "a route on an unknown cluster, with whatever else is wrong with it",
    stack(
      [],
      [
        {
          ...route,
          cluster: "south",
          kind: "GRPCRoute",
          api: "policy.linkerd.io",
          backends: [{ from: "local", weight: 0 }],
        },
      ],
    ),
    [
      { path: "routes.0.cluster", value: "south", problem: "is not a cluster of this stack" },
      {
        path: "routes.0.backends",
        problem: "have weights that sum to zero: every call would fail",
      },
      {
        path: "routes.0.api",
        value: "policy.linkerd.io",
        problem: "has no GRPCRoute: that API is older than the kind",
      },
    ],
  ],
  [
    "a backend of an unknown cluster",
    stack([web], [{ ...route, backends: [{ from: "south" }] }]),
    [{ path: from, value: "south", problem: "is not a cluster of this stack" }],
  ],
  [
    "a backend of a cluster without a link",
    stack([web], [{ ...route, backends: [{ from: "north" }] }]),
    [{ path: from, value: "north", problem: "will not exist: no link brings services of north to east" }],
  ],
  [
    "a backend against the direction of the link",
    stack([web], [{ ...route, cluster: "west", backends: [{ from: "east" }] }]),
    [{ path: from, value: "east", problem: "will not exist: no link brings services of east to west" }],
  ],
  ...(
    [
      ["isn't exported", []],
      ["is only exported as federated", [federated]],
      ["is exported in another namespace", [{ ...web, namespace: "other" }]],
      ["is exported by another name", [{ ...web, name: "cart" }]],
    ] as Exports[]
  ).map(([name, services]): [string, unknown, Found[]] => [
    `a backend that ${name}`,
    stack(services, [toWest]),
    [
      {
        path: from,
        value: "west",
        problem: "will not exist: west doesn't export shop/web by gateway or pod-to-pod",
      },
    ],
  ]),
  [
    "a backend whose name another cluster's mirror has by chance",
    stack(
      [{ ...web, cluster: "b-c", name: "a" }],
      [{ ...route, backends: [{ from: "c", service: "a-b" }] }],
      { clusters: clustersNamed(["east", "b-c", "c"]), links: { topology: "mesh" } },
    ),
    [
      {
        path: from,
        value: "c",
        problem: "will not exist: c doesn't export shop/a-b by gateway or pod-to-pod",
      },
    ],
  ],
  [
    "a backend that is exported in a way that this link doesn't carry",
    stack([web], [toWest], {
      links: {
        carries: "pod-to-pod",
        oneWay: [
          { source: "east", target: "west" },
          { source: "north", target: "west", carries: "gateway" },
        ],
      },
    }),
    [
      {
        path: from,
        value: "west",
        problem:
          "will not exist: shop/web is exported by gateway, but the link east -> west carries pod-to-pod",
      },
    ],
  ],
  ...(
    [
      ["that nobody exports as such", [web]],
      ["that comes to other clusters only", [{ ...federated, cluster: "north" }]],
    ] as Exports[]
  ).map(([name, services]): [string, unknown, Found[]] => [
    `a federated backend ${name}`,
    stack(services, [{ ...route, backends: [{ from: "federated" }] }], {
      links: { oneWay: [...links.oneWay, { source: "west", target: "north", carries: "federated" }] },
    }),
    [
      {
        path: from,
        value: "federated",
        problem: "will not exist: no cluster exports shop/web as federated to east",
      },
    ],
  ]),
  [
    "ports that the backends' services don't have",
    stack(
      [
        { ...federated, export: ["gateway", "federated"] },
        { ...web, name: "cart", ports: { port: 9090 } },
      ],
      [
        {
          ...route,
          port: 81,
          backends: [{ from: "west", port: 8080 }, { from: "federated" }, { from: "west", service: "cart" }],
        },
      ],
    ),
    [
      { path: "routes.0.backends.1.port", value: 81, problem: "is not a port of west/shop/web" },
      { path: "routes.0.backends.2.port", value: 81, problem: "is not a port of west/shop/cart" },
    ],
  ],
  [
    "a port that the route's own Service doesn't have, once",
    stack([web], [{ ...toLocal, cluster: "west", port: 81 }]),
    [{ path: "routes.0.port", value: 81, problem: "is not a port of west/shop/web" }],
  ],
  [
    "a port that the mirror by whose name it is called doesn't have",
    stack(
      [web],
      [{ ...toWest, service: "web-west", port: 81, backends: [{ from: "local", service: "web" }] }],
    ),
    [{ path: "routes.0.port", value: 81, problem: "is not a port of west/shop/web" }],
  ],
  [
    "a port that a local backend doesn't have",
    stack(
      [web],
      [
        {
          ...toLocal,
          cluster: "west",
          service: "shop",
          backends: [{ from: "local", service: "web", port: 81 }],
        },
      ],
    ),
    [{ path: "routes.0.backends.0.port", value: 81, problem: "is not a port of west/shop/web" }],
  ],
  [
    "weights that sum to zero",
    stack(
      [web],
      [
        {
          ...route,
          backends: [
            { from: "local", weight: 0 },
            { from: "west", weight: 0 },
          ],
        },
      ],
    ),
    [{ path: "routes.0.backends", problem: "have weights that sum to zero: every call would fail" }],
  ],
  [
    "one backend twice",
    stack(
      [web],
      [{ ...route, backends: [{ from: "west" }, { from: "local" }, { from: "west", port: 80, weight: 9 }] }],
    ),
    [
      {
        path: "routes.0.backends.2",
        value: "web-west:80",
        problem: "is the same Service and port as routes.0.backends.0",
      },
    ],
  ],
  [
    "two placeholders for one Service",
    stack([web], [placeholder, { ...placeholder, name: "other", matches: [{ method: "GET" }] }]),
    [
      {
        path: "routes.1.placeholder",
        value: "east/shop/web",
        problem: "is already made for routes.0",
      },
    ],
  ],
  [
    "a placeholder for a listed service",
    stack([web], [{ ...placeholder, cluster: "west", backends: [{ from: "local", service: "cart" }] }]),
    [
      {
        path: "routes.0.placeholder",
        value: "west/shop/web",
        problem: "is a Service that exists: services.0 exports it",
      },
    ],
  ],
  [
    "a placeholder for a mirror",
    stack([web], [{ ...placeholder, service: "web-west", backends: [{ from: "west", service: "web" }] }]),
    [
      {
        path: "routes.0.placeholder",
        value: "east/shop/web-west",
        problem: "is a Service that Linkerd makes from services.0",
      },
    ],
  ],
  [
    "calls that go to a placeholder, by its own route and by another",
    stack(
      [web],
      [
        { ...placeholder, backends: [{ from: "west" }, { from: "local" }] },
        { ...route, service: "shop", backends: [{ from: "local", service: "web" }] },
      ],
    ),
    [
      {
        path: "routes.0.backends.1",
        value: "web",
        problem: "is the placeholder that routes.0 makes, which has no pods",
      },
      {
        path: "routes.1.backends.0",
        value: "web",
        problem: "is the placeholder that routes.0 makes, which has no pods",
      },
    ],
  ],
  [
    "another port than the placeholder's",
    stack([web], [placeholder, { ...toWest, name: "other", port: 8080 }]),
    [
      {
        path: "routes.1.port",
        value: 8080,
        problem: "is not a port of the placeholder that routes.0 makes",
      },
    ],
  ],
  [
    "two routes of one name",
    stack([web], [toWest, { ...toWest, service: "cart", name: "web", backends: [{ from: "local" }] }]),
    [{ path: "routes.1.name", value: "web", problem: "is already the name of routes.0" }],
  ],
  [
    "two routes that take the same calls",
    stack(
      [web],
      [
        { ...toWest, matches: [{ method: "GET" }] },
        { ...toLocal, name: "other", matches: [{ method: "GET" }] },
      ],
    ),
    [{ path: "routes.1", value: "east/shop/web:80", problem: "takes the same calls as routes.0" }],
  ],
  [
    "a GRPCRoute with what only an HTTPRoute has",
    stack(
      [web],
      [
        {
          ...toWest,
          kind: "GRPCRoute",
          api: "policy.linkerd.io",
          matches: [
            { headers: [{ name: "canary", value: "true" }] },
            { path: { value: "/api" }, queryParams: [{ name: "canary", value: "true" }] },
            { method: "GET" },
          ],
          retries: { http: "5xx" },
        },
      ],
    ),
    [
      { path: "routes.0.matches.1.path", problem: "is something that a GRPCRoute can't match" },
      { path: "routes.0.matches.1.queryParams", problem: "is something that a GRPCRoute can't match" },
      { path: "routes.0.matches.2.method", value: "GET", problem: "is not how a GRPCRoute names a method" },
      {
        path: "routes.0.api",
        value: "policy.linkerd.io",
        problem: "has no GRPCRoute: that API is older than the kind",
      },
      { path: "routes.0.retries.http", value: "5xx", problem: "has no effect on a GRPCRoute" },
    ],
  ],
  [
    "an HTTPRoute with what only a GRPCRoute has",
    stack(
      [web],
      [{ ...toWest, matches: [{ method: { service: "Emoji" } }], retries: { grpc: "unavailable" } }],
    ),
    [
      {
        path: "routes.0.matches.0.method",
        value: { service: "Emoji" },
        problem: "is not how an HTTPRoute names a method",
      },
      { path: "routes.0.retries.grpc", value: "unavailable", problem: "has no effect on an HTTPRoute" },
    ],
  ],
  ...["web-west", "web-federated"].map((service): [string, unknown, Found[]] => [
    `circuit breaking for ${service}, which Linkerd makes`,
    stack(
      [{ ...federated, export: ["gateway", "federated"] }],
      [{ ...toLocal, service, circuitBreaking: { maxFailures: 3 } }],
    ),
    [{ path: "routes.0.circuitBreaking", problem: "is for a Service that Linkerd makes from services.0" }],
  ]),
  [
    "circuit breaking that the service or another route sets too",
    stack(
      [{ ...web, circuitBreaking: {} }],
      [
        { ...toLocal, cluster: "west", circuitBreaking: {} },
        { ...toLocal, service: "cart", circuitBreaking: {} },
        { ...toLocal, service: "cart", name: "other", matches: [{ method: "GET" }], circuitBreaking: {} },
      ],
    ),
    [
      {
        path: "routes.0.circuitBreaking",
        problem: "is already set for west/shop/web at services.0.circuitBreaking",
      },
      {
        path: "routes.2.circuitBreaking",
        problem: "is already set for east/shop/cart at routes.1.circuitBreaking",
      },
    ],
  ],
  [
    "circuit breaking whose first wait is longer than its longest",
    stack([], [{ ...toLocal, circuitBreaking: { minPenalty: "2h", maxPenalty: "90m" } }]),
    [
      {
        path: "routes.0.circuitBreaking.minPenalty",
        value: "2h",
        problem: "is longer than maxPenalty, which is 90m",
      },
    ],
  ],
])("%s: refused", (_, raw, expected) => {
  expect(problemsOf(raw)).toEqual(expected);
});

test.each([
  [stack([], [toWest]), "export it under services, or use another backend"],
  [
    stack([web], [{ ...route, backends: [{ from: "south" }] }]),
    "use one of local, federated, east, north, west",
  ],
  [
    stack([web], [{ ...route, backends: [{ from: "federated" }] }]),
    "add federated to the export of shop/web, and to the link by which it comes to east",
  ],
  [stack([web], [{ ...toWest, port: 81 }]), "use one of 80, 8080, or correct the ports of services.0"],
  [
    stack([web], [{ ...toWest, kind: "GRPCRoute", retries: { http: "5xx" } }]),
    "say in retries.grpc which statuses are tried again, or change the route's kind",
  ],
])("the way out is named", (raw, remedy) => {
  expect(refusal(raw).problems.map((problem) => problem.remedy)).toEqual([remedy]);
});

test.each<[string, Block[], Block[]]>([
  [
    "a port of a service that doesn't say its ports",
    [{ ...web, ports: undefined }],
    [{ ...toWest, port: 81 }],
  ],
  [
    "one Service by two ports",
    [web],
    [{ ...route, backends: [{ from: "west" }, { from: "west", port: 8080 }] }],
  ],
  [
    "two routes of one Service with different matches",
    [web],
    [toWest, { ...toLocal, name: "get", matches: [{ method: "GET" }] }],
  ],
  ["routes of one name in two namespaces", [], [toLocal, { ...toLocal, namespace: "other" }]],
  [
    "a second route of a placeholder's Service",
    [web],
    [placeholder, { ...toWest, name: "get", matches: [{ method: "GET" }] }],
  ],
  ["a placeholder beside a listed service elsewhere", [web], [placeholder]],
  [
    "circuit breaking for a listed service that sets none",
    [web],
    [{ ...toLocal, cluster: "west", circuitBreaking: {} }],
  ],
  [
    "a GRPCRoute with a gRPC method and gRPC retries",
    [web],
    [
      {
        ...toWest,
        kind: "GRPCRoute",
        matches: [{ method: { service: "Emoji" } }],
        retries: { grpc: "unavailable" },
      },
    ],
  ],
  [
    "Linkerd's older HTTPRoute",
    [web],
    [{ ...toWest, api: "policy.linkerd.io", matches: [{ path: { value: "/api" } }] }],
  ],
])("%s: accepted", (_, services, routes) => {
  expect(parseSettings(stack(services, routes)).routes).toHaveLength(routes.length);
});
