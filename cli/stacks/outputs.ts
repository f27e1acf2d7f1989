import pMap from "p-map";

import { partsOf, stackOf, type Part } from "../../settings/part.ts";
import { readersAtOnce } from "../engine/engine.ts";
import { UsageError } from "../terminal/usage.ts";
import { mergeOutputs, type Outputs } from "./merge-outputs.ts";
import { engineFor, usedStacks, type RunEngine } from "./move-state.ts";
import { isSplit, readStackSettings, readStackText } from "./stack-settings.ts";

/** What is read of a stack. */
export interface OutputsQuery<T> {
  readonly showSecrets?: boolean;
  /** Of an environment in parts those that are asked; where it has none of them, all. */
  readonly isAsked?: (part: Part) => boolean;
  /** Reads all outputs as JSON. */
  readonly parse: (json: string) => T;
  /** What to say of the stack where that can't be. */
  readonly problem: string;
}

type Query = Pick<OutputsQuery<unknown>, "showSecrets" | "isAsked">;

/** The stacks of an environment in parts that have something to say. */
async function stacksToAsk(run: RunEngine, base: string, isAsked: Query["isAsked"]): Promise<string[]> {
  const parts = partsOf(await readStackSettings(base));
  const some = isAsked === undefined ? [] : parts.filter(isAsked);
  const used = await usedStacks(run);
  const stacks = (some.length > 0 ? some : parts).map((part) => stackOf(base, part));
  return stacks.filter((stack) => used.includes(stack));
}

async function outputsOf(run: RunEngine, stack: string, { showSecrets = false }: Query): Promise<Outputs> {
  const flags = showSecrets ? ["--show-secrets"] : [];
  return JSON.parse(await run(["stack", "output", ...flags, "--stack", stack, "--json"])) as Outputs;
}

/** What each of some stacks says, by one engine if it may see their secrets. */
async function allOutputsOf(
  run: RunEngine,
  base: string,
  stacks: readonly string[],
  query: Query,
): Promise<Outputs[]> {
  const readEach = () =>
    pMap(stacks, (stack) => outputsOf(run, stack, query), { concurrency: readersAtOnce });
  if (query.showSecrets !== true || stacks.length === 1) return readEach();
  // Loading the SDK takes most of a second.
  const { readAllOutputs } = await import("./all-outputs.ts");
  const text = await readStackText(base);
  return readAllOutputs(run, { base, text, stacks }).then((found) => [...found.values()], readEach);
}

/**
 * The outputs of an environment, of all its parts where it is split. Parts that aren't there yet say nothing.
 *
 * @throws UsageError that says `problem` of the stack where nothing is there.
 */
export async function readOutputs<T>(
  stack: string,
  { parse, problem, ...query }: OutputsQuery<T>,
  run = engineFor(stack),
): Promise<T> {
  const isInParts = await isSplit(stack);
  const up = isInParts ? `npm run fleet -- up ${stack}` : `npm run up -- ${stack}`;
  const stacks = isInParts ? await stacksToAsk(run, stack, query.isAsked) : [stack];
  try {
    const outputs = mergeOutputs(await allOutputsOf(run, stack, stacks, query));
    if (Object.keys(outputs).length === 0) throw new UsageError("Nothing is there.");
    return parse(JSON.stringify(outputs));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Stack ${stack} ${problem} (${up}):\n${reason}`);
  }
}
