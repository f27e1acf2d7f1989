import { mkdir } from "node:fs/promises";
import { availableParallelism, freemem } from "node:os";
import path from "node:path";

import { encryptedIn } from "../../settings/encrypted.ts";
import { clusterPartCalled, partsOf, stackOf, type ClusterPart, type Part } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import { summarize, summarizeUpdate } from "../changes/changes.ts";
import { withEvents } from "../changes/events.ts";
import { root } from "../engine/engine.ts";
import { hostedPack, policyArgumentsOf } from "../engine/policies.ts";
import { ProgramHosts } from "../engine/program-hosts.ts";
import { runEngine } from "../run/run-engine.ts";
import { readAllOutputs } from "../stacks/all-outputs.ts";
import { createStacks, engineFor, listStacks, removeIfEmpty } from "../stacks/move-state.ts";
import { parseStackFile } from "../stacks/stack-file.ts";
import { environments, readStackText } from "../stacks/stack-settings.ts";
import { Progress } from "../terminal/progress.ts";
import { UsageError } from "../terminal/usage.ts";
import { fleetOrder, longestFirst, runInOrder } from "./fleet-order.ts";
import type { FleetSummary, PartRun } from "./fleet-summary.ts";
import { LastUpdates } from "./last-update.ts";
import { findLeaving, guardLeaving, withLeaving, type Leaving } from "./leaving-parts.ts";
import { isAmple, MemoryLimit } from "./memory-limit.ts";
import { PartEngines, type PartTerminal } from "./part-engines.ts";
import { programDigest, type Outputs } from "./part-inputs.ts";

/** What can be done with an environment in parts. */
export const actions = ["up", "preview", "refresh", "destroy"] as const;

type Action = (typeof actions)[number];

/** What is asked for. */
export interface FleetRequest {
  readonly action: Action;
  readonly base: string;
  /** Stacks of parts; all of them unless they are named. */
  readonly only: readonly string[] | undefined;
  /** Whether parts are run that would find what their last update left. */
  readonly all: boolean;
  /** How many parts run at a time, as far as there is memory for them. */
  readonly parallel: number;
  /** Bytes. */
  readonly memory: number;
  /** Clusters that are gone for good: what is on them is dropped without asking them. */
  readonly forget: readonly string[];
  readonly skipPreview: boolean;
  /** Whether a refresh or a destroy only says what it would do. */
  readonly previewOnly: boolean;
}

/** Much of a run is waiting: for clusters, and for what runs on them. */
const runsPerProcessor = 2;

/** All parts, so many at a time as this machine has room for. */
export function defaults(): Omit<FleetRequest, "action" | "base"> {
  return {
    only: undefined,
    all: false,
    parallel: runsPerProcessor * availableParallelism(),
    memory: freemem(),
    forget: [],
    skipPreview: false,
    previewOnly: false,
  };
}

/** Whether all came through. */
export function isThrough({ parts }: FleetSummary): boolean {
  return parts.every(({ outcome }) => outcome === "done" || outcome === "unchanged");
}

/** The stacks that are run, each with those before it. @throws UsageError where one is asked for that can't be. */
export function chooseStacks(
  { action, base, only }: Pick<FleetRequest, "action" | "base" | "only">,
  settings: Settings,
  leaving: Leaving,
): Map<string, readonly string[]> {
  const order = withLeaving(action, base, fleetOrder(action, base, settings), leaving);
  const unknown = (only ?? []).filter((stack) => !order.has(stack));
  if (unknown.length > 0) {
    throw new UsageError(
      `${base} has no part ${unknown.join(", ")}; it has ${[...order.keys()].join(", ")}.`,
    );
  }
  const chosen = new Map([...order].filter(([stack]) => only?.includes(stack) ?? true));
  for (const [stack, before] of chosen) {
    const missing = before.filter((other) => leaving.parts.has(stack) && !chosen.has(other));
    if (missing.length > 0) {
      throw new UsageError(
        `${stack} can't go before ${missing.join(", ")}: name ${missing.length > 1 ? "them" : "it"} too.`,
      );
    }
  }
  return chosen;
}

const engineFlags: Readonly<Record<Action, readonly string[]>> = {
  preview: ["--diff"],
  up: ["--yes", "--diff"],
  refresh: ["--yes", "--skip-preview", "--diff"],
  destroy: ["--yes", "--skip-preview"],
};

/** One run of the whole environment. */
interface FleetRun extends FleetRequest {
  /** The stacks that are run, each with those before it. */
  readonly order: ReadonlyMap<string, readonly string[]>;
  readonly parts: ReadonlyMap<string, Part>;
  /** Parts that the settings no longer ask for. */
  readonly leaving: ReadonlyMap<string, ClusterPart>;
  readonly updates: LastUpdates;
  /** Undefined where there is more than all of them can take. */
  readonly limit: MemoryLimit | undefined;
  /** Where the logs go. */
  readonly folder: string;
  readonly engines: PartEngines;
}

const hosts = new ProgramHosts();

