import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { isRunning } from "../run/locks.ts";
import { PartEngines } from "./part-engines.ts";

/** Told to stop, it says so and ends when it is told once more. */
const program = `#!/bin/sh
trap 'echo told; trap "echo told again; exit 9" INT' INT
echo "started $*"
while :; do sleep 0.05; done
`;

let folder: string;
let said: string[];
let engines: PartEngines;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mesh-engines-"));
  await writeFile(path.join(folder, "engine"), program);
  await chmod(path.join(folder, "engine"), 0o755);
  said = [];
  engines = new PartEngines((message) => said.push(message));
});

afterEach(() => rm(folder, { recursive: true }));

function terminal(name: string) {
  const log = path.join(folder, `${name}.log`);
  const ids: number[] = [];
  const one = engines.terminal(log, (id) => ids.push(id));
  const run = () => one.run(path.join(folder, "engine"), ["up"], { cwd: folder, env: process.env });
  const log_ = () => readFile(log, "utf8");
  return { one, ids, run, log: log_ };
}

test("what is asked to stop tells each engine as a terminal would, waits for them, and starts no other", async () => {
  const [east, west, north] = [terminal("east"), terminal("west"), terminal("north")];
  const codes = await engines.stoppable(async () => {
    const running = [east.run(), west.run()];
    await expect.poll(async () => (await east.log()) + (await west.log())).toMatch(/started.*\n.*started/);
    process.emit("SIGINT");
    await expect.poll(async () => (await east.log()) + (await west.log())).toMatch(/told[^]*told/);
    expect(engines.isStopped).toBe(true);
    const code = await north.run();
    process.emit("SIGTERM");
    return [...(await Promise.all(running)), code];
  });
  expect(codes).toEqual([9, 9, 1]);
  await Promise.all([east.one.end(), north.one.end()]);
  expect(await east.log()).toBe("started --non-interactive --color never up\ntold\ntold again\n");
  expect([east.one.hasRun, north.one.hasRun, north.ids]).toEqual([true, false, []]);
  expect(said).toEqual([expect.stringMatching(/^Stopping: no other part starts/)]);
});

test("an engine isn't reached by what comes to all of this process's group", async () => {
  const east = terminal("east");
  const running = east.run();
  await expect.poll(() => east.log()).toContain("started");
  const groupOf = (id = 0) => execFileSync("ps", ["-o", "pgid=", "-p", id.toString()], { encoding: "utf8" });
  expect(groupOf(east.ids[0])).not.toBe(groupOf(process.pid));
  process.kill(-(east.ids[0] ?? 0), "SIGKILL");
  await running;
});

test("an engine that has ended isn't told anything while its output is still open", async () => {
  // What it leaves in the background has a group of its own, and its output.
  const leave =
    'require("node:child_process").spawn("sleep", ["1"], { detached: true, stdio: "inherit" }).unref()';
  await writeFile(path.join(folder, "engine"), `#!/bin/sh\nexec '${process.execPath}' -e '${leave}'\n`);
  const east = terminal("east");
  const running = engines.stoppable(async () => {
    const code = east.run();
    await expect.poll(() => isRunning(east.ids[0] ?? 0)).toBe(false);
    process.emit("SIGINT");
    return code;
  });
  expect(await running).toBe(0);
  expect(engines.isStopped).toBe(true);
});

test("nothing listens for signals any more once all is done", async () => {
  const before = process.listenerCount("SIGINT");
  await expect(engines.stoppable(() => Promise.reject(new Error("oops")))).rejects.toThrow("oops");
  expect(process.listenerCount("SIGINT")).toBe(before);
});
