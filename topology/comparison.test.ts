import { describe, expect, test } from "vitest";

import { changeTexts, compareTopologies, summary } from "./comparison.ts";
import { service, topologyOf } from "./test-examples.ts";
import { toText } from "./text.ts";

const mesh = { topology: "mesh" };

test("a topology doesn't differ from itself", () => {
  const topology = topologyOf(3, { links: mesh, services: [service("cluster1", "cart")] });
  expect(compareTopologies(topology, topology)).toEqual(topology);
  expect(summary(topology)).toBe("no difference");
});

describe("a comparison", () => {
  const before = topologyOf(3, {
    links: mesh,
    services: [service("cluster1", "cart"), service("cluster2", "stock")],
  });
  const after = topologyOf(2, {
    links: { ...mesh, carries: ["gateway", "federated"] },
    services: [service("cluster1", "cart", ["gateway", "federated"]), service("cluster1", "ledger")],
  });
  const compared = compareTopologies(before, after);

  test("has everything of both, in one order", () => {
    expect(compared.clusters.map(({ name, change }) => [name, change])).toEqual([
      ["cluster1", undefined],
      ["cluster2", undefined],
      ["cluster3", "removed"],
    ]);
    expect(compared.services.map(({ name, change }) => [name, change])).toEqual([
      ["cart", "changed"],
      ["ledger", "added"],
      ["stock", "removed"],
    ]);
  });

  test("says in a line how much differs", () => {
    expect(summary(compared)).toBe("clusters −1; links −4 ~2; services +1 −1 ~1");
  });

  test("says what was and is", () => {
    expect(changeTexts(compared)).toContain("~ cluster1 → cluster2 carries: gateway → gateway, federated");
    expect(changeTexts(compared)).toContain("~ cluster1/shop/cart exported by: gateway → gateway, federated");
  });

  test("is marked in the tables of a terminal", () => {
    const text = toText(compared, "before.yaml");
    expect(text).toContain("Compared with before.yaml: clusters −1;");
    expect(text).toMatch(/^− cluster3 /m);
    expect(text).toMatch(/^\+ shop\/ledger /m);
    expect(text).toMatch(/^~ cluster1 ↔ cluster2 +gateway, federated$/m);
  });
});

test("networks, trust and version are compared too", () => {
  const before = topologyOf(1);
  const [cluster] = before.clusters;
  if (cluster === undefined) throw new Error("There is no cluster.");
  const after = {
    ...before,
    linkerd: "edge-26.9.1",
    clusters: [{ ...cluster, podNetworks: ["10.9.0.0/16"] }],
  };
  const { differences, clusters } = compareTopologies(before, after);
  expect(differences).toEqual(["linkerd: edge-26.8.3 → edge-26.9.1"]);
  expect(clusters[0]?.differences).toEqual(["pods: 10.1.0.0/16 → 10.9.0.0/16"]);
});
