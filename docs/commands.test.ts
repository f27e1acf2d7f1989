import { expect, test } from "vitest";

import packageJson from "../package.json" with { type: "json" };
import { documentedCommands, leftOut } from "./commands.ts";

const commands = await documentedCommands();

test("commands are found on many pages", () => {
  expect(new Set(commands.map(({ page }) => page)).size).toBeGreaterThan(8);
});

test("every script that the documentation names is there", () => {
  const named = commands.flatMap(({ text }) =>
    [...text.matchAll(/npm run (?:--silent )?([\w-]+)/g)].map(([, script = ""]) => script),
  );
  expect(named.filter((script) => !(script in packageJson.scripts))).toEqual([]);
});

test.each(leftOut)("%s … is a command of the documentation", (beginning) => {
  expect(commands.filter(({ text }) => text.startsWith(beginning))).not.toEqual([]);
});
