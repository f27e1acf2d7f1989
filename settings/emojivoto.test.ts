import fc from "fast-check";
import { describe, expect, test } from "vitest";

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

const mesh = { topology: "mesh" };
const direct = { topology: "mesh", carries: "pod-to-pod" };

function withEmojivoto(emojivoto: unknown, more: object = {}) {
  return configuration({ links: mesh, emojivoto, ...more });
}

describe("emojivoto", () => {
  test("is not there unless it is asked for", () => {
    for (const emojivoto of [undefined, false, "false", { enabled: false, web: "moon" }]) {
      expect(parseSettings(withEmojivoto(emojivoto))).toMatchObject({
        emojivoto: undefined,
        services: [],
        routes: [],
      });
    }
  });

  test("is split over the first two clusters by name", () => {
    const clusters = clustersNamed(["west", "north", "east"]);
    for (const emojivoto of [true, "true", {}, { enabled: true }]) {
      expect(parseSettings(withEmojivoto(emojivoto, { clusters })).emojivoto).toEqual({
        web: "east",
        backends: "north",
        mode: "gateway",
        namespace: "emojivoto",
        registry: "docker.l5d.io/buoyantio",
        version: "v11",
      });
    }
  });

  test.each([
    [{ web: "west" }, "west", "east"],
    [{ backends: "east" }, "north", "east"],
    [{ web: "west", backends: "north" }, "west", "north"],
  ])("goes to the clusters that %o names", (emojivoto, web, backends) => {
    const clusters = clustersNamed(["west", "north", "east"]);
    expect(parseSettings(withEmojivoto(emojivoto, { clusters })).emojivoto).toMatchObject({ web, backends });
  });

  test("exports what the other half calls, and routes web's calls to the other cluster", () => {
    const { services, routes } = parseSettings(withEmojivoto({ namespace: "vote" }));
    expect(services.map(({ cluster, namespace, name, modes }) => [cluster, namespace, name, modes])).toEqual([
      ["east", "vote", "web-svc", ["gateway"]],
      ["west", "vote", "emoji-svc", ["gateway"]],
      ["west", "vote", "voting-svc", ["gateway"]],
    ]);
    expect(
      routes.map(({ cluster, namespace, service, port, placeholder, backends }) => ({
        place: [cluster, namespace, service, port],
        placeholder,
        backends,
      })),
    ).toEqual(
      ["emoji-svc", "voting-svc"].map((origin) => ({
        place: ["east", "vote", origin, 8080],
        placeholder: true,
        backends: [{ from: "west", origin, service: `${origin}-west`, port: 8080, weight: 100 }],
      })),
    );
  });

  test("admits only its own callers where pods are called directly", () => {
    const clusters = {
      east: simulated(1, { trustDomain: "east.example" }),
      west: simulated(2, { trustDomain: "west.example" }),
    };
    const { services } = parseSettings(withEmojivoto({ mode: "pod-to-pod" }, { clusters, links: direct }));
    const web = "web.emojivoto.serviceaccount.identity.linkerd.east.example";
    const voteBot = "vote-bot.emojivoto.serviceaccount.identity.linkerd.west.example";
    expect(services.map(({ name, clients }) => [name, clients])).toEqual([
      ["web-svc", [{ cluster: "west", identities: [voteBot] }]],
      ["emoji-svc", [{ cluster: "east", identities: [web] }]],
      ["voting-svc", [{ cluster: "east", identities: [web] }]],
    ]);
  });
});

const path = "emojivoto";
const oneWay = [{ source: "east", target: "west" }];
const longName = "a".repeat(54);
const listed = { namespace: "emojivoto", export: "gateway" };
const emojiRoute = { cluster: "east", namespace: "emojivoto", service: "emoji-svc", port: 8080 };

