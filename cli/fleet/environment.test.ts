import { expect, test } from "vitest";

import { summarize, type Change } from "../changes/changes.ts";
import { changesText } from "./environment.ts";

function summaryOf(parts: Readonly<Record<string, readonly Change[]>>) {
  return {
    action: "preview",
    environment: "prod",
    parts: Object.entries(parts).map(([stack, changes]) => ({
      stack,
      outcome: "done" as const,
      report: { ...summarize([]), changes },
    })),
  };
}

const made: Change = { operation: "create", component: "east", kinds: ["Secret", "Link"], properties: [] };
const changed: Change = { operation: "update", component: "west", kinds: ["Chart"], properties: ["a", "b"] };

test("what would be changed is the same text whatever came first, and another one where anything differs", () => {
  const text = changesText(summaryOf({ "prod-a": [made, changed], "prod-b": [changed] }));
  expect(text).toBe(
    "prod-a\tcreate\teast\tLink Secret\t\nprod-a\tupdate\twest\tChart\ta b\nprod-b\tupdate\twest\tChart\ta b\n",
  );
  const turned = { ...changed, properties: ["b", "a"] };
  expect(changesText(summaryOf({ "prod-b": [turned], "prod-a": [turned, made] }))).toBe(text);
  expect(changesText(summaryOf({ "prod-a": [made], "prod-b": [changed] }))).not.toBe(text);
  expect(changesText({ ...summaryOf({}), parts: [{ stack: "prod-a", outcome: "unchanged" }] })).toBe("");
});
