import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { firstLine } from "../render/readme.ts";
import { parseRequest, writeFiles } from "./render.ts";

describe("npm run render", () => {
  test("writes to a folder named as the stack unless another is named", () => {
    expect(parseRequest(["prod"])).toEqual({ stack: "prod", output: path.resolve("manifests/prod") });
    expect(parseRequest(["prod", "--output", "/tmp/x"]).output).toBe("/tmp/x");
  });

  test.each([[[]], [["prod", "uat"]], [["prod", "--nope"]]])("says how it is called: %j", (args) => {
    expect(() => parseRequest(args)).toThrow("npm run render -- STACK [--output FOLDER]");
  });
});

describe("the folder", () => {
  let folder: string;
  const files = (more: Record<string, string> = {}) =>
    new Map(Object.entries({ "README.md": `${firstLine}\n`, "east/01/manifests.yaml": "a", ...more }));

  beforeEach(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), "mesh-render-")), "prod");
  });

  afterEach(() => rm(path.dirname(folder), { recursive: true }));

  test("is made, and not touched when nothing has changed", async () => {
    expect(await writeFiles(folder, files())).toBe(2);
    const { mtimeMs } = await stat(path.join(folder, "README.md"));
    expect(await writeFiles(folder, files())).toBe(0);
    expect((await stat(path.join(folder, "README.md"))).mtimeMs).toBe(mtimeMs);
  });

  test("loses what is no longer rendered", async () => {
    await writeFiles(folder, files({ "west/01/manifests.yaml": "b" }));
    expect(await writeFiles(folder, files())).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["README.md", "east"]);
  });

  test("that holds something else is left alone", async () => {
    await writeFiles(folder, files());
    await writeFile(path.join(folder, "README.md"), "mine");
    await expect(writeFiles(folder, new Map())).rejects.toThrow("name another one with --output");
    expect(await readFile(path.join(folder, "README.md"), "utf8")).toBe("mine");
  });
});
