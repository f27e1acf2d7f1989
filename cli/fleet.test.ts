import { describe, expect, test } from "vitest";

import { parseSettings } from "../settings/parse.ts";
import { clustersNamed, configuration } from "../settings/test-examples.ts";
import type { Report } from "./changes/changes.ts";
import { parseRequest } from "./fleet.ts";
import { formatSummary } from "./fleet/fleet-summary.ts";
import { nothingLeaves } from "./fleet/leaving-parts.ts";
import { chooseStacks } from "./fleet/read-fleet.ts";
import { UsageError } from "./terminal/usage.ts";

const settings = parseSettings(
  configuration({ clusters: clustersNamed(["a", "b"]), links: { topology: "mesh", carries: ["gateway"] } }),
);

describe("a call", () => {
  test("names parts with or without the environment's name", () => {
    expect(parseRequest(["up", "prod", "--only", "cluster-a,prod-links-a", "--parallel", "3", "-y"])).toEqual(
      {
        action: "up",
        base: "prod",
        only: ["prod-cluster-a", "prod-links-a"],
        all: false,
        parallel: 3,
        memory: expect.any(Number) as number,
        json: undefined,
        forget: [],
        skipPreview: false,
        previewOnly: false,
        isAgreed: true,
      },
    );
  });

  test("runs a few at a time, and asks first unless it is for one person's machine", () => {
    expect(parseRequest(["up", "prod"])).toMatchObject({ only: undefined, isAgreed: false });
    expect(parseRequest(["up", "prod"]).parallel).toBeGreaterThan(0);
    expect(parseRequest(["up", "sim"]).isAgreed).toBe(true);
  });

  test("gives the runs the memory that is free, or less", () => {
    expect(parseRequest(["up", "prod"]).memory).toBeGreaterThan(0);
    expect(parseRequest(["up", "prod", "--memory", "1.5"]).memory).toBe(1.5e9);
    expect(() => parseRequest(["up", "prod", "--memory", "much"])).toThrow(
      "--memory is much: say how many GB",
    );
    expect(() => parseRequest(["up", "prod", "--parallel", "1.5"])).toThrow(
      "--parallel is 1.5: say a whole number",
    );
  });

  test.each([
    [["prod"]],
    [["import", "prod"]],
    [["up", "prod", "more"]],
    [["up", "prod", "--parallel", "0"]],
    [["up", "prod", "--preview-only"]],
  ])("%j is refused", (args) => {
    expect(() => parseRequest(args)).toThrow(UsageError);
  });
});

test("only the parts that are named are run, in their order", () => {
  const choose = (only: readonly string[] | undefined) =>
    [...chooseStacks({ action: "up", base: "prod", only }, settings, nothingLeaves).keys()].join(" ");
  expect(choose(["prod-links-a", "prod-trust"])).toBe("prod-trust prod-links-a");
  expect(choose(undefined).split(" ")).toHaveLength(7);
  expect(() => choose(["prod-cluster-c"])).toThrow("prod has no part prod-cluster-c; it has prod-trust, ");
});

test("the summary says in a line what came of each part, and below what must be known", () => {
  const report: Report = {
    changes: [
      { operation: "delete", component: "a-linkerd", kinds: ["Secret"], properties: [] },
      { operation: "create", component: "a-linkerd", kinds: ["Role", "Role"], properties: [] },
    ],
    counts: { delete: 1, replace: 0, update: 0, create: 2 },
    violations: [],
    warnings: [],
    errors: [],
  };
  const errors = ["the API server\nsaid no"];
  const summary = formatSummary({
    action: "up",
    environment: "prod",
    parts: [
      { stack: "prod-trust", outcome: "done", seconds: 5, report: { ...report, changes: [] } },
      { stack: "prod-cluster-b", outcome: "unchanged" },
      {
        stack: "prod-cluster-a",
        outcome: "failed",
        seconds: 12,
        report: { ...report, errors },
        log: "logs/a.log",
      },
      { stack: "prod-links-a", outcome: "left out" },
      {
        stack: "prod-links-c",
        outcome: "done",
        leaving: "gone",
        seconds: 4,
        report: { ...report, changes: [] },
      },
      { stack: "prod-cluster-c", outcome: "left out", leaving: "goes" },
    ],
  });
  expect(summary.replaceAll(/ +$/gm, "")).toBe(`prod, up: 2 of 6 parts done, 1 unchanged

done       prod-trust      −1 +2   5 s
unchanged  prod-cluster-b
failed     prod-cluster-a  −1 +2  12 s
left out   prod-links-a
done       prod-links-c    −1 +2   4 s
left out   prod-cluster-c

prod-cluster-a
  − a-linkerd: Secret
  + a-linkerd: 2 Role
  the API server
    said no
  All of it: logs/a.log

prod-links-c: no longer in the file, gone

prod-cluster-c: no longer in the file, goes
`);
});

test("the summary tells of memory where the limit wasn't kept", () => {
  const summary = (peak: number) =>
    formatSummary({
      action: "up",
      environment: "prod",
      parts: [{ stack: "prod-trust", outcome: "unchanged" }],
      memory: { limit: 1e9, peak, largestRun: 0.9e9 },
    });
  expect(summary(1e9)).not.toContain("memory");
  expect(summary(1.26e9)).toContain(
    "The runs took up to 1.3 GB of memory, more than the 1.0 GB that they may: the largest takes 0.9 GB by itself.",
  );
});
