import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";

import { expect, test } from "vitest";

import { readAllOutputs } from "./all-outputs.ts";
import type { RunEngine } from "./move-state.ts";

const request = { base: "prod", text: "encryptionsalt: salt\n", stacks: ["prod-trust"] };

function after(args: readonly string[], flag: string): string {
  return args[args.indexOf(flag) + 1] ?? "";
}

test("stacks are asked by a preview of the environment's own, whose file stays as it is", async () => {
  let copy = "";
  const run: RunEngine = async (args) => {
    expect(args.slice(0, 3)).toEqual(["preview", "--stack", "prod"]);
    copy = after(args, "--config-file");
    expect(await readFile(copy, "utf8")).toBe(request.text);
    expect((await stat(copy)).mode & 0o777).toBe(0o600);
    const [host, port] = after(args, "--client").split(":");
    expect([host, Number(port) > 0]).toEqual(["127.0.0.1", true]);
    return "";
  };
  await readAllOutputs(run, request);
  expect(existsSync(copy)).toBe(false);
});

test("where one of them can't be read, none is", async () => {
  const run: RunEngine = () => Promise.reject(new Error("no stack named prod-trust"));
  await expect(readAllOutputs(run, request)).rejects.toThrow("no stack named prod-trust");
});
