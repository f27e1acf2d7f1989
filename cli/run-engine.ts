import path from "node:path";

import {
  configOf,
  deployedClusters,
  findAbsent,
  parseAbsenceFlags,
  planDetour,
  type DeployedCluster,
} from "./absence.ts";
import { runAttached } from "./attached.ts";
import { engineEnvironment, pulumiProgram, root } from "./engine.ts";
import { withForgotten } from "./forget.ts";
import { givenKubeconfig } from "./given-kubeconfig.ts";
import { interrupted, investigate, settled } from "./interrupted.ts";
import { backendUrl, isStale, readLocks, stateFolder } from "./locks.ts";
import { findMissing, formatMissing } from "./preflight.ts";
import { parseStackFile, readStackFile, removeNewSalt, type StackFile } from "./stack-file.ts";
import { StackState, type State } from "./state.ts";
import { UsageError } from "./usage.ts";
import { exclusionVariable, forgottenVariable } from "../settings/left-out.ts";

/** Allows `--event-log`, as the Automation API does. */
const eventLog = { PULUMI_DEBUG_COMMANDS: "true" };

export function stackFileOf(stack: string): string {
  return path.join(root, `Pulumi.${stack}.yaml`);
}

type RunPulumi = (args: readonly string[], more?: NodeJS.ProcessEnv) => Promise<number>;

/** One run of the engine on a stack. */
interface Run {
  readonly stack: string;
  readonly args: readonly string[];
  readonly file: StackFile;
  readonly env: NodeJS.ProcessEnv;
  readonly runPulumi: RunPulumi;
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Clears the lock of an engine that was killed on this machine; any other lock is for the engine to report. */
async function clearStaleLocks({ stack, env, runPulumi }: Run): Promise<void> {
  const folder = stateFolder(await backendUrl(root, env), root);
  const locks = folder === undefined ? [] : await readLocks(folder, "mesh", stack);
  if (locks.length === 0 || !locks.every(isStale)) return;
  say(
    `The engine was killed while it worked on ${stack} (process ${locks.map(({ pid }) => pid).join(", ")}); clearing its lock.`,
  );
  await runPulumi(["cancel", "--yes", "--stack", stack]);
}

/** Finds out what became of what an engine that was killed was doing, and puts it into the state. */
async function recover(
  run: Run,
  state: State,
  clusters: readonly DeployedCluster[],
  absent: ReadonlyMap<string, string>,
) {
  const operations = interrupted(state);
  if (operations.length === 0) return;
  say(
    `The last update was interrupted in ${operations.length.toString()} steps; finding out what became of them.`,
  );
  const created = await investigate(state, (name) => {
    const cluster = clusters.find((one) => one.name === name);
    return cluster === undefined || absent.has(name) ? undefined : configOf(cluster, run.file);
  });
  const stackState = new StackState(run.stack, run.env);
  await stackState.write(settled(await stackState.read(), created));
  if (created.length === 0) return;
  const targets = created.flatMap(({ urn }) => ["--target", urn]);
  const code = await run.runPulumi(["refresh", "--stack", run.stack, "--yes", "--skip-preview", ...targets]);
  if (code !== 0) throw new UsageError("What the interrupted update made couldn't be read; see above.");
}

async function runWith(run: Run): Promise<number> {
  const { stack, file, env, runPulumi } = run;
  const [action = "", ...given] = run.args;
  const flags = parseAbsenceFlags(given);
  const selected = await runPulumi(["stack", "select", "--create", "--stack", stack]);
  if (selected !== 0) return selected;
  const changesState = action !== "preview" && !flags.rest.includes("--preview-only");
  if (changesState) await clearStaleLocks(run);
  const stackState = new StackState(stack, env);
  const state = await stackState.read({ withSecrets: true });
  const clusters = deployedClusters(state);
  const absent = await findAbsent(clusters, file, (name) => givenKubeconfig(file, stack, name, env));
  const { exclusions, forgotten, notes } = planDetour(action, clusters, absent, flags, file);
  const missing = await findMissing(file, { absent: [...absent.keys()] });
  if (missing.length > 0) throw new UsageError(formatMissing(stack, missing));
  if (changesState) await recover(run, state, clusters, absent);
  for (const note of notes) say(note);
  const detour = {
    ...(exclusions.length === 0 ? {} : { [exclusionVariable]: exclusions.join(",") }),
    ...(flags.forget.length === 0 ? {} : { [forgottenVariable]: flags.forget.join(",") }),
  };
  const start = () => runPulumi([action, ...flags.rest], detour);
  return changesState ? withForgotten(stackState, forgotten, start) : start();
}

/**
 * Runs the engine on this terminal: what a killed one left is made good first, and clusters that don't answer are left
 * out. On a stack that is made where it isn't there yet; its exit code.
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
  const runPulumi: RunPulumi = (given, more) =>
    runAttached(pulumiProgram, given, { cwd: root, env: { ...env, ...more } });
  try {
    return await runWith({ stack, args, file: parseStackFile(before), env, runPulumi });
  } finally {
    await removeNewSalt(file, before);
  }
}
