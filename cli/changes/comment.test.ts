import { expect, test } from "vitest";

import { summarize, type Report } from "./changes.ts";
import { commentOf, drifted } from "./comment.ts";

const nothing: Report = summarize([]);

test("nothing to do is one line", () => {
  expect(commentOf({ stack: "prod", report: nothing, failed: false })).toBe(
    "<!-- mesh: prod -->\n### prod: no change\n",
  );
});

test("what changes is a table, below what needs a look", () => {
  const report: Report = {
    ...nothing,
    counts: { delete: 0, replace: 1, update: 2, create: 3 },
    changes: [
      { operation: "replace", component: "trust-anchor", kinds: ["PrivateKey"], properties: ["algorithm"] },
      {
        operation: "update",
        component: "east-linkerd",
        kinds: ["Deployment", "Deployment"],
        properties: Array.from({ length: 8 }, (_, index) => `spec.${index.toString()}`),
      },
      { operation: "create", component: "a-to-b", kinds: ["Link", "Secret", "Secret"], properties: ["spec"] },
    ],
    violations: [{ policy: "own-cluster", level: "mandatory", resource: "it", message: "one\ntwo" }],
    warnings: ["It ends soon."],
  };
  expect(commentOf({ stack: "prod", report, failed: false, topology: "flowchart LR\n" })).toBe(
    [
      "<!-- mesh: prod -->",
      "### prod: 1 to replace, 2 to update, 3 to create",
      "",
      "**Policies**",
      "",
      "- `own-cluster` (mandatory), `it`: one",
      "  two",
      "",
      "**Warnings**",
      "",
      "- It ends soon.",
      "",
      "| | of | what |",
      "| --- | --- | --- |",
      "| `±` | `trust-anchor` | PrivateKey in `algorithm` |",
      "| `~` | `east-linkerd` | 2 Deployment in `spec.0`, `spec.1`, `spec.2`, `spec.3`, `spec.4`, `spec.5` and 2 more |",
      "| `+` | `a-to-b` | 2 Secret, Link |",
      "",
      "```mermaid",
      "flowchart LR",
      "```",
      "",
    ].join("\n"),
  );
});

test("a refusal says why", () => {
  const comment = commentOf({
    stack: "prod",
    report: { ...nothing, errors: ["clusters.east is wrong"] },
    failed: true,
  });
  expect(comment).toContain("### prod: refused\n\n```text\nclusters.east is wrong\n```\n");
});

test("many changes stay readable, and say how many there are", () => {
  const changes = Array.from({ length: 45 }, (_, index) => ({
    operation: "create" as const,
    component: `link-${index.toString()}`,
    kinds: ["Link"],
    properties: [],
  }));
  const comment = commentOf({ stack: "prod", report: { ...nothing, changes }, failed: false });
  expect(comment.match(/^\| `\+`/gm)).toHaveLength(40);
  expect(comment).toContain("\nAnd 5 more: see the log.\n");
});

test("what was found to differ is told as such", () => {
  const report: Report = { ...nothing, counts: { delete: 1, replace: 0, update: 2, create: 0 } };
  expect(commentOf({ stack: "prod", report, failed: false, words: drifted })).toBe(
    "<!-- mesh: prod -->\n### prod: 1 gone, 2 changed\n",
  );
});
