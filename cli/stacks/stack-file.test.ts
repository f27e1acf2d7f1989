import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { parseStackFile, readStackFile, removeNewSalt, withoutNewSalt } from "./stack-file.ts";

const written = `# Our clusters.
config:
  mesh:environment: sim # not dev
  mesh:clusters:
    cluster1: { source: simulated }
`;
const salt = "encryptionsalt: v1:MDsiels5rSU=:v1:rOO4RhlRw0\n";

/** As the engine writes it: comments kept, flow style gone. */
const rewritten = written.replace("{ source: simulated }", "\n      source: simulated");

describe("a stack file's text", () => {
  test("is read with its configuration", () => {
    expect(parseStackFile(written + salt)).toEqual({
      encryptionsalt: "v1:MDsiels5rSU=:v1:rOO4RhlRw0",
      config: { "mesh:environment": "sim", "mesh:clusters": { cluster1: { source: "simulated" } } },
    });
  });

  test("may be empty", () => {
    expect(parseStackFile("")).toEqual({});
    expect(parseStackFile("# nothing yet\n")).toEqual({});
  });
});

describe("a salt that the engine added", () => {
  test("is taken back, down to the last character", () => {
    expect(withoutNewSalt(written, written + salt)).toBe(written);
    expect(withoutNewSalt(written, salt + rewritten)).toBe(written);
  });

  test("stays beside any other change", () => {
    const changed = `${written}  mesh:linkerd: { version: 2026.8.3 }\n${salt}`;
    expect(withoutNewSalt(written, changed)).toBe(changed);
  });

  test("stays beside a secret that was set", () => {
    const secret = `${written}  mesh:token:\n    secure: v1:abc\n${salt}`;
    expect(withoutNewSalt(written, secret)).toBe(secret);
  });
});

test("a salt that was there before stays, also when it is another one now", () => {
  const other = salt.replace("MDsi", "other");
  expect(withoutNewSalt(written + salt, written + salt)).toBe(written + salt);
  expect(withoutNewSalt(written + salt, written + other)).toBe(written + other);
});

test("a file without a new salt stays as it is now", () => {
  expect(withoutNewSalt(written, rewritten)).toBe(rewritten);
});

describe("the file", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "stack-file-"));
    file = path.join(folder, "Pulumi.sim.yaml");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test("is undefined where there is none", async () => {
    expect(await readStackFile(file)).toBeUndefined();
    writeFileSync(file, written);
    expect(await readStackFile(file)).toBe(written);
  });

  test("gets its old text back", async () => {
    writeFileSync(file, rewritten + salt);
    await removeNewSalt(file, written);
    expect(readFileSync(file, "utf8")).toBe(written);
  });

  test("isn't touched when there is nothing to take back", async () => {
    writeFileSync(file, written);
    const longAgo = new Date("2020-01-01T00:00:00Z");
    utimesSync(file, longAgo, longAgo);
    await removeNewSalt(file, written);
    expect(statSync(file).mtime).toEqual(longAgo);
  });

  test("may be gone", async () => {
    await expect(removeNewSalt(file, written)).resolves.toBeUndefined();
    expect(await readStackFile(file)).toBeUndefined();
  });
});
