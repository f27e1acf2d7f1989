/** `npm run output -- STACK [NAME]`: the outputs of a stack, or one of them, as JSON; of all parts where it is split. */
import { isProgram } from "../components/cluster/programs.ts";
import { readOutputs } from "./stacks/outputs.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

export interface Call {
  readonly stack: string;
  /** One of the outputs; all of them where it isn't said. */
  readonly name: string | undefined;
}

export function parseCall([stack, name, ...more]: readonly string[]): Call {
  const isWrong = more.length > 0 || [stack, name].some((one) => one?.startsWith("-") === true);
  if (stack === undefined || isWrong) {
    throw new UsageError("Say which stack, and which of its outputs: npm run output -- STACK [NAME]");
  }
  return { stack, name };
}

/** One of the outputs. @throws UsageError where there is no such one. */
export function pick(outputs: Readonly<Record<string, unknown>>, name: string | undefined): unknown {
  if (name === undefined) return outputs;
  if (name in outputs) return outputs[name];
  throw new UsageError(`It has no ${name}; it has ${Object.keys(outputs).join(", ")}.`);
}

async function main(args: readonly string[]): Promise<number> {
  const { stack, name } = parseCall(args);
  const parse = (json: string) => pick(JSON.parse(json) as Readonly<Record<string, unknown>>, name);
  const outputs = await readOutputs(stack, { parse, problem: "has no such output, or isn't deployed yet" });
  process.stdout.write(`${JSON.stringify(outputs, undefined, 2)}\n`);
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main, 2);
