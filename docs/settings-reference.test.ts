import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { referenceFile, settingsReference } from "./settings-reference.ts";

test("the settings reference is the one that the schema makes (npm run docs)", async () => {
  expect(await readFile(referenceFile, "utf8")).toBe(settingsReference());
});
