/** `npm run split -- STACK`: moves an environment from one stack to a stack for each part, without touching a cluster. */
import { isProgram } from "../components/cluster/programs.ts";
import type { Settings } from "../settings/settings.ts";
import { root } from "./engine/engine.ts";
import { engineFor, moveState, readState, type RunEngine } from "./stacks/move-state.ts";
import { splitState } from "./stacks/split-state.ts";
import { readStackSettings } from "./stacks/stack-settings.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say which stack: npm run split -- STACK";

/** The stacks that an environment now has, and where the copies of what it had are. */
export interface Moved {
  readonly stacks: readonly string[];
  readonly backups: string;
}

export async function split(
  run: RunEngine,
  stack: string,
  settings: Settings,
  folder = root,
): Promise<Moved> {
  if (!settings.split) {
    throw new UsageError(`Set mesh:split to true in Pulumi.${stack}.yaml first: the program goes by it.`);
  }
  const whole = await readState(run, stack);
  if ((whole.deployment.resources ?? []).length === 0) {
    throw new UsageError(`Stack ${stack} has no resources: there is nothing to move.`);
  }
  const to = splitState(whole, stack, settings);
  const backups = await moveState(run, { from: new Map([[stack, whole]]), to, folder });
  return { stacks: [...to.keys()], backups };
}

async function main(args: readonly string[]): Promise<number> {
  const { stack } = parseOptions(args, [], usage);
  const { stacks, backups } = await split(engineFor(stack), stack, await readStackSettings(stack));
  console.log(
    `What ${stack} had is now in ${stacks.join(", ")}. No cluster was touched; the state before is in ${backups}.\n` +
      `Let each part write down what the others ask it for: npm run fleet -- up ${stack}`,
  );
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main);