/** What goes down or is read needs no program. */
const needProgram: readonly string[] = ["up", "preview"];

/** What the engine is asked to do about a part. */
function engineArguments(
  { action, base, leaving, skipPreview, previewOnly, forget }: FleetRun,
  stack: string,
): string[] {
  const isLeaving = leaving.has(stack);
  const { cluster } = clusterPartCalled(base, stack) ?? {};
  const goes = action === "destroy" || (isLeaving && action !== "refresh");
  const forgotten = goes && cluster !== undefined && forget.includes(cluster) ? ["--forget", cluster] : [];
  if ((isLeaving && action === "preview") || (goes && previewOnly))
    return ["destroy", "--preview-only", "--diff", ...forgotten];
  if (previewOnly) return [action, "--preview-only", "--diff"];
  if (goes) return ["destroy", ...engineFlags.destroy, ...forgotten];
  const skip = action === "up" && skipPreview ? ["--skip-preview"] : [];
  return [action, ...engineFlags[action], ...skip, ...policyArgumentsOf(action, base, hostedPack)];
}

/** Runs the engine on a stack. That of a part that leaves goes with it once nothing is left in it. */
async function runOn(
  { action, base, leaving, updates, previewOnly }: FleetRun,
  stack: string,
  args: string[],
  terminal: PartTerminal,
) {
  const isLeaving = leaving.has(stack);
  const isUpdated = isLeaving && (action === "up" || action === "preview");
  const withProgram = hosts.with.bind(hosts);
  const code = await runEngine(stack, args, {
    base,
    terminal,
    isLeaving: isUpdated,
    state: updates.isEmpty(stack) ? { deployment: {} } : undefined,
    ...(needProgram.includes(args[0] ?? "") ? { withProgram } : {}),
  });
  const goes = code === 0 && isLeaving && !previewOnly && (action === "up" || action === "destroy");
  return { code, isGone: goes && (await removeIfEmpty(engineFor(base), stack)) };
}

/** Runs the engine on a part, whatever it finds. */
async function runPart(run: FleetRun, stack: string, started: (program: number) => void): Promise<PartRun> {
  const { action, folder, leaving, engines, previewOnly } = run;
  const start = Date.now();
  const log = path.join(folder, `${stack}.log`);
  const terminal = engines.terminal(log, started);
  const errors: string[] = [];
  const { result, events } = await withEvents((flags) =>
    runOn(run, stack, [...engineArguments(run, stack), ...flags], terminal).catch((error: unknown) => {
      errors.push(error instanceof Error ? error.message : String(error));
      return { code: 1, isGone: false };
    }),
  );
  const { code, isGone } = result;
  await terminal.end();
  if (engines.isStopped && !terminal.hasRun) return { stack, outcome: "left out" };
  const isLeaving = leaving.has(stack);
  const report = action === "preview" || previewOnly ? summarize(events) : summarizeUpdate(events);
  return {
    stack,
    outcome: code === 0 ? "done" : "failed",
    ...(isLeaving ? { leaving: isGone ? "gone" : "goes" } : {}),
    seconds: Math.round((Date.now() - start) / 1000),
    report: { ...report, errors: [...errors, ...report.errors] },
    notes: terminal.notes,
    log: path.relative(root, log),
  };
}

/** The same once there is memory for it. */
function runWithin(run: FleetRun, stack: string): Promise<PartRun> {
  const { limit, parts } = run;
  if (limit === undefined) return runPart(run, stack, () => undefined);
  const kind = parts.get(stack)?.kind ?? "leaving";
  return limit.within(stack, kind, (started) => runPart(run, stack, started));
}

/** Runs the engine on a part unless it would find what its last update left. */
async function runIfChanged(run: FleetRun, stack: string): Promise<PartRun> {
  const { action, all, order, parts, leaving, updates, engines } = run;
  if (engines.isStopped) return { stack, outcome: "left out" };
  if (leaving.has(stack)) return runWithin(run, stack);
  const part = parts.get(stack);
  // An update of all leaves for the next run what it went by.
  const inputs =
    compares(run) && part ? await updates.inputs(stack, part, order.get(stack) ?? []) : undefined;
  if (!all && inputs !== undefined && (await updates.isSame(stack, inputs)))
    return { stack, outcome: "unchanged" };
  const ran = await runWithin(run, stack);
  updates.forget(stack);
  // What was left out, or made good first, is for the next run to look at.
  const isWhole = ran.outcome === "done" && ran.notes?.length === 0;
  if (action === "up" && inputs !== undefined && isWhole) await updates.remember(stack, inputs);
  return ran;
}

/** What is there, and what is to be run of it. */
export interface Fleet {
  readonly settings: Settings;
  /** The stacks that are run, each with those before it. */
  readonly order: ReadonlyMap<string, readonly string[]>;
  /** Parts that the settings no longer ask for. */
  readonly leaving: ReadonlyMap<string, ClusterPart>;
}

/** Whether parts are run only where their last update left something to do. A preview of all compares nothing. */
function compares({ action, all }: FleetRequest): boolean {
  return action === "up" || (action === "preview" && !all);
}

