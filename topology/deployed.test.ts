import { describe, expect, test } from "vitest";

import { parseOutputs, withOutputs } from "./deployed.ts";
import { topologyOf } from "./test-examples.ts";
import { toText } from "./text.ts";

const outputs = {
  mesh: {
    environment: "test",
    clusters: {
      cluster1: { source: "simulated", gateway: ["192.0.2.2", "192.0.2.10"] },
      cluster2: { gateway: [] },
    },
  },
  expires: {
    anchors: { "1": "2036-08-01T10:00:00Z" },
    issuers: { cluster1: "2027-08-01T10:00:00Z", cluster2: "2027-08-02T10:00:00Z" },
    webhooks: {},
  },
  kubeconfigs: "[secret]",
};

describe("a deployed stack's outputs", () => {
  const deployed = withOutputs(topologyOf(2), parseOutputs(JSON.stringify(outputs)));

  test("give gateways their addresses", () => {
    expect(deployed.clusters.map(({ gateway }) => gateway.addresses)).toEqual([
      ["192.0.2.2", "192.0.2.10"],
      [],
    ]);
  });

  test("give certificates their dates in place of lifetimes", () => {
    expect(deployed.anchors).toEqual([{ origin: "made here", expires: "2036-08-01T10:00:00Z" }]);
    expect(toText(deployed)).toContain("made here, expires 2027-08-02");
  });

  test("give each generation of a rotation its own", () => {
    const anchors = ["1", "2"].map((generation) => ({
      origin: "made here" as const,
      generation,
      lifetime: "87600h",
    }));
    const expires = { anchors: { "1": "2026-12-01T10:00:00Z", "2": "2036-12-01T10:00:00Z" }, issuers: {} };
    const rotating = withOutputs(
      { ...topologyOf(2), anchors },
      parseOutputs(JSON.stringify({ ...outputs, expires })),
    );
    expect(toText(rotating)).toContain("made here, generation 1, expires 2026-12-01");
    expect(toText(rotating)).toContain("made here, generation 2, expires 2036-12-01");
  });

  test("may lack a date, of what was given", () => {
    const given = { ...outputs, expires: { anchors: {}, issuers: {} } };
    const topology = withOutputs(topologyOf(1), parseOutputs(JSON.stringify(given)));
    expect(topology.anchors).toEqual([{ origin: "made here", lifetime: "87600h" }]);
  });

  test("of another program are refused", () => {
    expect(() => parseOutputs("{}")).toThrow("mesh");
  });
});
