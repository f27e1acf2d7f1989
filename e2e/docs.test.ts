import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { documentedCommands, leftOut } from "../docs/commands.ts";

const root = path.resolve(import.meta.dirname, "..");

/** A command as this test runs it: of the example stack, without what has its own test. */
function asRun(text: string): string {
  return text.replace("npm ci && npm run tools && ", "").replaceAll("STACK", "sim");
}

const all = (await documentedCommands()).map(({ page, text }) => ({ page, text: asRun(text) }));
const meant = all.filter(({ text }) => !leftOut.some(([beginning]) => text.startsWith(beginning)));
const isEnd = ({ text }: { text: string }) => text.startsWith("npm run destroy");
const commands = [...meant.filter((one) => !isEnd(one)), ...meant.filter(isEnd)];

describe("the documentation's commands, in a copy of the project", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "mesh-docs-"));
    const pack =
      "git ls-files -z --cached --others --exclude-standard ':!node_modules' | tar --null --files-from=- -c | tar -x -C";
    execFileSync("sh", ["-c", `${pack} "${folder}"`], { cwd: root });
    await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  });

  afterAll(async () => {
    execFileSync("npm", ["run", "destroy", "--", "sim"], { cwd: folder });
    await rm(folder, { recursive: true });
  });

  test("begin by making the example, and end by taking it away", () => {
    expect(commands[0]?.text).toBe("npm run up -- sim");
    expect(commands.at(-1)?.text).toBe("npm run destroy -- sim");
  });

  test.each(commands)("$page: $text", async ({ text }) => {
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      const child = execFile(
        "sh",
        ["-c", text],
        { cwd: folder, maxBuffer: 2 ** 26 },
        (error, out, problem) => {
          resolve({ code: Number(error?.code ?? 0), output: out + problem });
        },
      );
      child.stdin?.end();
    });
    // Linkerd's checks end with 1 where pods are simulated, which the documentation says.
    const expected = text.includes("multicluster check") ? [0, 1] : [0];
    expect(expected, output).toContain(code);
  });
});
