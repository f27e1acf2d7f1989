/**
 * `npm run drift -- STACK [--output FILE]`: whether the clusters are as the last update left them. Changes nothing. The
 * exit code is 0 where they are, the engine's 7 where they aren't, another one where that couldn't be found out.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { readEvents, summarize } from "./changes/changes.ts";
import { commentOf, drifted } from "./changes/comment.ts";
import { runEngine } from "./run/run-engine.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand } from "./terminal/usage.ts";

const usage = "Say which stack: npm run drift -- STACK [--output FILE]";

async function main(args: readonly string[]): Promise<number> {
  const { stack, output } = parseOptions(args, ["output"], usage);
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-drift-"));
  try {
    const log = path.join(folder, "events");
    const code = await runEngine(stack, [
      "refresh",
      ...["--preview-only", "--non-interactive", "--expect-no-changes", "--diff"],
      ...["--event-log", log],
    ]);
    if (output !== undefined) {
      const report = summarize(await readEvents(log).catch(() => []));
      const failed = code !== 0 && report.changes.length === 0;
      await writeFile(output, commentOf({ stack, report, failed, words: drifted }));
    }
    return code;
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (isProgram(import.meta.filename)) await runCommand(main);
