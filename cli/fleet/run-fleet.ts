import { mkdir } from "node:fs/promises";
import path from "node:path";

import { encryptedIn } from "../../settings/encrypted.ts";
import { clusterPartCalled, partsOf, stackOf, type ClusterPart, type Part } from "../../settings/part.ts";
import { summarize, summarizeUpdate } from "../changes/changes.ts";
import { withEvents } from "../changes/events.ts";
import { engineEnvironment, root } from "../engine/engine.ts";
import { hostedPack, policyArgumentsOf } from "../engine/policies.ts";
import { ProgramHosts } from "../engine/program-hosts.ts";
import { runEngine } from "../run/run-engine.ts";
import { readAllOutputs } from "../stacks/all-outputs.ts";
import { createStacks, engineFor, removeIfEmpty } from "../stacks/move-state.ts";
import { parseStackFile } from "../stacks/stack-file.ts";
import { readStackText } from "../stacks/stack-settings.ts";
import { Progress } from "../terminal/progress.ts";
import { longestFirst, runInOrder } from "./fleet-order.ts";
import { compares, type Action, type FleetRequest } from "./fleet-request.ts";
import type { FleetSummary, PartRun } from "./fleet-summary.ts";
import { LastUpdates } from "./last-update.ts";
import { isAmple, MemoryLimit } from "./memory-limit.ts";
import { PartEngines, type PartTerminal } from "./part-engines.ts";
import { programDigest, type Outputs } from "./part-inputs.ts";
import type { Fleet } from "./read-fleet.ts";

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
  /** What is written down of updates that went through, while others go on. */
  readonly remembering: Promise<void>[];
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
    compares(run) && part
      ? updates.inputs(stack, part, order.get(stack) ?? []).catch(() => undefined)
      : undefined;
  // What isn't there yet is made while that is worked out.
  if (!all && !updates.isEmpty(stack) && (await updates.isSame(stack, await inputs)))
    return { stack, outcome: "unchanged" };
  const ran = await runWithin(run, stack);
  updates.forget(stack);
  // What was left out, or made good first, is for the next run to look at.
  const isWhole = ran.outcome === "done" && ran.notes?.length === 0;
  if (action === "up" && isWhole)
    run.remembering.push(updates.remember(stack, await inputs).catch(() => undefined));
  return ran;
}

/** Makes what stacks are missing, and reads what the last updates went by. */
async function prepare(request: FleetRequest, fleet: Fleet): Promise<LastUpdates> {
  const { base, action } = request;
  const { settings, order, leaving, stacks } = fleet;
  const engine = engineFor(base);
  const text = await readStackText(base);
  const isUsed = (stack: string) => (stacks.get(stack)?.resources ?? 0) > 0;
  const isNew = (stack: string) => !leaving.has(stack) && !isUsed(stack);
  // It loads while stacks are made and read.
  if (needProgram.includes(action) && [...order.keys()].some(isNew))
    hosts.warm(engineEnvironment(base, process.env));
  // An engine that reads what all of them say runs on the environment's own, which stays empty.
  await createStacks(engine, [base], root, stacks);
  const asked = new Set([...order].flatMap(([stack, before]) => [stack, ...before]));
  const used = compares(request) ? [...asked].filter(isUsed) : [];
  const missing = [...order.keys()].filter((stack) => !leaving.has(stack));
  const [outputs] = await Promise.all([
    // What can't be read at a time is read where it is needed, and that says what is wrong.
    readAllOutputs(engine, { base, text, stacks: used }).catch(() => new Map<string, Outputs>()),
    createStacks(engine, missing, root, stacks),
  ]);
  return new LastUpdates(engine, {
    base,
    settings,
    program: await programDigest(settings, root, encryptedIn(parseStackFile(text).config)),
    stacks,
    outputs,
    isNeeded: (stack) => [...order.values()].some((before) => before.includes(stack)),
  });
}

/** Runs all that is asked for, with one line for each part as it ends. */
export async function runFleet(request: FleetRequest, fleet: Fleet): Promise<FleetSummary> {
  const { action, base, parallel } = request;
  const { settings, order, leaving } = fleet;
  const updates = await prepare(request, fleet);
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
    remembering: [],
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
  await Promise.all(run.remembering);
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
