import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";

import { configuration, refusal } from "../settings/test-examples.ts";
import { answer, parseRequest } from "./topology.ts";

const root = path.resolve(import.meta.dirname, "..");

/** A stack file with these settings in place of the usual ones. */
function stackFile(more: Record<string, unknown>): string {
  const own = Object.entries(configuration(more)).map(([key, value]) => [`mesh:${key}`, value]);
  return stringify({ config: Object.fromEntries(own) as Record<string, unknown> });
}

describe("a request", () => {
  const none = { output: undefined, compare: undefined, deployed: false };

  test.each([
    [["dev"], { ...none, stack: "dev", format: "text" }],
    [["dev", "--format", "svg"], { ...none, stack: "dev", format: "svg" }],
    [["dev", "--output", "a.html"], { ...none, stack: "dev", format: "html", output: "a.html" }],
    [["dev", "--output", "a.mmd"], { ...none, stack: "dev", format: "mermaid", output: "a.mmd" }],
    [["dev", "--output", "README"], { ...none, stack: "dev", format: "text", output: "README" }],
    [
      ["dev", "--format", "json", "--output", "a.svg"],
      { ...none, stack: "dev", format: "json", output: "a.svg" },
    ],
    [
      ["--compare", "uat", "dev", "--deployed"],
      { ...none, stack: "dev", format: "text", compare: "uat", deployed: true },
    ],
  ])("%j is understood", (args, expected) => {
    expect(parseRequest(args)).toEqual(expected);
  });

  test.each([
    [[], "Say which stack: npm run topology -- STACK"],
    [["dev", "uat"], "Say which stack"],
    [["dev", "--format", "png"], "There is no format png; there are: svg, mermaid, html, json, text."],
    [["dev", "--fromat", "svg"], "Unknown option '--fromat'"],
  ])("%j is refused", (args, message) => {
    expect(() => parseRequest(args)).toThrow(message);
  });
});

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const file = path.join(import.meta.dirname, "topology.ts");
    execFile(
      process.execPath,
      [file, ...args],
      { env: { PATH: "/nonexistent" } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

describe("the program", { timeout: 60_000 }, () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "topology-"));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function write(name: string, text: string): string {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  test("needs neither an engine nor a passphrase", async () => {
    const { code, stdout, stderr } = await run("prod");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("frankfurt ↔ hub   gateway, pod-to-pod, federated");
  });

  test("says that a file is missing", async () => {
    expect(await run("nowhere")).toEqual({
      code: 1,
      stdout: "",
      stderr: `There is no ${path.relative(process.cwd(), path.join(root, "Pulumi.nowhere.yaml"))}: name a stack, or the path of its file.\n`,
    });
  });

  test("says what is wrong with a stack file as the engine does", async () => {
    const file = write("Pulumi.wrong.yaml", stackFile({ links: { topology: "star" } }));
    expect(await run(file)).toEqual({
      code: 1,
      stdout: "",
      stderr: `Pulumi.wrong.yaml: ${refusal(configuration({ links: { topology: "star" } })).message}`,
    });
  });

  test("says that a file isn't YAML", async () => {
    const { code, stderr } = await run(write("Pulumi.broken.yaml", "config: {\n"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Pulumi\.broken\.yaml: .*line/s);
    expect(stderr).not.toContain("node_modules");
  });

  test("compares with another file, and a difference is no error", async () => {
    const file = write("before.yaml", stackFile({ environment: "before" }));
    const { code, stdout } = await run(file, "--compare", "sim");
    expect(code).toBe(0);
    expect(stdout).toContain("Compared with sim: clusters +2 −2");
  });

  test.each(["svg", "mermaid", "html", "json", "text"])("writes %s into a file", async (format) => {
    const file = path.join(folder, `topology.${format}`);
    expect(await run("dev", "--format", format, "--output", file)).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(readFileSync(file, "utf8")).toBe(await answer(parseRequest(["dev", "--format", format])));
  });
});

test("the picture of the README is that of the stack dev (npm run docs)", async () => {
  const file = path.join(root, "docs/topology-dev.svg");
  expect(readFileSync(file, "utf8")).toBe(await answer(parseRequest(["dev", "--format", "svg"])));
});

describe("docs/topology.md", () => {
  const commands = readFileSync(path.join(root, "docs/topology.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("npm run") && line.includes("topology -- "))
    .map((line) => line.slice(line.indexOf("-- ") + 3));

  // A deployed stack is asked of the engine, and before.yaml is what git printed.
  test.each(commands.filter((command) => !command.includes("--deployed")))(
    "%s works as written",
    async (command) => {
      const request = parseRequest(command.split(" "));
      const { compare } = request;
      const text = await answer({ ...request, compare: compare === "before.yaml" ? "prod" : compare });
      expect(text.length).toBeGreaterThan(100);
    },
  );

  test("has every format and option", () => {
    const formats = commands.map((command) => parseRequest(command.split(" ")).format);
    expect(new Set(formats)).toEqual(new Set(["text", "svg", "mermaid", "html", "json"]));
  });
});