/** What the last updates went by, as all of it is now. */
async function readUpdates(
  request: FleetRequest,
  { settings, order }: Fleet,
  text: string,
): Promise<LastUpdates> {
  const { base } = request;
  const engine = engineFor(base);
  const stacks = await listStacks(engine);
  const asked = new Set([...order].flatMap(([stack, before]) => [stack, ...before]));
  const used = [...asked].filter((stack) => (stacks.get(stack)?.resources ?? 0) > 0);
  const readsAll = compares(request) && used.length > 0 && stacks.has(base);
  return new LastUpdates(engine, {
    base,
    settings,
    program: await programDigest(settings, root, encryptedIn(parseStackFile(text).config)),
    stacks,
    // What can't be read at a time is read where it is needed, and that says what is wrong.
    outputs: readsAll
      ? await readAllOutputs(engine, { base, text, stacks: used }).catch(() => new Map<string, Outputs>())
      : new Map(),
    isNeeded: (stack) => [...order.values()].some((before) => before.includes(stack)),
  });
}

/** Runs all that is asked for, with one line for each part as it ends. */
export async function runFleet(request: FleetRequest, fleet: Fleet): Promise<FleetSummary> {
  const { action, base, parallel } = request;
  const { settings, order, leaving } = fleet;
  const updates = await readUpdates(request, fleet, await readStackText(base));
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const folder = path.join(root, "logs", base, `${action}-${time}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const run: FleetRun = {
    ...request,
    order,
    leaving,
    parts: new Map(partsOf(settings).map((part) => [stackOf(base, part), part])),
    updates,
    limit: isAmple(request.memory, Math.min(parallel, order.size))
      ? undefined
      : new MemoryLimit({
          limit: request.memory,
          ...(needProgram.includes(action) ? { hosts: () => hosts.processes } : {}),
        }),
    folder,
    engines: new PartEngines(),
  };
  const progress = new Progress();
  const running = new Set<string>();
  const runs = new Map<string, PartRun>();
  const show = () => {
    progress.show(
      `${runs.size.toString()} of ${order.size.toString()} done, ${action}: ${[...running].join(", ")}`,
    );
  };
  // What leaves goes while it still has what the updates of others take away from it.
  const isFirst = (stack: string) => leaving.has(stack) || updates.isEmpty(stack);
  const runOne = async (stack: string) => {
    running.add(stack);
    show();
    const ran = await runIfChanged(run, stack).catch((error: unknown): PartRun => ({
      stack,
      outcome: "failed",
      report: { ...summarize([]), errors: [String(error)] },
    }));
    running.delete(stack);
    runs.set(stack, ran);
    show();
    // Of a cluster that doesn't answer nothing goes, so what that needs stays too.
    const stays = action === "up" && ran.leaving === "goes";
    return stays || ran.outcome === "left out" ? "failed" : ran.outcome;
  };
  const outcomes = await run.engines.stoppable(() =>
    runInOrder(longestFirst(order, isFirst), parallel, runOne),
  );
  progress.end();
  const parts = [...order.keys()].map(
    (stack): PartRun =>
      runs.get(stack) ?? {
        stack,
        outcome: outcomes.get(stack) ?? "left out",
        ...(leaving.has(stack) ? { leaving: "goes" } : {}),
      },
  );
  const memory = run.limit?.taken;
  return {
    action,
    environment: base,
    parts,
    ...(run.engines.isStopped ? { stopped: true } : {}),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** What there is of an environment, and what is to be run of it. @throws UsageError where that can't be. */
export async function readFleet(request: FleetRequest, settings: Settings): Promise<Fleet> {
  const { action, base, forget } = request;
  const run = engineFor(base);
  const stacks = await listStacks(run);
  if ((stacks.get(base)?.resources ?? 0) > 0) {
    throw new UsageError(
      `${base} is still one stack with all resources. Move them first: npm run split -- ${base}`,
    );
  }
  const leaving = await findLeaving(run, base, settings, { stacks, environments: environments() });
  for (const note of leaving.strangers) process.stderr.write(`${note}\n`);
  const order = chooseStacks(request, settings, leaving);
  const parts = new Map([...leaving.parts].filter(([stack]) => order.has(stack)));
  const going = action === "destroy" ? [...order.keys()] : [...parts.keys()];
  for (const cluster of forget) {
    if (going.some((stack) => clusterPartCalled(base, stack)?.cluster === cluster)) continue;
    throw new UsageError(
      `Nothing of ${cluster} is taken down. To forget it, move it from clusters to retired, and run preview or up.`,
    );
  }
  if (["preview", "up"].includes(action)) guardLeaving({ ...leaving, parts }, settings, forget);
  // An engine that reads what all of them say runs on the environment's own, which stays empty.
  const needed = [base, ...[...order.keys()].filter((stack) => !parts.has(stack))];
  await createStacks(run, needed, root, stacks);
  return { settings, order, leaving: parts };
}
