import { execFile } from "node:child_process";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { policyArguments } from "./engine/policies.ts";
import { engineArguments } from "./stack.ts";

describe("the engine's arguments", () => {
  test.each<[string, string, string[], boolean, string[]]>([
    // A person answers the question.
    ["up", "dev", [], true, ["up"]],
    ["destroy", "prod", [], true, ["destroy"]],
    // Nobody can: yes for what is one person's, no answer for what isn't.
    ["up", "sim", [], false, ["up", "--yes"]],
    ["refresh", "dev", [], false, ["refresh", "--yes"]],
    ["destroy", "dev", [], false, ["destroy", "--yes"]],
    ["up", "prod", [], false, ["up"]],
    // There is no question.
    ["preview", "sim", [], false, ["preview"]],
    ["up", "sim", ["--yes"], false, ["up", "--yes"]],
    ["up", "sim", ["-y"], false, ["up", "-y"]],
    ["refresh", "sim", ["--preview-only"], false, ["refresh", "--preview-only"]],
    // Other flags go on to the engine, in their order.
    ["up", "sim", ["--diff", "--target", "x"], false, ["up", "--yes", "--diff", "--target", "x"]],
    ["up", "dev", ["--diff"], true, ["up", "--diff"]],
  ])("for %s %s %j, interactive: %s", (action, stack, flags, isInteractive, expected) => {
    const policies = ["preview", "up"].includes(action) ? policyArguments(stack) : [];
    expect(engineArguments(action, stack, flags, isInteractive)).toEqual([...expected, ...policies]);
  });
});

/** Runs the program with what stops it before the engine starts. */
function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const file = path.join(import.meta.dirname, "stack.ts");
  return new Promise((resolve) => {
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
  test("says in one line what is wrong with the call", async () => {
    const [nothing, action, stack] = await Promise.all([run(), run("deploy", "dev"), run("up", "nowhere")]);
    const actions = "Say what to do: up, preview, refresh, destroy.\n";
    expect(nothing).toEqual({ code: 1, stdout: "", stderr: actions });
    expect(action).toEqual({ code: 1, stdout: "", stderr: actions });
    expect(stack).toEqual({
      code: 1,
      stdout: "",
      stderr: "There is no Pulumi.nowhere.yaml: a stack is an environment, described by that file.\n",
    });
  });
});
