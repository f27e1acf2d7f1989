import path from "node:path";

import { runAttached } from "./attached.ts";
import { engineEnvironment, pulumiProgram, root } from "./engine.ts";
import { findMissing, formatMissing } from "./preflight.ts";
import { parseStackFile, readStackFile, removeNewSalt } from "./stack-file.ts";
import { UsageError } from "./usage.ts";

/** Allows `--event-log`, as the Automation API does. */
const eventLog = { PULUMI_DEBUG_COMMANDS: "true" };

export function stackFileOf(stack: string): string {
  return path.join(root, `Pulumi.${stack}.yaml`);
}

/**
 * Runs the engine on this terminal, on a stack that is made where it isn't there yet; its exit code.
 *
 * @throws UsageError where there is no such stack file, or the machine lacks what the stack needs.
 */
export async function runEngine(stack: string, args: readonly string[]): Promise<number> {
  const file = stackFileOf(stack);
  const before = await readStackFile(file);
  if (before === undefined) {
    throw new UsageError(
      `There is no Pulumi.${stack}.yaml: a stack is an environment, described by that file.`,
    );
  }
  const env = { ...engineEnvironment(stack, process.env), ...eventLog };
  const missing = await findMissing(parseStackFile(before));
  if (missing.length > 0) throw new UsageError(formatMissing(stack, missing));
  const runPulumi = (given: readonly string[]) => runAttached(pulumiProgram, given, { cwd: root, env });
  try {
    const selected = await runPulumi(["stack", "select", "--create", "--stack", stack]);
    if (selected !== 0) return selected;
    return await runPulumi(args);
  } finally {
    await removeNewSalt(file, before);
  }
}
