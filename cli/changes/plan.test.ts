import { expect, test } from "vitest";

import { withoutState } from "./plan.ts";

test("a plan says what is to be done and not what is there", () => {
  const steps = ["same"];
  const goal = { inputDiff: {} };
  const plan = { manifest: { version: "3" }, config: { "mesh:a": { value: "b" } } };
  const full = {
    ...plan,
    resourcePlans: { one: { goal, steps, state: { key: "ciphertext" } }, two: { steps } },
  };
  expect(JSON.parse(withoutState(JSON.stringify(full)))).toEqual({
    ...plan,
    resourcePlans: { one: { goal, steps }, two: { steps } },
  });
});

test("the stack's outputs may become whatever follows from what is done", () => {
  const urn = "urn:pulumi:prod::mesh::pulumi:pulumi:Stack::mesh-prod";
  const goal = { type: "pulumi:pulumi:Stack", outputDiff: { updates: { mesh: {} } } };
  const { resourcePlans } = JSON.parse(
    withoutState(JSON.stringify({ resourcePlans: { [urn]: { goal, steps: ["same"] } } })),
  ) as { resourcePlans: Record<string, { goal: { type: string; outputDiff: { adds: object } } }> };
  expect(resourcePlans[urn]?.goal.type).toBe("pulumi:pulumi:Stack");
  expect(Object.keys(resourcePlans[urn]?.goal.outputDiff.adds ?? {})).toEqual([
    "mesh",
    "trust",
    "expires",
    "kubeconfigs",
  ]);
});
