import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { partsOf, stackOf } from "../../settings/part.ts";
import { engineEnvironment, pulumiProgram, root } from "../engine/engine.ts";
import { UsageError } from "../terminal/usage.ts";
import { mergeOutputs, type Outputs } from "./merge-outputs.ts";
import { isSplit, readStackSettings } from "./stack-settings.ts";

async function outputsOf(stack: string, flags: readonly string[], env: NodeJS.ProcessEnv): Promise<Outputs> {
  const args = ["stack", "output", ...flags, "--stack", stack, "--json"];
  const { stdout } = await promisify(execFile)(pulumiProgram, args, { cwd: root, env, maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as Outputs;
}

/** The stacks that an environment is in. */
async function stacksOf(base: string): Promise<string[]> {
  if (!(await isSplit(base))) return [base];
  return partsOf(await readStackSettings(base)).map((part) => stackOf(base, part));
}

/**
 * The outputs of an environment, of all its parts where it is split, read by `parse` as JSON. Parts that aren't there yet say
 * nothing.
 *
 * @throws UsageError that says `problem` of the stack where nothing is there.
 */
export async function readOutputs<T>(
  stack: string,
  flags: readonly string[],
  parse: (json: string) => T,
  problem: string,
): Promise<T> {
  const env = engineEnvironment(stack, process.env);
  const stacks = await stacksOf(stack);
  const found = await Promise.allSettled(stacks.map((one) => outputsOf(one, flags, env)));
  const outputs = found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const [failure] = found.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const up = stacks.length === 1 ? `npm run up -- ${stack}` : `npm run fleet -- up ${stack}`;
  try {
    if (outputs.length === 0) throw failure;
    return parse(JSON.stringify(mergeOutputs(outputs)));
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    throw new UsageError(`Stack ${stack} ${problem} (${up}):\n${stderr}`);
  }
}
