import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import {
  findProgram,
  isProgram,
  output,
  progress,
  readableLog,
  required,
  runAction,
  toolsDirectory,
} from "./programs.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "programs-"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A program of that name in its own folder below the temporary one; its first line says how it is run. */
function program(name: string, script: string, { below = "bin", mode = 0o755 } = {}): string {
  const file = path.join(folder, below, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, mode);
  return file;
}

describe("a program is found", () => {
  test("in the first folder of the PATH that has it as a program", () => {
    program("mesh-test-tool", "", { below: "a", mode: 0o644 });
    const second = program("mesh-test-tool", "", { below: "b" });
    program("mesh-test-tool", "", { below: "c" });
    const folders = ["a", "b", "c"].map((below) => path.join(folder, below));
    vi.stubEnv("PATH", ["/nonexistent", ...folders].join(path.delimiter));
    expect(findProgram("mesh-test-tool")).toBe(second);
  });

  test("nowhere when neither tools/bin nor the PATH has it", () => {
    vi.stubEnv("PATH", folder);
    expect(findProgram("mesh-test-tool")).toBeUndefined();
    vi.stubEnv("PATH", undefined);
    expect(findProgram("mesh-test-tool")).toBeUndefined();
  });

  test("first where npm run tools puts it", () => {
    expect(toolsDirectory).toBe(path.resolve(import.meta.dirname, "../../tools/bin"));
  });
});

describe("a program's output", () => {
  beforeEach(() => {
    vi.stubEnv("PATH", [path.join(folder, "bin"), "/bin", "/usr/bin"].join(path.delimiter));
  });

  test("is what it prints", async () => {
    program("mesh-test-tool", 'echo "$# $1,$2"; echo noise >&2');
    expect(await output("mesh-test-tool", ["one two", "three"])).toBe("2 one two,three\n");
  });

  test("may be large", async () => {
    program("mesh-test-tool", "head -c 5000000 /dev/zero");
    expect(await output("mesh-test-tool", [])).toHaveLength(5_000_000);
  });

  test("is in the message when it fails, its errors rather than its results", async () => {
    program("mesh-test-tool", "echo result; echo 'no space left' >&2; exit 3");
    await expect(output("mesh-test-tool", ["create", "x"])).rejects.toThrow(
      /^mesh-test-tool create x failed:\nno space left$/,
    );
    program("mesh-test-tool", "echo 'only on standard output'; exit 3");
    await expect(output("mesh-test-tool", [])).rejects.toThrow(/failed:\nonly on standard output$/);
  });

  test("isn't there without the program", async () => {
    await expect(output("mesh-missing-tool", [])).rejects.toThrow(
      "mesh-missing-tool is neither in tools/bin nor on the PATH",
    );
  });
});

describe("a log", () => {
  const line = (level: string, msg: string, err?: string) => JSON.stringify({ level, msg, err });

  test("of JSON is reduced to its errors", () => {
    const log = [
      line("INFO", "Cluster is creating"),
      line("ERROR", "Failed to create cluster", "port 32764 is taken"),
      line("WARN", "slow"),
      line("ERROR", "Failed to clean up"),
      "",
    ];
    expect(readableLog(log.join("\n"))).toBe(
      "Failed to create cluster: port 32764 is taken\nFailed to clean up: ",
    );
  });

  test("of anything else stays as it is, without empty lines", () => {
    const text = ["panic: oh no", "  at main.go:7", "{not JSON}", "null", "404", '{"error":"no log of Go"}'];
    expect(readableLog(text.join("\n\n"))).toBe(text.join("\n"));
  });
});

describe("a variable that the caller must set", () => {
  test("has its value", () => {
    vi.stubEnv("MESH_TEST", "value");
    expect(required("MESH_TEST")).toBe("value");
  });

  test.each([undefined, ""])("is missing when it is %j", (value) => {
    vi.stubEnv("MESH_TEST", value);
    expect(() => required("MESH_TEST")).toThrow("MESH_TEST is not set");
  });
});

describe("a program that is started", () => {
  const { argv } = process;

  afterEach(() => {
    process.argv = argv;
  });

  test("is the file that node was given, also through a link", () => {
    const file = realpathSync(program("x.command.ts", ""));
    const link = path.join(folder, "link.ts");
    symlinkSync(file, link);
    process.argv = ["node", link, "create"];
    expect(isProgram(file)).toBe(true);
    expect(isProgram(path.join(folder, "y.command.ts"))).toBe(false);
  });

  test("is none of the modules that it imports, or that are loaded without one", () => {
    process.argv = ["node", program("other.ts", "")];
    expect(isProgram(path.join(folder, "bin", "x.command.ts"))).toBe(false);
    process.argv = ["node"];
    expect(isProgram(path.join(folder, "bin", "x.command.ts"))).toBe(false);
  });
});

describe("an action", () => {
  const { argv } = process;
  let written: string[];

  beforeEach(() => {
    written = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
  });

  afterEach(() => {
    process.argv = argv;
    process.exitCode = undefined;
  });

  function run(name: string | undefined, actions: Parameters<typeof runAction>[0]) {
    process.argv = ["node", "x.command.ts", ...(name === undefined ? [] : [name])];
    return runAction(actions);
  }

  test("is the one that is named, and only that", async () => {
    const done: string[] = [];
    const action = (name: string) => () => {
      done.push(name);
      return Promise.resolve();
    };
    await run("delete", { create: action("create"), delete: action("delete") });
    expect({ done, written, exitCode: process.exitCode }).toEqual({
      done: ["delete"],
      written: [],
      exitCode: undefined,
    });
  });

  test("that fails is one message and an exit code", async () => {
    await run("create", { create: () => Promise.reject(new Error("no space left")) });
    expect({ written, exitCode: process.exitCode }).toEqual({ written: ["no space left\n"], exitCode: 1 });
  });

  test.each([undefined, "update"])("must be one of those there are, not %s", async (name) => {
    await run(name, { create: () => Promise.resolve(), delete: () => Promise.resolve() });
    expect({ written, exitCode: process.exitCode }).toEqual({
      written: ["say what to do: create, delete\n"],
      exitCode: 1,
    });
  });

  test("says on standard error what it is doing", () => {
    progress("waiting for the API server");
    expect(written).toEqual(["waiting for the API server\n"]);
  });
});
