import { writeFile } from "node:fs/promises";
import path from "node:path";

import { exclusionVariable, forgottenVariable } from "../../settings/left-out.ts";
import { partsAmong } from "../../settings/part.ts";
import { runAttached } from "../engine/attached.ts";
import { engineEnvironment, pulumiProgram, root } from "../engine/engine.ts";
import { withPrivateFolder } from "../engine/private-folder.ts";
import { interrupted, investigate, settled } from "../stacks/interrupted.ts";
import { knowsItsOrder } from "../stacks/join-state.ts";
import { engineFor, usedStacks } from "../stacks/move-state.ts";
import { parseStackFile, readStackFile, removeNewSalt, type StackFile } from "../stacks/stack-file.ts";
import { StackState, type State } from "../stacks/state.ts";
import { UsageError } from "../terminal/usage.ts";
import {
  configOf,
  deployedClusters,
  findAbsent,
  parseAbsenceFlags,
  planDetour,
  type DeployedCluster,
} from "./absence.ts";
import { withForgotten } from "./forget.ts";
import { givenKubeconfig } from "./given-kubeconfig.ts";
import { backendUrl, isStale, readLocks, stateFolder } from "./locks.ts";
import { findMissing, formatMissing } from "./preflight.ts";

/** Allows `--event-log`, as the Automation API does. */
const eventLog = { PULUMI_DEBUG_COMMANDS: "true" };

export function stackFileOf(stack: string): string {
  return path.join(root, `Pulumi.${stack}.yaml`);
}

type RunPulumi = (args: readonly string[], more?: NodeJS.ProcessEnv) => Promise<number>;

/** Where a run of the engine is seen. */
export interface Terminal {
  /** Runs a program to its end; its exit code. */
  run(
    file: string,
    args: readonly string[],
    options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ): Promise<number>;
  /** Says what a person must know beside what the engine prints. */
  say(message: string): void;
}

const ownTerminal: Terminal = {
  run: runAttached,
  say: (message) => {
    process.stderr.write(`${message}\n`);
  },
};

/** Runs an engine whose program finds `environment`, with the arguments that say where the program is. */
export type WithProgram = (
  environment: NodeJS.ProcessEnv,
  run: (client: readonly string[]) => Promise<number>,
) => Promise<number>;

/** The engine starts the program itself. */
const ownProgram: WithProgram = (_, run) => run([]);

/** One run of the engine on a stack. */
interface Run {
  readonly stack: string;
  readonly args: readonly string[];
  readonly file: StackFile;
  /** Whether it is a stack with a file of its own, unlike a part of an environment. */
  readonly isWhole: boolean;
  /** Whether it is destroyed since the environment no longer asks for it. */
  readonly isLeaving: boolean;
  /** What names the stack and its file to the engine. */
  readonly named: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly runPulumi: RunPulumi;
  readonly withProgram: WithProgram;
  readonly state: State | undefined;
  readonly say: Terminal["say"];
}

