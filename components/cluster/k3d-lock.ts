import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { progress } from "./programs.ts";

async function acquire(file: string): Promise<boolean> {
  try {
    await writeFile(file, process.pid.toString(), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Whether the process that wrote `file` is gone. */
async function isStale(file: string): Promise<boolean> {
  const owner = Number(await readFile(file, "utf8").catch(() => ""));
  // Another process has just made it, and is about to write its number.
  if (owner === 0) return false;
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Runs `step` when no other process on this machine runs one of the same name. */
export async function exclusively<T>(name: string, step: () => Promise<T>): Promise<T> {
  const file = path.join(tmpdir(), `mesh-${name}.lock`);
  for (let attempt = 0; !(await acquire(file)); attempt++) {
    if (attempt === 10) progress(`waiting for another process that works on ${name}; see ${file}`);
    if (await isStale(file)) await rm(file, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    return await step();
  } finally {
    await rm(file, { force: true });
  }
}
