import { expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { clustersNamed, configuration, problemsOf, refusal, type Found } from "../test-examples.ts";

const web = { cluster: "east", namespace: "shop", name: "web", export: "gateway" };
/** The same, called directly and by everyone. */
const open = { ...web, clients: "any" };
const everything = { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] };
const longName = "a".repeat(59);

test.each<[string, Record<string, unknown>, Found[]]>([
  [
    "a service of an unknown cluster",
    { services: [{ ...web, cluster: "north" }] },
    [{ path: "services.0.cluster", value: "north", problem: "is not a cluster of this stack" }],
  ],
  [
    "an export without a link",
    { services: [web] },
    [
      {
        path: "services.0.export",
        value: "gateway",
        problem: "can't leave east: no link to it carries gateway",
      },
    ],
  ],
  [
    "an export against the direction of the only link",
    { links: { oneWay: [{ source: "east", target: "west" }] }, services: [web] },
    [
      {
        path: "services.0.export",
        value: "gateway",
        problem: "can't leave east: no link to it carries gateway",
      },
    ],
  ],
  [
    "exports that no link carries",
    {
      links: { topology: "mesh" },
      services: [
        { ...open, export: ["gateway", "federated"] },
        { ...open, name: "cart", export: "pod-to-pod" },
      ],
    },
    [
      {
        path: "services.0.export",
        value: "federated",
        problem: "can't leave east: no link to it carries federated",
      },
      {
        path: "services.1.export",
        value: "pod-to-pod",
        problem: "can't leave east: no link to it carries pod-to-pod",
      },
    ],
  ],
  [
    "gateway and pod-to-pod at once",
    { links: everything, services: [{ ...open, export: ["pod-to-pod", "gateway"] }] },
    [
      {
        path: "services.0.export",
        value: ["gateway", "pod-to-pod"],
        problem: "asks for gateway and pod-to-pod at once, which share one label",
      },
    ],
  ],
  [
    "a service that is listed twice",
    { links: everything, services: [web, { ...web, name: "cart" }, { ...open, export: "federated" }] },
    [{ path: "services.2", value: "east/shop/web", problem: "is already listed at services.0" }],
  ],
  [
    "a mirror with a name that is too long",
    { links: everything, services: [{ ...web, name: longName }] },
    [
      {
        path: "services.0.name",
        value: longName,
        problem: "makes a mirror whose name has 64 characters; Kubernetes allows 63",
      },
    ],
  ],
  [
    "a federated service with a name that is too long",
    { links: everything, services: [{ ...open, name: "a".repeat(54), export: "federated" }] },
    [
      {
        path: "services.0.name",
        value: "a".repeat(54),
        problem: "makes a mirror whose name has 64 characters; Kubernetes allows 63",
      },
    ],
  ],
  [
    "two services with the same mirror",
    {
      clusters: clustersNamed(["b-c", "c", "west"]),
      links: { topology: "hub-and-spoke", hub: "west" },
      services: [
        { ...web, cluster: "c", name: "a-b" },
        { ...web, cluster: "b-c", name: "a" },
      ],
    },
    [
      {
        path: "services.1.name",
        value: "a",
        problem: "has the same mirror, a-b-c in west, as services.0",
      },
    ],
  ],
  [
    "a mirror and a federated service of one name",
    {
      clusters: clustersNamed(["x-federated", "west"]),
      links: { topology: "mesh", carries: ["gateway", "federated"] },
      services: [
        { ...web, cluster: "x-federated", name: "a" },
        { ...open, cluster: "x-federated", name: "a-x", export: "federated" },
      ],
    },
    [
      {
        path: "services.1.name",
        value: "a-x",
        problem: "has the same mirror, a-x-federated in west, as services.0",
      },
    ],
  ],
  [
    "a mirror of a listed service's name",
    { links: everything, services: [web, { ...web, cluster: "west", name: "web-east" }] },
    [
      {
        path: "services.0.name",
        value: "web",
        problem: "has the mirror web-east in west, which is already the Service of services.1",
      },
    ],
  ],
  [
    "a federated service of a listed one's name, on its own cluster",
    {
      links: everything,
      services: [
        { ...open, export: "federated" },
        { ...web, name: "web-federated" },
      ],
    },
    [
      {
        path: "services.0.name",
        value: "web",
        problem: "has the mirror web-federated in east, which is already the Service of services.1",
      },
    ],
  ],
  [
    "a headless service that is called directly",
    {
      links: { ...everything, headless: true },
      services: [
        { ...open, headless: true, export: "federated" },
        { ...open, name: "cart", headless: true, export: ["pod-to-pod"] },
      ],
    },
    ["federated", "pod-to-pod"].map((mode, index) => ({
      path: `services.${index.toString()}.export`,
      value: mode,
      problem: "can't be how a headless service is exported: Linkerd mirrors those only through a gateway",
    })),
  ],
  [
    "a headless service where headless services aren't mirrored as such",
    { links: everything, services: [{ ...web, headless: true }] },
    [
      {
        path: "services.0.headless",
        value: true,
        problem: "asks for a headless mirror, but links.headless is off",
      },
    ],
  ],
  [
    "services that are called directly without saying by whom",
    {
      links: everything,
      services: [
        { ...web, export: ["gateway", "federated"] },
        { ...web, name: "cart", export: "pod-to-pod" },
      ],
    },
    [0, 1].map((index) => ({
      path: `services.${index.toString()}.clients`,
      problem: "is missing, and it decides who of other clusters may call these pods directly",
    })),
  ],
  [
    "clients of services that are only called through a gateway",
    {
      links: everything,
      services: [open, { ...web, name: "cart", clients: ["west/shop/web"] }],
    },
    [0, 1].map((index) => ({
      path: `services.${index.toString()}.clients`,
      problem:
        "is only for pod-to-pod and federated: calls through a gateway arrive with the gateway's identity",
    })),
  ],
  [
    "named clients of a service without ports",
    { links: everything, services: [{ ...web, export: "pod-to-pod", clients: ["west/shop/cart"] }] },
    [
      {
        path: "services.0.ports",
        problem: "is missing, but clients are named: only ports that are listed are closed to everyone else",
      },
    ],
  ],
  [
    "a port that is listed twice, and one port of the container with two protocols",
    {
      links: everything,
      services: [
        {
          ...web,
          ports: [8080, { port: 8080, targetPort: "http" }, { port: 80, targetPort: 8080, protocol: "gRPC" }],
        },
      ],
    },
    [
      { path: "services.0.ports.1", value: 8080, problem: "is already listed at services.0.ports.0" },
      {
        path: "services.0.ports.2.protocol",
        value: "gRPC",
        problem: "differs from unknown, which port 8080 speaks at the same container port",
      },
    ],
  ],
  [
    "a first wait that is longer than the longest",
    {
      links: everything,
      services: [
        { ...web, circuitBreaking: { minPenalty: "61s" } },
        { ...web, name: "cart", circuitBreaking: { maxPenalty: "999ms" } },
      ],
    },
    [
      {
        path: "services.0.circuitBreaking.minPenalty",
        value: "61s",
        problem: "is longer than maxPenalty, which is 1m",
      },
      {
        path: "services.1.circuitBreaking.minPenalty",
        value: "1s",
        problem: "is longer than maxPenalty, which is 999ms",
      },
    ],
  ],
])("%s: refused", (_, more, expected) => {
  expect(problemsOf(configuration(more))).toEqual(expected);
});

