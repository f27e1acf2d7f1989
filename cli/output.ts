/** `npm run output -- STACK [NAME]`: the outputs of a stack, or one of them, as JSON; of all parts where it is split. */
import { isProgram } from "../components/cluster/programs.ts";
import { readOutputs } from "./stacks/outputs.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

export interface Call {
  readonly stack: string;
  /** One of the outputs; all of them where it isn't said. */
  readonly names: readonly string[];
}

export function parseCall([stack, ...names]: readonly string[]): Call {
  const isWrong = names.length > 1 || [stack, ...names].some((one) => one?.startsWith("-") === true);
  if (stack === undefined || isWrong) {
    throw new UsageError("Say which stack, and which of its outputs: npm run output -- STACK [NAME]");
  }
  return { stack, names };
}

async function main(args: readonly string[]): Promise<number> {
  const { stack, names } = parseCall(args);
  const parse = (json: string) => JSON.parse(json) as unknown;
  const outputs = await readOutputs(stack, names, parse, "has no such output, or isn't deployed yet");
  process.stdout.write(`${JSON.stringify(outputs, undefined, 2)}\n`);
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main, 2);