/** Clears the lock of an engine that was killed on this machine; any other lock is for the engine to report. */
async function clearStaleLocks({ stack, env, runPulumi, say }: Run): Promise<void> {
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
  run.say(
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
  const code = await run.runPulumi(["refresh", ...run.named, "--yes", "--skip-preview", ...targets]);
  if (code !== 0) throw new UsageError("What the interrupted update made couldn't be read; see above.");
}

/** The resources of a split environment would all be made once more. */
async function refuseParts({ stack, env }: Run): Promise<void> {
  const parts = partsAmong(stack, await usedStacks(engineFor(stack, env)));
  if (parts.length > 0) {
    throw new UsageError(
      `${stack} is in several stacks: ${parts.join(", ")}.\n` +
        `Move them into one first, npm run join -- ${stack}, or set mesh:split to true in Pulumi.${stack}.yaml.`,
    );
  }
}

async function runWith(run: Run): Promise<number> {
  const { stack, file, named, env, runPulumi, withProgram, say } = run;
  const [action = "", ...given] = run.args;
  const flags = parseAbsenceFlags(given);
  const changesState = action !== "preview" && !flags.rest.includes("--preview-only");
  if (changesState) await clearStaleLocks(run);
  const stackState = new StackState(stack, env);
  const state = run.state ?? (await stackState.read({ withSecrets: true }));
  if (run.isWhole && (state.deployment.resources ?? []).length === 0) await refuseParts(run);
  if (run.isWhole && action === "destroy" && !knowsItsOrder(state)) {
    throw new UsageError(
      `${stack} was joined, and no update has written down since what depends on what, so it would be taken down in ` +
        `the wrong order: npm run up -- ${stack} first.`,
    );
  }
  const clusters = deployedClusters(state);
  const absent = await findAbsent(clusters, file, (name) => givenKubeconfig(file, named, name, env));
  const { exclusions, forgotten, notes } = planDetour(
    // Of a cluster that stays, only what it had of others goes; the next run makes up for it.
    run.isLeaving ? "up" : action,
    clusters,
    absent,
    flags,
    file,
  );
  if (run.isLeaving && exclusions.length > 0) {
    for (const note of notes) say(note);
    return 0;
  }
  const missing = await findMissing(file, { absent: [...absent.keys()] });
  if (missing.length > 0) throw new UsageError(formatMissing(stack, missing));
  if (changesState) await recover(run, state, clusters, absent);
  for (const note of notes) say(note);
  const detour = {
    ...(exclusions.length === 0 ? {} : { [exclusionVariable]: exclusions.join(",") }),
    ...(flags.forget.length === 0 ? {} : { [forgottenVariable]: flags.forget.join(",") }),
  };
  const start = () =>
    withProgram({ ...env, ...detour }, (client) =>
      runPulumi([action, ...named, ...client, ...flags.rest], detour),
    );
  return changesState ? withForgotten(stackState, forgotten, start) : start();
}

/** A stack that is a part of an environment goes by a copy of its file in `folder`: the engine writes into it. */
async function withStackFile<T>(
  { base, stack, text, folder }: { base: string; stack: string; text: string; folder: string },
  run: (named: readonly string[]) => Promise<T>,
): Promise<T> {
  const named = ["--stack", stack];
  if (base === stack) {
    try {
      return await run(named);
    } finally {
      await removeNewSalt(stackFileOf(base), text);
    }
  }
  const copy = path.join(folder, `Pulumi.${stack}.yaml`);
  await writeFile(copy, text, { mode: 0o600 });
  return run([...named, "--config-file", copy]);
}

/** How a run differs from one on a stack of its own, on this terminal. */
export interface EngineOptions {
  /** The environment's stack, whose file a part of it goes by. */
  readonly base?: string;
  /** Whether it is a part that is destroyed since the environment no longer asks for it. */
  readonly isLeaving?: boolean;
  readonly terminal?: Terminal;
  /** Who runs the program; the engine unless it is said otherwise. */
  readonly withProgram?: WithProgram;
  /** The stack's state with its secrets, where that has just been read. */
  readonly state?: State | undefined;
}

/**
 * Runs the engine: what a killed one left is made good first, and clusters that don't answer are left out. The
 * stack, which `args` needn't name, is made where it isn't there yet, unless it is a part of an environment.
 *
 * @returns its exit code.
 * @throws UsageError where there is no such stack file, or the machine lacks what the stack needs.
 */
export async function runEngine(
  stack: string,
  args: readonly string[],
  {
    base = stack,
    isLeaving = false,
    terminal = ownTerminal,
    withProgram = ownProgram,
    state,
  }: EngineOptions = {},
): Promise<number> {
  const text = await readStackFile(stackFileOf(base));
  if (text === undefined) {
    throw new UsageError(
      `There is no Pulumi.${base}.yaml: a stack is an environment, described by that file.`,
    );
  }
  return withPrivateFolder(async (folder) => {
    // The Kubernetes provider leaves each kubeconfig that it is given in the folder for temporary files.
    const env = { ...engineEnvironment(base, process.env), ...eventLog, TMPDIR: folder };
    const runPulumi: RunPulumi = (given, more) =>
      terminal.run(pulumiProgram, given, { cwd: root, env: { ...env, ...more } });
    return withStackFile({ base, stack, text, folder }, async (named) => {
      if (base === stack) {
        const selected = await runPulumi(["stack", "select", "--create", ...named]);
        if (selected !== 0) return selected;
      }
      return runWith({
        stack,
        isWhole: base === stack,
        isLeaving,
        args,
        file: parseStackFile(text),
        named,
        env,
        runPulumi,
        withProgram,
        state,
        say: (message) => {
          terminal.say(message);
        },
      });
    });
  });
}