test("a missing link is named in the remedy", () => {
  expect(refusal(configuration({ services: [web] })).problems[0]?.remedy).toBe(
    "add gateway to a link whose target is east, or export it another way",
  );
});

test.each<[string, object[]]>([
  ["a mirror's name of 63 characters", [{ ...web, name: "a".repeat(58) }]],
  [
    "one federated service in every cluster",
    [
      { ...open, export: "federated" },
      { ...open, cluster: "west", export: "federated" },
    ],
  ],
  ["one name in two namespaces", [web, { ...web, namespace: "other" }]],
  [
    "federated beside gateway, and beside pod-to-pod",
    [
      { ...open, export: ["gateway", "federated"] },
      { ...open, name: "cart", export: ["pod-to-pod", "federated"] },
    ],
  ],
  [
    "two ports at one port of the container",
    [
      {
        ...web,
        ports: [
          { port: 80, targetPort: 8080 },
          { port: 8080, protocol: "unknown" },
        ],
      },
    ],
  ],
  ["waits of the same length", [{ ...web, circuitBreaking: { minPenalty: "60s", maxPenalty: "1m" } }]],
  ["named clients with ports", [{ ...web, export: "pod-to-pod", clients: ["west/shop/cart"], ports: 80 }]],
])("%s: accepted", (_, services) => {
  expect(parseSettings(configuration({ links: everything, services })).services).toHaveLength(
    services.length,
  );
});
