import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { isRunning } from "../run/locks.ts";
import { ProgramHosts } from "./program-hosts.ts";

interface Found {
  readonly process: number;
  readonly forget?: string;
  readonly inherited: boolean;
}

const started = new Set<number>();
const file = path.join(import.meta.dirname, "test-program-host.ts");
const newHosts = () => new ProgramHosts(file);

afterEach(() => {
  for (const process_ of started) if (isRunning(process_)) process.kill(process_, "SIGKILL");
  started.clear();
});

/** Runs an engine to an exit code; what its program found. */
async function run(
  hosts: ProgramHosts,
  environment: NodeJS.ProcessEnv = {},
  engine: (found: Found) => Promise<number> | number = () => 0,
): Promise<Found & { readonly code: number }> {
  let found: Found | undefined;
  const code = await hosts.with(environment, async ([flag, address = ""]) => {
    expect(flag).toBe("--client");
    found = JSON.parse(address) as Found;
    started.add(found.process);
    return engine(found);
  });
  if (found === undefined) throw new Error("The engine wasn't started.");
  return { ...found, code };
}

describe("the processes that run the program", () => {
  test("serve one engine after another, and none reads what the last one was told", async () => {
    const hosts = newHosts();
    const first = await run(hosts, { MESH_FORGET: "west" });
    const second = await run(hosts);
    expect(first).toMatchObject({ code: 0, forget: "west", inherited: false });
    expect(second).toEqual({ code: 0, process: first.process, inherited: false });
  });

  test("load the program before the first engine asks for it", async () => {
    const hosts = newHosts();
    hosts.warm({ MESH_FORGET: "west" });
    const [warm] = hosts.processes;
    expect(await run(hosts)).toEqual({ code: 0, process: warm, inherited: false });
    expect(hosts.processes).toEqual([warm]);
  });

  test("are replaced after many runs, of each of which they keep a little", async () => {
    const hosts = newHosts();
    const runs: number[] = [];
    for (let index = 0; index < 51; index++) runs.push((await run(hosts)).process);
    expect(new Set(runs.slice(0, 50)).size).toBe(1);
    expect(runs[50]).not.toBe(runs[0]);
  });

  test("serve one engine at a time", async () => {
    const hosts = newHosts();
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = run(hosts, {}, () => promise);
    const second = await run(hosts);
    resolve(0);
    expect((await first).process).not.toBe(second.process);
  });

  test("end after an engine that failed: its program may have something left to do", async () => {
    const hosts = newHosts();
    const failed = await run(hosts, {}, () => 255);
    expect(failed.code).toBe(255);
    expect(isRunning(failed.process)).toBe(false);
    expect((await run(hosts)).process).not.toBe(failed.process);
  });

  test("that die fail their engine alone, and say so", async () => {
    const hosts = newHosts();
    const { promise, resolve } = Promise.withResolvers<number>();
    const other = run(hosts, {}, () => promise);
    const killed = run(hosts, {}, async (found) => {
      process.kill(found.process, "SIGKILL");
      await expect.poll(() => isRunning(found.process)).toBe(false);
      return 255;
    });
    await expect(killed).rejects.toThrow(/^The process that ran the program \(\d+\) ended: SIGKILL\.$/);
    await expect(run(hosts, { MESH_TEST_DIES: "yes" })).rejects.toThrow(/ended: 3\.$/);
    resolve(0);
    expect((await other).code).toBe(0);
    expect((await run(hosts)).process).toBe((await other).process);
  });

  test("are replaced when they died in between", async () => {
    const hosts = newHosts();
    const first = await run(hosts);
    process.kill(first.process, "SIGKILL");
    await expect.poll(() => isRunning(first.process)).toBe(false);
    expect((await run(hosts)).code).toBe(0);
  });

  test("end with whoever started them, and not when everybody is interrupted", async () => {
    const host = fork(file, { env: {} });
    host.send({ environment: {} });
    await once(host, "message");
    host.kill("SIGINT");
    host.kill("SIGTERM");
    host.send({ environment: {} });
    await once(host, "message");
    host.disconnect();
    expect(await once(host, "exit")).toEqual([0, null]);
  });
});
