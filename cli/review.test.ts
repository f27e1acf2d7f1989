import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";

import { configuration } from "../settings/test-examples.ts";
import { reviewedFile } from "./apply.ts";
import { topologyChange } from "./review.ts";

function stackFile(more: Record<string, unknown>): string {
  const own = Object.entries(configuration(more)).map(([key, value]) => [`mesh:${key}`, value]);
  return stringify({ config: Object.fromEntries(own) as Record<string, unknown> });
}

const before = stackFile({});
const after = stackFile({ links: { topology: "mesh" } });

describe("the topology of a review", () => {
  test("is a chart of what differs", () => {
    expect(topologyChange(before, after)).toMatch(/flowchart[\s\S]*\+ gateway/);
  });

  test("is left out where nothing of it differs, and where the settings are wrong", () => {
    expect(topologyChange(after, `# another comment\n${after}`)).toBeUndefined();
    expect(topologyChange(after, stackFile({ links: { topology: "hub-and-spoke" } }))).toBeUndefined();
  });

  test("is all of it for a new environment", () => {
    expect(topologyChange(undefined, after)).toMatch(/flowchart/);
    expect(topologyChange(undefined, after)).not.toContain("+ gateway");
  });
});

describe("a plan", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "mesh-review-test-"));
    await writeFile(path.join(folder, "plan.json"), "{}");
    await writeFile(path.join(folder, "tree"), "abc\n");
  });

  afterAll(() => rm(folder, { recursive: true }));

  test("of what is committed is taken", async () => {
    expect(await reviewedFile("prod", folder, "plan.json", "abc")).toBe(path.join(folder, "plan.json"));
  });

  test.each([
    ["of other files", "def", /is of other files than are committed here/],
    ["beside changes that aren't committed", undefined, /changes that aren't committed/],
  ])("%s is refused", async (_, tree, message) => {
    await expect(reviewedFile("prod", folder, "plan.json", tree)).rejects.toThrow(message);
  });

  test("that isn't there is said to be missing", async () => {
    const missing = path.join(folder, "nowhere");
    await expect(reviewedFile("prod", missing, "plan.json", "abc")).rejects.toThrow(
      /no review to apply in .*: npm run review/,
    );
  });
});
