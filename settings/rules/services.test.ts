import { expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { clustersNamed, configuration, problemsOf, refusal, type Found } from "../test-examples.ts";

const web = { cluster: "east", namespace: "shop", name: "web", export: "gateway" };
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
        { ...web, export: ["gateway", "federated"] },
        { ...web, name: "cart", export: "pod-to-pod" },
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
    { links: everything, services: [{ ...web, export: ["pod-to-pod", "gateway"] }] },
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
    { links: everything, services: [web, { ...web, name: "cart" }, { ...web, export: "federated" }] },
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
    { links: everything, services: [{ ...web, name: "a".repeat(54), export: "federated" }] },
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
      { ...web, export: "federated" },
      { ...web, cluster: "west", export: "federated" },
    ],
  ],
  ["one name in two namespaces", [web, { ...web, namespace: "other" }]],
  [
    "federated beside gateway, and beside pod-to-pod",
    [
      { ...web, export: ["gateway", "federated"] },
      { ...web, name: "cart", export: ["pod-to-pod", "federated"] },
    ],
  ],
])("%s: accepted", (_, services) => {
  expect(parseSettings(configuration({ links: everything, services })).services).toHaveLength(
    services.length,
  );
});
