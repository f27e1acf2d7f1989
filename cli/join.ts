/** `npm run join -- STACK`: moves an environment from a stack for each part to one stack, without touching a cluster. */
import { isProgram } from "../components/cluster/programs.ts";
import { leftParts, partsOf, stackOf } from "../settings/part.ts";
import type { Settings } from "../settings/settings.ts";
import { root } from "./engine/engine.ts";
import type { Moved } from "./split.ts";
import { joinStates } from "./stacks/join-state.ts";
import { engineFor, moveState, readState, usedStacks, type RunEngine } from "./stacks/move-state.ts";
import { readStackSettings } from "./stacks/stack-settings.ts";
import type { State } from "./stacks/state.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say which stack: npm run join -- STACK";

export async function join(run: RunEngine, stack: string, settings: Settings, folder = root): Promise<Moved> {
  if (settings.split) {
    throw new UsageError(`Take mesh:split out of Pulumi.${stack}.yaml first: the program goes by it.`);
  }
  const used = await usedStacks(run);
  const others = leftParts(stack, used, settings);
  if (others.length > 0) {
    throw new UsageError(
      `${others.join(", ")}: Pulumi.${stack}.yaml says nothing of what is there, so nothing was moved. ` +
        `Put it back into the file, or take it down while mesh:split is set: npm run fleet -- up ${stack}`,
    );
  }
  const from = new Map<string, State>();
  for (const part of partsOf(settings)) {
    const name = stackOf(stack, part);
    if (used.includes(name)) from.set(name, await readState(run, name));
  }
  if (from.size === 0) throw new UsageError(`No part of ${stack} has resources: there is nothing to move.`);
  const to = new Map([[stack, joinStates(from, stack, settings)]]);
  const backups = await moveState(run, { from, to, folder });
  return { stacks: [stack], backups };
}

async function main(args: readonly string[]): Promise<number> {
  const { stack } = parseOptions(args, [], usage);
  const { backups } = await join(engineFor(stack), stack, await readStackSettings(stack));
  console.log(
    `What the parts of ${stack} had is now in ${stack}. No cluster was touched; the states before are in ${backups}.\n` +
      `Before anything else, let it write down what depends on what: npm run up -- ${stack}`,
  );
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main);
