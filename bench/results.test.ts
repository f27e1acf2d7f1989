import { expect, test } from "vitest";

import { growth, regressions, report, type Measurement, type Results, type Step } from "./results.ts";

function measurement(
  clusters: number,
  resources: number,
  seconds: Partial<Record<Step, number>>,
): Measurement {
  const steps = Object.fromEntries(
    Object.entries(seconds).map(([step, value]) => [
      step,
      {
        seconds: value,
        cpuSeconds: 1,
        cpu: { engine: 1 },
        peakMegabytes: 30,
        memory: { program: 10, engine: 20 },
        operations: 4,
      },
    ]),
  );
  return {
    clusters,
    topology: "mesh",
    mode: "parts",
    links: clusters * (clusters - 1),
    resources,
    stateMegabytes: 1,
    steps,
    floor: { up: 8, diff: 2 },
  };
}

function results(...measurements: Measurement[]): Results {
  return { machine: "2 cores", node: "v24", engine: "3", measurements };
}

const two = measurement(2, 100, { "first up": 10, destroy: 10 });
const five = measurement(5, 400, { "first up": 40, destroy: 160 });

test("growth is 1 where the time grows as the resources do, and 2 with their square", () => {
  expect(growth(two, five, "first up")).toBeCloseTo(1);
  expect(growth(two, five, "destroy")).toBeCloseTo(2);
  expect(growth(two, five, "verify")).toBeUndefined();
});

test("a report has the times, the growth, a plot, and what each step took", () => {
  const text = report(results(two, five));
  expect(text).toContain("| 5 | 20, mesh | parts | 400 | 1.0 MB | 40 s | 160 s | 8.0 s | 2.0 s |");
  expect(text).toContain("| 2 to 5, mesh, parts | 1.00 |  |  | 2.00 |");
  expect(text).toContain('x-axis "clusters" [2, 5]');
  expect(text).toContain(
    "| 2, mesh, parts | first up | 4 | 10 s | 1.0 s | engine 1 | 30 MB | engine 20, program 10 |",
  );
});

test("what takes longer by more than the ratio is a regression, of the same kind and size only", () => {
  const slower = measurement(2, 100, { "first up": 14, destroy: 16 });
  expect(regressions(results(two), results(slower, five), 1.5)).toEqual([
    "2 clusters, mesh, parts, destroy: 16 s, 1.60 times the 10 s before",
  ]);
  expect(regressions(results(two), results({ ...slower, mode: "one stack" }), 1.5)).toEqual([]);
});
