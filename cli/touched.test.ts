import { expect, test } from "vitest";

import { sharedStacks, touchedStacks } from "./touched.ts";

const stacks = ["prod", "uat"];

test.each([
  [["Pulumi.prod.yaml"], ["prod"]],
  [["policy/uat.json", "README.md"], ["uat"]],
  [["Pulumi.uat.yaml", "Pulumi.prod.yaml"], stacks],
  [["Pulumi.uat.yaml", "components/link/link.ts"], stacks],
  [["Pulumi.yaml"], stacks],
  [["package-lock.json"], stacks],
  [["policy/own-cluster.ts"], stacks],
  [["Pulumi.new.yaml", "Pulumi.dev.yaml"], stacks],
  // Of one person's machine, and what no stack is made of.
  [["Pulumi.dev.yaml", "Pulumi.sim.yaml", "policy/dev.json"], []],
  [["docs/trust.md", "components/link/link.test.ts", "settings/test-examples.ts", "e2e/engine.ts"], []],
  [[".github/workflows/check.yml", ".gitignore", "eslint.config.mjs", "topology/svg.ts"], []],
  [[], []],
])("a change of %j touches %j", (files, expected) => {
  expect(touchedStacks(files, stacks)).toEqual(expected);
});

test("the environments that are shared are those with a stack file, but for one person's own", () => {
  expect(sharedStacks()).toEqual(["prod", "uat"]);
});
