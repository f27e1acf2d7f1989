import { readFile } from "node:fs/promises";
import path from "node:path";

import { expect, test } from "vitest";

import { clusterChecks } from "../verify/cluster-checks.ts";
import { linkChecks } from "../verify/link-checks.ts";
import { checksReference } from "./checks.ts";

test("the reference of checks is the one that the table makes (npm run docs)", async () => {
  expect(await readFile(path.join(import.meta.dirname, "checks.md"), "utf8")).toBe(checksReference());
});

test("every check is explained where its failure points to", () => {
  const text = checksReference();
  for (const { id } of [...clusterChecks, ...linkChecks]) expect(text).toContain(`\n### ${id}\n`);
});
