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

test("a stack is read again that was just being written", async () => {
  let times = 0;
  const read = (failure: string) =>
    record(() => readDeployed("prod-cluster-west"), {
      answers: () => {
        times++;
        if (times < 3) throw Object.assign(new Error(failure), { details: failure });
        return { outputs: { kubeconfigs: { west: "config" } } };
      },
    });
  const { result } = await read("failed to load checkpoint: EOF");
  expect([result.kubeconfigs, times]).toEqual([{ west: "config" }, 3]);
  times = 0;
  await expect(read("unknown stack")).rejects.toThrow("unknown stack");
  expect(times).toBe(1);
});
