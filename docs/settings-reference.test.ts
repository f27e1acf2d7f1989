import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { referenceFile, settingsReference } from "./settings-reference.ts";

test("every setting says what it means", () => {
  const rows = settingsReference()
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows.filter((row) => /\| +\|$/.test(row))).toEqual([]);
});

test.each(["links.carries", "links.pairs", "routes[].matches"])(
  "the default of %s is shown, though what is in it is rewritten before it is checked",
  (setting) => {
    expect(settingsReference()).toMatch(new RegExp(`\\| \`${setting.replace("[]", "\\[\\]")}\` \\| \`\\[`));
  },
);

test("the settings reference is the one that the schema makes (npm run docs)", async () => {
  expect(await readFile(referenceFile, "utf8")).toBe(settingsReference());
});
