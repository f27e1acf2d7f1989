/**
 * `npm run apply -- STACK [--review FOLDER]`: applies the plan of a review, and nothing else. What isn't what was
 * reviewed is refused. An environment in parts is previewed again, and must be about to change what was reviewed.
 */
import { access, readFile } from "node:fs/promises";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { committedTree } from "./changes/git.ts";
import { policyArguments } from "./engine/policies.ts";
import { changesText, runEnvironment } from "./fleet/environment.ts";
import { isThrough } from "./fleet/fleet-summary.ts";
import { changesFile, planFile, reviewFolder, treeFile } from "./review.ts";
import { runEngine } from "./run/run-engine.ts";
import { isSplit } from "./stacks/stack-settings.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say which stack: npm run apply -- STACK [--review FOLDER]";

/** The file of a review that says what is to be done. @throws UsageError where it isn't of what is committed here. */
export async function reviewedFile(
  stack: string,
  folder: string,
  name: string,
  tree: string | undefined,
): Promise<string> {
  const again = `npm run review -- ${stack}`;
  const plan = path.resolve(folder, name);
  const reviewed = await access(plan)
    .then(() => readFile(path.join(folder, treeFile), "utf8"))
    .catch(() => undefined);
  if (reviewed === undefined) throw new UsageError(`There is no review to apply in ${folder}: ${again}`);
  if (tree === undefined)
    throw new UsageError(`There are changes that aren't committed: commit them, then ${again}`);
  if (reviewed.trim() !== tree) {
    throw new UsageError(
      `The review in ${folder} is of other files than are committed here: review again, ${again}`,
    );
  }
  return plan;
}

async function applyPlan(stack: string, plan: string): Promise<number> {
  // With its preview, which must keep to the plan too: so what doesn't is found before anything is changed.
  return runEngine(stack, [
    "up",
    ...["--yes", "--non-interactive", "--diff", "--plan", plan],
    ...policyArguments(stack),
  ]);
}

async function applyToParts(stack: string, changes: string): Promise<number> {
  const preview = await runEnvironment(stack, { action: "preview" });
  if (!isThrough(preview)) return 1;
  if (changesText(preview) !== (await readFile(changes, "utf8"))) {
    throw new UsageError(
      `What would be changed isn't what was reviewed, since something else has changed: review again, npm run review -- ${stack}`,
    );
  }
  // Each part once more against the policies, with what the others say by then.
  return isThrough(await runEnvironment(stack, { action: "up" })) ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const { stack, review = reviewFolder(stack) } = parseOptions(args, ["review"], usage);
  const tree = await committedTree();
  return (await isSplit(stack))
    ? applyToParts(stack, await reviewedFile(stack, review, changesFile, tree))
    : applyPlan(stack, await reviewedFile(stack, review, planFile, tree));
}

if (isProgram(import.meta.filename)) await runCommand(main);
