import { globSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import path from "node:path";

import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import packageJson from "../package.json" with { type: "json" };

// GitHub's parser imports JSON as only bundlers do.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context),
});
const { NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");

const root = path.resolve(import.meta.dirname, "..");
const files = globSync(".github/workflows/*.yml", { cwd: root });

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

test("there is a workflow for checks, reviews, updates and drift", () => {
  expect(files.map((file) => path.basename(file, ".yml")).sort()).toEqual([
    "apply",
    "check",
    "drift",
    "review",
  ]);
});

describe.each(files)("%s", (name) => {
  const content = readFileSync(path.join(root, name), "utf8");
  const workflow = parse(content) as Workflow;
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test("is one that GitHub understands", () => {
    const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
    expect(context.errors.getErrors().map(({ message }) => message)).toEqual([]);
  });

  test("pins each action to a commit, and says of which version", () => {
    const lines = content.split("\n").filter((line) => line.includes("uses:"));
    expect(lines).toHaveLength(steps.filter(({ uses }) => uses !== undefined).length);
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("may only read, unless one job says what more it may", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    const writing = jobs.filter(({ permissions = {} }) => Object.values(permissions).includes("write"));
    // What may write runs no code of the change.
    for (const { steps: own } of writing) expect(JSON.stringify(own)).not.toMatch(/checkout|npm|node /);
  });

  test("puts nothing from outside into a script's text, where it would be run", () => {
    for (const { run = "" } of steps) expect(run).not.toContain("${{");
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
  });

  test("runs scripts that there are", () => {
    const called = [...content.matchAll(/npm run ([\w-]+)/g)].map(([, script = ""]) => script);
    expect(called.filter((script) => !(script in packageJson.scripts))).toEqual([]);
  });
});