test.each<[string, unknown, Found[]]>([
  [
    "a single cluster",
    withEmojivoto(true, { clusters: clustersNamed(["east"]) }),
    [{ path, problem: "is split over two clusters, but this stack doesn't have two" }],
  ],
  [
    "both halves on one cluster",
    withEmojivoto({ web: "east", backends: "east" }),
    [
      {
        path: "emojivoto.backends",
        value: "east",
        problem: "is the cluster of emojivoto.web too, but emojivoto is split over two",
      },
    ],
  ],
  [
    "unknown clusters",
    withEmojivoto({ web: "north", backends: "south" }),
    [
      { path: "emojivoto.web", value: "north", problem: "is not a cluster of this stack" },
      { path: "emojivoto.backends", value: "south", problem: "is not a cluster of this stack" },
    ],
  ],
  [
    "an unknown cluster of web",
    withEmojivoto({ web: "north" }),
    [{ path: "emojivoto.web", value: "north", problem: "is not a cluster of this stack" }],
  ],
  [
    "no links",
    withEmojivoto(true, { links: {} }),
    [
      {
        path,
        problem:
          "calls by gateway in both directions, but no link carries gateway east -> west and west -> east",
      },
    ],
  ],
  [
    "a link in one direction only",
    withEmojivoto(true, { links: { oneWay } }),
    [{ path, problem: "calls by gateway in both directions, but no link carries gateway west -> east" }],
  ],
  [
    "links that carry something else",
    withEmojivoto({ mode: "pod-to-pod" }),
    [
      {
        path,
        problem:
          "calls by pod-to-pod in both directions, but no link carries pod-to-pod east -> west and west -> east",
      },
    ],
  ],
  [
    "two spokes that only meet at the hub",
    withEmojivoto(
      { web: "east", backends: "west" },
      { clusters: clustersNamed(["east", "hub", "west"]), links: { topology: "hub-and-spoke", hub: "hub" } },
    ),
    [
      {
        path,
        problem:
          "calls by gateway in both directions, but no link carries gateway east -> west and west -> east",
      },
    ],
  ],
  [
    "gateways that admit others only",
    withEmojivoto(true, { links: { ...mesh, clients: ["shop/*", "emojivoto/web"] } }),
    [{ path, problem: "calls from west as emojivoto/vote-bot, which the gateway of east doesn't admit" }],
  ],
  [
    "a listed service that it would make",
    withEmojivoto(true, { services: [{ ...listed, cluster: "west", name: "emoji-svc" }] }),
    [{ path, problem: "brings west/emojivoto/emoji-svc, which is already listed at services.0" }],
  ],
  [
    "a listed service where it would make a placeholder",
    withEmojivoto(true, { services: [{ ...listed, cluster: "east", name: "emoji-svc" }] }),
    [
      {
        path,
        problem: "brings east/emojivoto/emoji-svc, which is a Service that exists: services.0 exports it",
      },
    ],
  ],
  [
    "a listed service where Linkerd would make a mirror of it",
    withEmojivoto(true, { services: [{ ...listed, cluster: "east", name: "voting-svc-west" }] }),
    [
      {
        path,
        problem:
          "brings west/emojivoto/voting-svc, which has the mirror voting-svc-west in east, which is already the " +
          "Service of services.0",
      },
    ],
  ],
  [
    "a route of its route's name, that takes the same calls",
    withEmojivoto(true, { routes: [{ ...emojiRoute, backends: [{ from: "west" }] }] }),
    [
      { path, problem: "brings east/emojivoto/emoji-svc, which is already the name of routes.0" },
      { path, problem: "brings east/emojivoto/emoji-svc, which takes the same calls as routes.0" },
    ],
  ],
  [
    "a cluster whose name is too long for its mirrors",
    withEmojivoto({ backends: longName }, { clusters: clustersNamed(["east", longName]) }),
    [
      {
        path,
        problem: `brings ${longName}/emojivoto/emoji-svc, which makes a mirror whose name has 64 characters; Kubernetes allows 63`,
      },
      {
        path,
        problem: `brings ${longName}/emojivoto/voting-svc, which makes a mirror whose name has 65 characters; Kubernetes allows 63`,
      },
    ],
  ],
])("emojivoto with %s: refused", (_, raw, expected) => {
  expect(problemsOf(raw)).toEqual(expected);
});

test.each([
  [
    withEmojivoto(true, { links: {} }),
    "let links.topology or links.pairs join east and west, with gateway in carries",
  ],
  [
    withEmojivoto({ mode: "pod-to-pod" }),
    "let links.topology or links.pairs join east and west, with pod-to-pod in carries, or set emojivoto.mode to " +
      "gateway, which they carry",
  ],
  [
    withEmojivoto(true, { links: { ...mesh, clients: ["emojivoto/web"] } }),
    "add emojivoto/vote-bot to the clients of the link west -> east",
  ],
])("the way out is one that emojivoto has", (raw, remedy) => {
  expect(refusal(raw).problems.map((problem) => problem.remedy)).toEqual([remedy]);
});

test.each<[string, object]>([
  ["its callers by name", { ...mesh, clients: ["emojivoto/web", "emojivoto/vote-bot"] }],
  ["its namespace", { ...mesh, clients: ["emojivoto/*"] }],
  ["everybody", { ...mesh, clients: "any" }],
])("gateways that admit %s are enough", (_, links) => {
  expect(parseSettings(withEmojivoto(true, { links })).services).toHaveLength(3);
});

test("a route beside its own may take some of its calls elsewhere", () => {
  const route = {
    ...emojiRoute,
    name: "canary",
    matches: [{ headers: [{ name: "canary", value: "true" }] }],
    backends: [{ from: "west" }],
  };
  expect(parseSettings(withEmojivoto(true, { routes: [route] })).routes).toHaveLength(3);
});

test("for any clusters that a mesh joins in its mode, it is accepted and every backend is a mirror", () => {
  const stacks = fc.record({
    names: clusterNames(2),
    mode: fc.constantFrom("gateway", "pod-to-pod"),
    others: fc.subarray(["gateway", "pod-to-pod", "federated"]),
  });
  fc.assert(
    fc.property(stacks, ({ names, mode, others }) => {
      const links = { topology: "mesh", carries: [mode, ...others] };
      const { emojivoto, routes } = parseSettings(
        withEmojivoto({ mode }, { clusters: clustersNamed(names), links }),
      );
      const [first, second] = [...names].sort();
      expect(emojivoto).toMatchObject({ web: first, backends: second });
      expect(routes.map(({ backends }) => backends.map(({ service }) => service))).toEqual([
        [`emoji-svc-${second ?? ""}`],
        [`voting-svc-${second ?? ""}`],
      ]);
    }),
  );
});
