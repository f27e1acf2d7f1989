/** `npm run up|preview|refresh|destroy [-- STACK [pulumi's own flags]]`: checks the machine, then runs the engine. */
import { isProgram } from "../components/cluster/programs.ts";
import { localStacks } from "./engine/engine.ts";
import { policyArgumentsOf } from "./engine/policies.ts";
import { runEngine } from "./run/run-engine.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const actions = ["up", "preview", "refresh", "destroy"];

/** The engine's arguments for an action on a stack, but its name. */
export function engineArguments(
  action: string,
  stack: string,
  flags: readonly string[],
  isInteractive: boolean,
): string[] {
  const isAnswered =
    action === "preview" || flags.some((flag) => ["--yes", "-y", "--preview-only"].includes(flag));
  const answer = !isInteractive && !isAnswered && localStacks.includes(stack) ? ["--yes"] : [];
  return [action, ...answer, ...flags, ...policyArgumentsOf(action, stack)];
}

function main([action = "", ...rest]: readonly string[]): Promise<number> {
  if (!actions.includes(action)) throw new UsageError(`Say what to do: ${actions.join(", ")}.`);
  const [first] = rest;
  const isNamed = first !== undefined && !first.startsWith("-");
  const stack = isNamed ? first : "dev";
  const flags = isNamed ? rest.slice(1) : rest;
  return runEngine(stack, engineArguments(action, stack, flags, process.stdin.isTTY));
}

if (isProgram(import.meta.filename)) await runCommand(main);
