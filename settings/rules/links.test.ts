import { expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { configuration, problemsOf, simulated } from "../test-examples.ts";

const toEast = (...carries: string[]) => ({ oneWay: [{ source: "west", target: "east", carries }] });
const withoutGateway = { east: simulated(1, { gateway: { enabled: false } }), west: simulated(2) };
const mixedNamespaces = { east: simulated(1, { controlPlaneNamespace: "mesh" }), west: simulated(2) };

test("a gateway link to a cluster without a gateway is refused", () => {
  expect(
    problemsOf(configuration({ clusters: withoutGateway, links: toEast("gateway", "federated") })),
  ).toEqual([
    {
      path: "clusters.east.gateway.enabled",
      value: false,
      problem: "leaves the gateway link west -> east without a gateway",
    },
  ]);
});

test.each(["pod-to-pod", "federated"])(
  "a %s link between control planes in different namespaces is refused",
  (mode) => {
    expect(problemsOf(configuration({ clusters: mixedNamespaces, links: toEast(mode) }))).toEqual([
      {
        path: "clusters.east.controlPlaneNamespace",
        value: "mesh",
        problem: "differs from west (linkerd), but they are joined pod-to-pod",
      },
    ]);
  },
);

const withEgress = { east: simulated(1), west: simulated(2, { egressNetworks: "192.0.2.0/28" }) };

test("networks from which calls must come are refused where the gateway is open to everyone", () => {
  const links = { topology: "mesh", clients: "any" };
  expect(problemsOf(configuration({ clusters: withEgress, links }))).toEqual([
    {
      path: "clusters.west.egressNetworks",
      value: ["192.0.2.0/28"],
      problem: "are not looked at by the gateway of east, which the link west -> east opens to any",
    },
  ]);
});

test.each([
  ["networks from which calls must come, with clients by name", withEgress, toEast("gateway")],
  [
    "such networks beside an open gateway elsewhere",
    withEgress,
    { oneWay: [{ source: "east", target: "west", clients: "any" }] },
  ],
  ["a pod-to-pod link to a cluster without a gateway", withoutGateway, toEast("pod-to-pod")],
  ["a gateway link between control planes in different namespaces", mixedNamespaces, toEast("gateway")],
  [
    "a gateway link from a cluster without a gateway",
    withoutGateway,
    { oneWay: [{ source: "east", target: "west", carries: ["gateway"] }] },
  ],
])("%s is accepted", (_, clusters, links) => {
  expect(parseSettings(configuration({ clusters, links })).links).toHaveLength(1);
});

test("only tokens of links that are there can be renewed or revoked", () => {
  const credentials = { renewals: { "west-to-east": 1, "west-to-north": 1 }, revoked: ["east-to-west"] };
  expect(problemsOf(configuration({ links: { ...toEast("gateway"), credentials } }))).toEqual([
    {
      path: "links.credentials.renewals.west-to-north",
      value: "west-to-north",
      problem: "is not a link of this stack",
    },
    { path: "links.credentials.revoked", value: "east-to-west", problem: "is not a link of this stack" },
  ]);
});
