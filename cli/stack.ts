/** `npm run up|preview|refresh|destroy [-- STACK [pulumi's own flags]]`: checks the machine, then runs the engine. */
import path from "node:path";

import { runAttached } from "./attached.ts";
import { engineEnvironment, localStacks, pulumiProgram, root } from "./engine.ts";
import { policyArguments } from "./policies.ts";
import { findMissing, formatMissing } from "./preflight.ts";
import { parseStackFile, readStackFile, removeNewSalt } from "./stack-file.ts";
import { runCommand, UsageError } from "./usage.ts";
import { isProgram } from "../components/cluster/programs.ts";

const actions = ["up", "preview", "refresh", "destroy"];

/** The engine's arguments for an action on a stack. */
export function engineArguments(
  action: string,
  stack: string,
  flags: readonly string[],
  isInteractive: boolean,
): string[] {
  const isAnswered =
    action === "preview" || flags.some((flag) => ["--yes", "-y", "--preview-only"].includes(flag));
  const answer = !isInteractive && !isAnswered && localStacks.includes(stack) ? ["--yes"] : [];
  // Of what goes, nothing is to be checked.
  const policies = ["preview", "up"].includes(action) ? policyArguments(stack) : [];
  return [action, "--stack", stack, ...answer, ...flags, ...policies];
}

async function main([action = "", ...rest]: readonly string[]): Promise<number> {
  if (!actions.includes(action)) throw new UsageError(`Say what to do: ${actions.join(", ")}.`);
  const named = rest[0] !== undefined && !rest[0].startsWith("-");
  const stack = named ? rest[0] : "dev";
  const flags = named ? rest.slice(1) : rest;
  const file = path.join(root, `Pulumi.${stack ?? ""}.yaml`);
  const before = await readStackFile(file);
  if (stack === undefined || before === undefined) {
    throw new UsageError(
      `There is no Pulumi.${stack ?? ""}.yaml: a stack is an environment, described by that file.`,
    );
  }
  const env = engineEnvironment(stack, process.env);
  const missing = await findMissing(parseStackFile(before));
  if (missing.length > 0) throw new UsageError(formatMissing(stack, missing));
  const runPulumi = (args: readonly string[]) => runAttached(pulumiProgram, args, { cwd: root, env });
  try {
    const selected = await runPulumi(["stack", "select", "--create", "--stack", stack]);
    if (selected !== 0) return selected;
    return await runPulumi(engineArguments(action, stack, flags, process.stdin.isTTY));
  } finally {
    await removeNewSalt(file, before);
  }
}

if (isProgram(import.meta.filename)) await runCommand(main);
