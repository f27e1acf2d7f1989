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
