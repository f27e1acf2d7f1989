/**
 * `npm run review -- STACK [--base REVISION] [--output FOLDER]`: previews a stack against every policy, and keeps what a
 * pull request needs: a comment, and the plan that may be applied once it is merged. Of an environment in parts, what
 * each is to change stands for the plan.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { SettingsError } from "../settings/problem.ts";
import { compareTopologies, summary } from "../topology/comparison.ts";
import { toMermaid } from "../topology/mermaid.ts";
import { describeTopology, type Topology } from "../topology/topology.ts";
import { summarize, type Report } from "./changes/changes.ts";
import { commentOf } from "./changes/comment.ts";
import { withEvents } from "./changes/events.ts";
import { committedTree, fileAt } from "./changes/git.ts";
import { withoutState } from "./changes/plan.ts";
import { policyArguments } from "./engine/policies.ts";
import { withPrivateFolder } from "./engine/private-folder.ts";
import { changesText, reportOf, runEnvironment } from "./fleet/environment.ts";
import { isThrough } from "./fleet/fleet-summary.ts";
import { runEngine, stackFileOf } from "./run/run-engine.ts";
import { readStackFile } from "./stacks/stack-file.ts";
import { isSplit, stackSettings } from "./stacks/stack-settings.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say which stack: npm run review -- STACK [--base REVISION] [--output FOLDER]";

/** Where a stack's review is kept unless it is said otherwise. */
export function reviewFolder(stack: string): string {
  return path.join("review", stack);
}

export const planFile = "plan.json";
export const changesFile = "changes";
export const treeFile = "tree";

function topologyOf(text: string | undefined): Topology | undefined {
  try {
    return text === undefined ? undefined : describeTopology(stackSettings(text));
  } catch (error) {
    // The preview says it better.
    if (error instanceof SettingsError) return undefined;
    throw error;
  }
}

/** What differs between two versions of a stack file, as a chart; all of it where it is new. */
export function topologyChange(before: string | undefined, after: string | undefined): string | undefined {
  const [old, now] = [before, after].map(topologyOf);
  if (now === undefined) return undefined;
  if (old === undefined) return toMermaid(now);
  const compared = compareTopologies(old, now);
  return summary(compared) === summary(compareTopologies(now, now))
    ? undefined
    : toMermaid(compared, "before");
}

/** What a preview found, and what of it is kept to be applied later. */
interface Preview {
  readonly code: number;
  readonly report: Report;
  readonly kept: string;
}

function previewStack(stack: string, isCommitted: boolean): Promise<Preview> {
  return withPrivateFolder(async (folder) => {
    const plan = path.join(folder, planFile);
    const { result: code, events } = await withEvents((flags) =>
      runEngine(stack, [
        "preview",
        ...["--non-interactive", "--diff", ...flags],
        // A plan of what isn't committed can't be found again.
        ...(isCommitted ? ["--save-plan", plan] : []),
        ...policyArguments(stack),
      ]),
    );
    const kept = code === 0 && isCommitted ? withoutState(await readFile(plan, "utf8")) : "";
    return { code, report: summarize(events), kept };
  });
}

async function previewParts(stack: string): Promise<Preview> {
  try {
    const summary = await runEnvironment(stack, { action: "preview" });
    return {
      code: isThrough(summary) ? 0 : 1,
      report: reportOf(summary),
      kept: changesText(summary),
    };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return { code: 1, report: { ...summarize([]), errors: [error.message] }, kept: "" };
  }
}

async function main(args: readonly string[]): Promise<number> {
  const {
    stack,
    base = "HEAD",
    output = reviewFolder(stack),
  } = parseOptions(args, ["base", "output"], usage);
  const file = stackFileOf(stack);
  const [before, after] = [await fileAt(base, path.basename(file)), await readStackFile(file)];
  const tree = await committedTree();
  const inParts = await isSplit(stack);
  await mkdir(output, { recursive: true });
  const written = ["comment.md", planFile, changesFile, treeFile];
  await Promise.all(written.map((name) => rm(path.join(output, name), { force: true })));
  const preview = await (inParts ? previewParts(stack) : previewStack(stack, tree !== undefined));
  const { code, report, kept } = preview;
  const topology = topologyChange(before, after);
  await writeFile(
    path.join(output, "comment.md"),
    commentOf({ stack, report, failed: code !== 0, topology }),
  );
  if (code === 0 && tree !== undefined) {
    await writeFile(path.join(output, inParts ? changesFile : planFile), kept, { mode: 0o600 });
    await writeFile(path.join(output, treeFile), `${tree}\n`);
  }
  console.log(`\nThe review is in ${output}${tree === undefined ? ", without a plan: commit first" : ""}.`);
  return code;
}

if (isProgram(import.meta.filename)) await runCommand(main);
