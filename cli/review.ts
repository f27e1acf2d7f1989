/**
 * `npm run review -- STACK [--base REVISION] [--output FOLDER]`: previews a stack against every policy, and keeps what a
 * pull request needs: a comment, and the plan that may be applied once it is merged.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { SettingsError } from "../settings/problem.ts";
import { compareTopologies, summary } from "../topology/comparison.ts";
import { toMermaid } from "../topology/mermaid.ts";
import { describeTopology, type Topology } from "../topology/topology.ts";
import { readEvents, summarize, type Report } from "./changes/changes.ts";
import { commentOf } from "./changes/comment.ts";
import { committedTree, fileAt } from "./changes/git.ts";
import { withoutState } from "./changes/plan.ts";
import { policyArguments } from "./engine/policies.ts";
import { runEngine, stackFileOf } from "./run/run-engine.ts";
import { readStackFile } from "./stacks/stack-file.ts";
import { stackSettings } from "./stacks/stack-settings.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand } from "./terminal/usage.ts";

const usage = "Say which stack: npm run review -- STACK [--base REVISION] [--output FOLDER]";

/** Where a stack's review is kept unless it is said otherwise. */
export function reviewFolder(stack: string): string {
  return path.join("review", stack);
}

export const planFile = "plan.json";
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

async function main(args: readonly string[]): Promise<number> {
  const {
    stack,
    base = "HEAD",
    output = reviewFolder(stack),
  } = parseOptions(args, ["base", "output"], usage);
  const file = stackFileOf(stack);
  const [before, after] = [await fileAt(base, path.basename(file)), await readStackFile(file)];
  const tree = await committedTree();
  await mkdir(output, { recursive: true });
  const plan = path.resolve(output, planFile);
  const comment = path.resolve(output, "comment.md");
  await Promise.all([plan, comment, path.join(output, treeFile)].map((one) => rm(one, { force: true })));
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-review-"));
  try {
    const log = path.join(folder, "events");
    const code = await runEngine(stack, [
      "preview",
      ...["--non-interactive", "--diff", "--event-log", log],
      // A plan of what isn't committed can't be found again.
      ...(tree === undefined ? [] : ["--save-plan", plan]),
      ...policyArguments(stack),
    ]);
    const report: Report = summarize(await readEvents(log).catch(() => []));
    const topology = topologyChange(before, after);
    await writeFile(comment, commentOf({ stack, report, failed: code !== 0, topology }));
    if (code === 0 && tree !== undefined) {
      await writeFile(plan, withoutState(await readFile(plan, "utf8")), { mode: 0o600 });
      await writeFile(path.join(output, treeFile), `${tree}\n`);
    } else {
      await rm(plan, { force: true });
    }
    console.log(`\nThe review is in ${output}${tree === undefined ? ", without a plan: commit first" : ""}.`);
    return code;
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (isProgram(import.meta.filename)) await runCommand(main);
