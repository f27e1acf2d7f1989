/**
 * `npm run apply -- STACK [--review FOLDER]`: applies the plan of a review, and nothing else. What isn't what was
 * reviewed is refused.
 */
import { access, readFile } from "node:fs/promises";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { committedTree } from "./changes/git.ts";
import { policyArguments } from "./engine/policies.ts";
import { planFile, reviewFolder, treeFile } from "./review.ts";
import { runEngine } from "./run/run-engine.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say which stack: npm run apply -- STACK [--review FOLDER]";

/** @throws UsageError where the plan isn't one of what is committed here. */
export async function reviewedPlan(stack: string, folder: string, tree: string | undefined): Promise<string> {
  const again = `npm run review -- ${stack}`;
  const plan = path.resolve(folder, planFile);
  const reviewed = await access(plan)
    .then(() => readFile(path.join(folder, treeFile), "utf8"))
    .catch(() => undefined);
  if (reviewed === undefined) throw new UsageError(`There is no reviewed plan in ${folder}: ${again}`);
  if (tree === undefined)
    throw new UsageError(`There are changes that aren't committed: commit them, then ${again}`);
  if (reviewed.trim() !== tree) {
    throw new UsageError(
      `The review in ${folder} is of other files than are committed here: review again, ${again}`,
    );
  }
  return plan;
}

async function main(args: readonly string[]): Promise<number> {
  const { stack, review = reviewFolder(stack) } = parseOptions(args, ["review"], usage);
  const plan = await reviewedPlan(stack, review, await committedTree());
  // With its preview, which must keep to the plan too: so what doesn't is found before anything is changed.
  return runEngine(stack, [
    "up",
    ...["--yes", "--non-interactive", "--diff", "--plan", plan],
    ...policyArguments(stack),
  ]);
}

if (isProgram(import.meta.filename)) await runCommand(main);
