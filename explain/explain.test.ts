import { describe, expect, test } from "vitest";

import { factsAfter, service, settings, type Mesh } from "../verify/test-mesh.ts";
import { explain, type Explanation } from "./explain.ts";

function explained(name: string, change?: (mesh: Mesh) => void, cluster = "east"): Explanation {
  const clusters = new Map(factsAfter(change).map((facts) => [facts.name, facts]));
  const found = explain({ cluster, namespace: "shop", service: name }, settings, clusters);
  if (found === undefined) throw new Error("nothing is known");
  return found;
}

/** All that is said of the way to one backend. */
function wayTo(backend: string, { ways }: Explanation): string {
  return ways.find((way) => way.service === `shop/${backend}`)?.sentences.join("\n") ?? "";
}

function selectPods({ east, west }: Mesh): void {
  for (const { services } of [east, west]) {
    for (const one of services)
      if (["cart", "stock", "search"].includes(one.name)) one.selector = { app: one.name };
  }
}

describe("a call to a service with a route", () => {
  const call = explained("cart", selectPods);

  test("is split as the route says", () => {
    expect(call.sentences.join(" ")).toContain("HTTPRoute shop/cart decides where calls to port 80 go.");
    expect(call.ways.map((way) => [way.service, Math.round(way.share)])).toEqual([
      ["shop/cart", 90],
      ["shop/cart-west", 10],
    ]);
  });

  test("goes to pods beside it, which see the caller", () => {
    expect(wayTo("cart", call)).toMatch(
      /pods on east itself: 2 ready pods\. They see the caller's own identity/,
    );
    expect(wayTo("cart", call)).toContain("east's default policy decides: all-unauthenticated");
  });

  test("goes through the other cluster's gateway, whose identity the pods see", () => {
    const way = wayTo("cart-west", call);
    expect(way).toContain("It is the mirror of shop/cart of west.");
    expect(way).toMatch(/calls the gateway of west at 192\.0\.2\.\d+, port 4143/);
    expect(way).toContain(
      "passes the call on to shop/cart of west: 2 ready pods. They see the gateway's identity",
    );
    expect(call.clusters).toEqual(["west"]);
  });
});

test("a call to a mirror without gateway goes straight to the pods", () => {
  const way = wayTo("stock-west", explained("stock-west", selectPods));
  expect(way).toMatch(/calls the pods of shop\/stock on west directly.*2 ready pods.*caller's own identity/);
});

test("a call to a federated service goes to the pods of all members", () => {
  const call = explained("search-federated", selectPods);
  const way = wayTo("search-federated", call);
  expect(way).toContain("one balancer over the pods of search of east, search of west");
  expect(call.clusters).toEqual(["west"]);
});

describe("who may come", () => {
  const server = {
    namespace: "shop",
    name: "stock-80",
    labels: {},
    annotations: {},
    kind: "Server" as const,
    spec: { port: 80, podSelector: { matchLabels: { app: "stock" } } },
  };
  const policy = {
    ...server,
    name: "stock-80-from-east",
    kind: "AuthorizationPolicy" as const,
    spec: {
      targetRef: { kind: "Server", name: "stock-80" },
      requiredAuthenticationRefs: [
        { kind: "MeshTLSAuthentication", name: "web" },
        { kind: "NetworkAuthentication", name: "east" },
      ],
    },
  };
  const web = {
    ...server,
    name: "web",
    kind: "MeshTLSAuthentication" as const,
    spec: { identities: ["web.shop"] },
  };
  const networks = {
    ...server,
    name: "east",
    kind: "NetworkAuthentication" as const,
    spec: { networks: [{ cidr: "10.1.0.0/16", except: ["10.1.9.0/24"] }] },
  };

  test("is said by a Server and its policies", () => {
    const call = explained("stock-west", (mesh) => {
      selectPods(mesh);
      mesh.west.policies.push(server, policy, web, networks);
    });
    expect(wayTo("stock-west", call)).toContain(
      "Server stock-80 closes port 80 but to who comes with the identity web.shop and from 10.1.0.0/16 but not 10.1.9.0/24.",
    );
  });

  test("is nobody where a Server has no policy", () => {
    const call = explained("stock-west", (mesh) => {
      selectPods(mesh);
      mesh.west.policies.push(server);
    });
    expect(wayTo("stock-west", call)).toContain("Server stock-80 closes port 80 to everybody.");
  });

  test("is nobody where the gateway has no policy", () => {
    const call = explained("cart-west", ({ west }) => (west.policies = []));
    expect(wayTo("cart-west", call)).toContain("That gateway admits nobody.");
  });
});

describe("what goes wrong is said:", () => {
  test("a name that nobody knows", () => {
    expect(explained("nothing").sentences.join()).toMatch(
      /east has no Service shop\/nothing.*nor has any other/,
    );
  });

  test("a name that only another cluster knows", () => {
    const call = explained("far", ({ west }) => west.services.push(service("shop", "far")));
    expect(call.sentences.join()).toContain("west has: by the name that it has here");
  });

  test("a Service that is a name only", () => {
    expect(wayTo("stock", explained("stock"))).toContain("no pods of its own");
  });

  test("a ServiceProfile", () => {
    const call = explained("cart", ({ east }) => (east.profiles = ["shop/cart"]));
    expect(call.sentences.join()).toContain("A ServiceProfile of it wins over every route");
    expect(call.ways.map((way) => way.service)).toEqual(["shop/cart"]);
  });

  test("a mirror whose Link is gone", () => {
    expect(
      wayTo(
        "stock-west",
        explained("stock-west", ({ east }) => (east.links = [])),
      ),
    ).toContain("no Link");
  });

  test("a backend that is gone", () => {
    const call = explained("cart", ({ east }) => {
      east.services = east.services.filter(({ name }) => name !== "cart-west");
    });
    expect(wayTo("cart-west", call)).toContain("There is no Service shop/cart-west on east");
  });

  test("a gateway that doesn't answer", () => {
    const call = explained("cart-west", ({ east }) => (east.endpoints = []));
    expect(wayTo("cart-west", call)).toContain("no ready endpoint, so calls fail right away");
  });

  test("a cluster that can't be asked", () => {
    const [east] = factsAfter();
    if (east === undefined) throw new Error("there is one");
    const question = { cluster: "east", namespace: "shop", service: "stock-west" };
    const alone = explain(question, settings, new Map([["east", east]]));
    expect(alone?.ways[0]?.sentences.join()).toContain("west can't be asked");
    expect(explain({ ...question, cluster: "west" }, settings, new Map([["east", east]]))).toBeUndefined();
  });
});
