import { expect, test } from "vitest";

import { record } from "../../tests/record.ts";
import { readDeployed } from "./read-deployed.ts";

test("what is deployed is this stack's own outputs", async () => {
  const asked: unknown[] = [];
  const { result, graph } = await record(() => readDeployed(), {
    answers: (token, inputs) => {
      asked.push([token, inputs]);
      return { outputs: { kubeconfigs: { east: "config" } } };
    },
  });
  expect(asked).toEqual([["pulumi:pulumi:readStackOutputs", { name: "organization/mesh/test" }]]);
  expect(result.kubeconfigs).toEqual({ east: "config" });
  expect(graph.resources).toEqual([]);
});
