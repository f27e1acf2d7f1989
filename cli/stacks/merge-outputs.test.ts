import { expect, test } from "vitest";

import { mergeOutputs } from "./merge-outputs.ts";
import { concealed, revealed } from "./state.ts";

test("each part says what is its own, and all of them the same of what they share", () => {
  const east = {
    mesh: {
      environment: "prod",
      clusters: { east: { gateway: ["10.0.0.1"] } },
      links: [],
      parts: { key: "k" },
    },
    trust: { trusted: ["1"], signers: { east: "1" } },
  };
  const west = {
    mesh: { environment: "prod", clusters: { west: {} }, links: [{ source: "west", target: "east" }] },
    trust: { trusted: ["1"], signers: { west: "1" } },
  };
  expect(mergeOutputs([east, west])).toEqual({
    mesh: {
      environment: "prod",
      clusters: { east: { gateway: ["10.0.0.1"] }, west: {} },
      links: [{ source: "west", target: "east" }],
    },
    trust: { trusted: ["1"], signers: { east: "1", west: "1" } },
  });
});

test("what is secret in one stays secret", () => {
  const { kubeconfigs } = mergeOutputs([
    { kubeconfigs: concealed({ east: "e" }) },
    { kubeconfigs: concealed({ west: "w" }) },
    {},
  ]);
  expect(revealed(kubeconfigs)).toEqual({ east: "e", west: "w" });
  expect(JSON.stringify(kubeconfigs)).toContain("plaintext");
});

test("a cluster may be called mesh", () => {
  expect(mergeOutputs([{ mesh: "kubeconfig" }, { east: "other" }])).toEqual({
    mesh: "kubeconfig",
    east: "other",
  });
});
