import { readFile } from "node:fs/promises";
import path from "node:path";

import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

import { withPrivateFolder } from "../engine/private-folder.ts";

/** One a line; none where the engine has written nothing, or not all of it. */
async function readEvents(file: string): Promise<EngineEvent[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as EngineEvent);
}

/**
 * Runs an engine with flags that make it write down all that it does, and reads that. Among it are secrets in clear, where
 * the SDK says what it was answered; so the file is for nobody else, and goes.
 */
export function withEvents<T>(
  run: (flags: readonly string[]) => Promise<T>,
): Promise<{ readonly result: T; readonly events: readonly EngineEvent[] }> {
  return withPrivateFolder(async (folder) => {
    const file = path.join(folder, "events");
    const result = await run(["--event-log", file]);
    return { result, events: await readEvents(file).catch(() => []) };
  });
}
