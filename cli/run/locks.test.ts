import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, hostname, tmpdir } from "node:os";
import path from "node:path";

import { expect, test } from "vitest";

import { root } from "../engine/engine.ts";
import { backendUrl, isStale, readLocks, stateFolder } from "./locks.ts";

test("states in a folder are found, those elsewhere have no locks of ours", () => {
  expect(stateFolder("file://./.state?create_dir=true", "/project")).toBe("/project/.state");
  expect(stateFolder("file:///var/states", "/project")).toBe("/var/states");
  expect(stateFolder("file://~/states", "/project")).toBe(path.join(homedir(), "states"));
  expect(stateFolder("file://~", "/project")).toBe(homedir());
  expect(stateFolder("s3://bucket", "/project")).toBeUndefined();
});

test("the environment says where states are, else the project file", async () => {
  expect(await backendUrl(root, { PULUMI_BACKEND_URL: "s3://bucket" })).toBe("s3://bucket");
  expect(await backendUrl(root, {})).toBe("file://./.state?create_dir=true");
});

test("a lock is read as the engine writes it", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-locks-"));
  try {
    expect(await readLocks(folder, "mesh", "sim")).toEqual([]);
    const locks = path.join(folder, ".pulumi/locks/organization/mesh/sim");
    await mkdir(locks, { recursive: true });
    const lock = { pid: 7, username: "root", hostname: "here", timestamp: "2026-01-01T00:00:00Z" };
    await writeFile(path.join(locks, "a.json"), JSON.stringify(lock));
    await writeFile(path.join(locks, "a.json.attrs"), JSON.stringify({ "user.content_type": "text/plain" }));
    expect(await readLocks(folder, "mesh", "sim")).toEqual([lock]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a lock is stale only when its process was on this machine and is gone", () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  expect(isStale({ pid, hostname: hostname() })).toBe(true);
  expect(isStale({ pid, hostname: "elsewhere" })).toBe(false);
  expect(isStale({ pid: process.pid, hostname: hostname() })).toBe(false);
});
