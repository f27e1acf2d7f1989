/**
 * `npm run drift -- STACK [--output FILE]`: whether the clusters are as the last update left them. Changes nothing. The
 * exit code is 0 where they are, the engine's 7 where they aren't, another one where that couldn't be found out.
 */
import { writeFile } from "node:fs/promises";

import { isProgram } from "../components/cluster/programs.ts";
import { summarize, type Report } from "./changes/changes.ts";
import { commentOf, drifted } from "./changes/comment.ts";
import { withEvents } from "./changes/events.ts";
import { reportOf, runEnvironment } from "./fleet/environment.ts";
import { isThrough } from "./fleet/fleet-summary.ts";
import { runEngine } from "./run/run-engine.ts";
import { isSplit } from "./stacks/stack-settings.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand } from "./terminal/usage.ts";

const usage = "Say which stack: npm run drift -- STACK [--output FILE]";

/** The engine's exit code where there is something to do. */
const differs = 7;

interface Found {
  readonly code: number;
  readonly report: Report;
}

async function lookAtStack(stack: string): Promise<Found> {
  const { result: code, events } = await withEvents((flags) =>
    runEngine(stack, [
      "refresh",
      ...["--preview-only", "--non-interactive", "--expect-no-changes", "--diff"],
      ...flags,
    ]),
  );
  return { code, report: summarize(events) };
}

async function lookAtParts(stack: string): Promise<Found> {
  const summary = await runEnvironment(stack, { action: "refresh", previewOnly: true });
  const report = reportOf(summary);
  const code = report.changes.length > 0 ? differs : isThrough(summary) ? 0 : 1;
  return { code, report };
}

async function main(args: readonly string[]): Promise<number> {
  const { stack, output } = parseOptions(args, ["output"], usage);
  const { code, report } = await ((await isSplit(stack)) ? lookAtParts(stack) : lookAtStack(stack));
  if (output !== undefined) {
    const failed = code !== 0 && report.changes.length === 0;
    await writeFile(output, commentOf({ stack, report, failed, words: drifted }));
  }
  return code;
}

if (isProgram(import.meta.filename)) await runCommand(main);
