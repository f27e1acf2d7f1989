import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import pMap from "p-map";
import { stringify } from "yaml";

import { engineEnvironment, pulumiProgram, readersAtOnce, root } from "../engine/engine.ts";
import { UsageError } from "../terminal/usage.ts";
import { parseStackFile, readStackFile, removeNewSalt } from "./stack-file.ts";
import type { State } from "./state.ts";

/** Runs the engine; what goes in and comes out may hold secrets, so it goes through pipes alone. */
export type RunEngine = (args: readonly string[], input?: string) => Promise<string>;

/** The engine, in the folder of the project. */
export function engineFor(stack: string, env = engineEnvironment(stack, process.env)): RunEngine {
  return (args, input) =>
    new Promise((resolve, reject) => {
      const options = { cwd: root, env, maxBuffer: 2 ** 30 };
      const child = execFile(pulumiProgram, [...args], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new UsageError(`pulumi ${args.slice(0, 2).join(" ")} failed:\n${stderr.trim()}`));
      });
      child.stdin?.end(input ?? "");
    });
}

async function exportState(run: RunEngine, stack: string, ...flags: string[]): Promise<State> {
  return JSON.parse(await run(["stack", "export", "--stack", stack, ...flags])) as State;
}

export function readState(run: RunEngine, stack: string): Promise<State> {
  return exportState(run, stack, "--show-secrets");
}

async function writeState(run: RunEngine, stack: string, state: State): Promise<void> {
  await run(["stack", "import", "--stack", stack], JSON.stringify(state));
}

/** What the engine lists of a stack. */
export interface ListedStack {
  readonly resources: number;
  /** Undefined before the first. */
  readonly lastUpdate: string | undefined;
}

/** The stacks that there are. */
export async function listStacks(run: RunEngine): Promise<Map<string, ListedStack>> {
  const stacks = JSON.parse(await run(["stack", "ls", "--json"])) as {
    readonly name: string;
    readonly resourceCount?: number;
    readonly lastUpdate?: string;
  }[];
  return new Map(
    stacks.map(({ name, resourceCount = 0, lastUpdate }) => [name, { resources: resourceCount, lastUpdate }]),
  );
}

/** The stacks that have resources. */
export async function usedStacks(run: RunEngine): Promise<string[]> {
  const stacks = await listStacks(run);
  return [...stacks].filter(([, { resources }]) => resources > 0).map(([name]) => name);
}

/** What a stack's passphrase is salted with; undefined where another service keeps its secrets. */
async function saltOf(run: RunEngine, stack: string): Promise<string | undefined> {
  return (await exportState(run, stack)).deployment.secrets_providers?.state?.salt;
}

/** Makes one stack, and takes back what the engine writes into its stack file. @returns its salt. */
async function createStack(
  run: RunEngine,
  stack: string,
  folder: string,
  salt: string | undefined,
): Promise<string | undefined> {
  const file = path.join(folder, `Pulumi.${stack}.yaml`);
  const before = await readStackFile(file);
  if (before === undefined && salt !== undefined) await writeFile(file, stringify({ encryptionsalt: salt }));
  await run(["stack", "init", "--stack", stack, "--no-select", "--non-interactive"]);
  const { encryptionsalt } = parseStackFile((await readStackFile(file)) ?? "");
  if (before === undefined) await rm(file, { force: true });
  else await removeNewSalt(file, before);
  return encryptionsalt;
}

/**
 * Makes the stacks that aren't there yet, without stack files of their own. Their secrets have the same salt: a stack that refers
 * to others makes a key of the passphrase for each salt, which takes a fifth of a second.
 *
 * @param present the stacks that there are.
 */
export async function createStacks(
  run: RunEngine,
  stacks: readonly string[],
  folder: string,
  present: ReadonlyMap<string, unknown>,
): Promise<void> {
  const missing = stacks.filter((stack) => !present.has(stack));
  const sibling = stacks.find((stack) => present.has(stack));
  let salt = missing.length > 0 && sibling !== undefined ? await saltOf(run, sibling) : undefined;
  const [first, ...others] = missing;
  if (first === undefined) return;
  // The first one's salt is that of all.
  salt = (await createStack(run, first, folder, salt)) ?? salt;
  await pMap(others, (stack) => createStack(run, stack, folder, salt), { concurrency: readersAtOnce });
}

/** Removes a stack that has nothing any more; whether it had nothing. */
export async function removeIfEmpty(run: RunEngine, stack: string): Promise<boolean> {
  const { deployment } = await exportState(run, stack);
  if ((deployment.resources ?? []).length > 0) return false;
  await run(["stack", "rm", "--yes", "--preserve-config", "--stack", stack]);
  return true;
}

/** What is on clusters, or else made: id by URN. */
function made({ deployment: { resources = [] } }: State): Map<string, string> {
  const custom = resources.filter(({ type, custom = false }) => custom && !type.startsWith("pulumi:"));
  return new Map(custom.map(({ urn, id = "" }) => [urn, id]));
}

function emptied(state: State): State {
  return { ...state, deployment: { ...state.deployment, resources: [] } };
}

/** One move of resources from some stacks to others. */
export interface Move {
  /** With their secrets. */
  readonly from: ReadonlyMap<string, State>;
  readonly to: ReadonlyMap<string, State>;
  /** The folder of the project. */
  readonly folder: string;
}

/** Copies of what the stacks have now, secrets encrypted as they are there. */
async function backUp(run: RunEngine, stacks: Iterable<string>, folder: string): Promise<Map<string, State>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const states = new Map<string, State>();
  for (const stack of stacks) {
    const state = await exportState(run, stack);
    await writeFile(path.join(folder, `${stack}.json`), JSON.stringify(state), { mode: 0o600 });
    states.set(stack, state);
  }
  return states;
}

/** The stacks that haven't got their resources yet. @throws UsageError where one has others. */
async function findWaiting(run: RunEngine, { to, folder }: Move): Promise<string[]> {
  const waiting: string[] = [];
  await createStacks(run, [...to.keys()], folder, await listStacks(run));
  for (const [stack, state] of to) {
    const present = made(await exportState(run, stack));
    const isThere = [...made(state)].every(([urn, id]) => present.get(urn) === id);
    if (present.size > 0 && !isThere) {
      throw new UsageError(
        `Stack ${stack} has resources already, and they aren't those that would be moved; nothing was moved.`,
      );
    }
    if (present.size === 0) waiting.push(stack);
  }
  return waiting;
}

/**
 * Moves resources without touching a cluster. First all stacks get theirs, and only then the others lose what they had:
 * wherever it is interrupted, nothing is lost, and moving again goes on from there.
 *
 * @returns the folder with copies of what the stacks had before.
 * @throws UsageError where a stack has something else, or is updated meanwhile.
 */
export async function moveState(run: RunEngine, move: Move): Promise<string> {
  const { from, to, folder } = move;
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const backups = path.join(folder, "backups", time);
  const before = await backUp(run, from.keys(), backups);
  const waiting = await findWaiting(run, move);
  for (const [stack, state] of to) {
    if (waiting.includes(stack)) await writeState(run, stack, state);
  }
  for (const [stack, state] of before) {
    if (isDeepStrictEqual((await exportState(run, stack)).deployment, state.deployment)) continue;
    for (const [target, moved] of to) {
      if (waiting.includes(target)) await writeState(run, target, emptied(moved));
    }
    throw new UsageError(
      `${stack} was updated meanwhile, so nothing was moved. Do it again when nobody works on it.`,
    );
  }
  for (const [stack, state] of before) await writeState(run, stack, emptied(state));
  return backups;
}
