/** `npm run fleet -- up|preview|refresh|destroy STACK`: every part of a split environment, in order. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, freemem } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { finished } from "node:stream/promises";

import { readEvents, summarize } from "./changes.ts";
import { localStacks, root } from "./engine.ts";
import { fleetOrder, runInOrder } from "./fleet-order.ts";
import { formatSummary, type FleetSummary, type PartRun } from "./fleet-summary.ts";
import { createStacks, engineFor, usedStacks } from "./move-state.ts";
import { parseCall } from "./options.ts";
import { policyArgumentsOf } from "./policies.ts";
import { Progress } from "./progress.ts";
import { runEngine, type Terminal } from "./run-engine.ts";
import { readStackSettings } from "./stack-settings.ts";
import { runCommand, UsageError } from "./usage.ts";
import { isProgram } from "../components/cluster/programs.ts";
import { leftParts } from "../settings/part.ts";
import type { Settings } from "../settings/settings.ts";

const actions = ["up", "preview", "refresh", "destroy"] as const;

type Action = (typeof actions)[number];

const usage =
  `Say what to do on which environment: npm run fleet -- ${actions.join("|")} STACK [--only PART,PART] ` +
  "[--parallel NUMBER] [--json FILE] [--yes]";

const options = {
  only: { type: "string" },
  parallel: { type: "string" },
  json: { type: "string" },
  yes: { type: "boolean", short: "y", default: false },
} as const;

/** What one run of the engine takes at most: itself, the program and its providers. */
const memoryOfRun = 2 ** 30;

/** As many runs at a time as the machine has processors and memory for. */
function defaultParallel(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / memoryOfRun)));
}

/** What is asked for. */
export interface Request {
  readonly action: Action;
  readonly base: string;
  /** Stacks of parts; all of them unless they are named. */
  readonly only: readonly string[] | undefined;
  readonly parallel: number;
  readonly json: string | undefined;
  readonly isAgreed: boolean;
}

export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseCall(args, options, usage);
  const [action, base, ...more] = positionals;
  const known = actions.find((one) => one === action);
  if (known === undefined || base === undefined || more.length > 0) throw new UsageError(usage);
  const parallel = values.parallel === undefined ? defaultParallel() : Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1) {
    throw new UsageError(
      `--parallel is ${values.parallel ?? ""}: say how many parts may run at a time.\n${usage}`,
    );
  }
  return {
    action: known,
    base,
    only: values.only?.split(",").map((part) => (part.startsWith(`${base}-`) ? part : `${base}-${part}`)),
    parallel,
    json: values.json,
    isAgreed: values.yes || localStacks.includes(base),
  };
}

/** The stacks that are run, each with those before it. @throws UsageError where one is asked for that there isn't. */
export function chooseStacks(
  { action, base, only }: Pick<Request, "action" | "base" | "only">,
  settings: Settings,
): Map<string, readonly string[]> {
  const order = fleetOrder(action, base, settings);
  const unknown = (only ?? []).filter((stack) => !order.has(stack));
  if (unknown.length > 0) {
    throw new UsageError(
      `${base} has no part ${unknown.join(", ")}; it has ${[...order.keys()].join(", ")}.`,
    );
  }
  return new Map([...order].filter(([stack]) => only?.includes(stack) ?? true));
}

const engineFlags: Readonly<Record<Action, readonly string[]>> = {
  preview: ["--diff"],
  up: ["--yes", "--skip-preview", "--diff"],
  refresh: ["--yes", "--skip-preview", "--diff"],
  destroy: ["--yes", "--skip-preview"],
};

/** A run that writes into a file; what is said beside it is kept for the summary. */
function loggedTerminal(log: string, notes: string[]): Terminal & { end(): Promise<void> } {
  const file = createWriteStream(log, { mode: 0o600 });
  return {
    run: (program, args, runOptions) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, ["--non-interactive", "--color", "never", ...args], {
          ...runOptions,
          stdio: ["ignore", "pipe", "pipe"],
        });
        child.stdout.pipe(file, { end: false });
        child.stderr.pipe(file, { end: false });
        child.on("error", reject);
        child.on("close", (code) => {
          resolve(code ?? 1);
        });
      }),
    say: (message) => notes.push(message),
    end: () => finished(file.end()),
  };
}

async function runPart(action: Action, base: string, stack: string, folder: string): Promise<PartRun> {
  const start = Date.now();
  const notes: string[] = [];
  const log = path.join(folder, `${stack}.log`);
  const events = path.join(folder, `${stack}.events`);
  const terminal = loggedTerminal(log, notes);
  const args = [action, ...engineFlags[action], "--event-log", events, ...policyArgumentsOf(action, base)];
  const errors: string[] = [];
  const code = await runEngine(stack, args, { base, terminal }).catch((error: unknown) => {
    errors.push(error instanceof Error ? error.message : String(error));
    return 1;
  });
  await terminal.end();
  const report = summarize(await readEvents(events).catch(() => []));
  return {
    stack,
    outcome: code === 0 ? "done" : "failed",
    seconds: Math.round((Date.now() - start) / 1000),
    report: { ...report, errors: [...errors, ...report.errors] },
    notes,
    log: path.relative(root, log),
  };
}

/** Runs all that is asked for, with one line for each part as it ends. */
async function runFleet(
  action: Action,
  { base, parallel }: Request,
  order: ReadonlyMap<string, readonly string[]>,
): Promise<FleetSummary> {
  const folder = path.join(
    root,
    "logs",
    base,
    `${action}-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`,
  );
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const progress = new Progress();
  const running = new Set<string>();
  const runs = new Map<string, PartRun>();
  const show = () => {
    progress.show(
      `${runs.size.toString()} of ${order.size.toString()} done, ${action}: ${[...running].join(", ")}`,
    );
  };
  const outcomes = await runInOrder(order, parallel, async (stack) => {
    running.add(stack);
    show();
    const run = await runPart(action, base, stack, folder);
    running.delete(stack);
    runs.set(stack, run);
    show();
    return run.outcome === "done" ? "done" : "failed";
  });
  progress.end();
  const parts = [...outcomes].map(([stack, outcome]) => runs.get(stack) ?? { stack, outcome });
  return { action, environment: base, parts };
}

async function agrees(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test(await terminal.question("Do this? (y/N) "));
  } finally {
    terminal.close();
  }
}

/** The parts can't be run on while something else has what is theirs. */
async function checkStacks(base: string, settings: Settings): Promise<void> {
  const used = await usedStacks(engineFor(base));
  if (used.includes(base)) {
    throw new UsageError(
      `${base} is still one stack with all resources. Move them first: npm run split -- ${base}`,
    );
  }
  const left = leftParts(base, used, settings);
  if (left.length > 0) {
    throw new UsageError(
      `${left.join(", ")}: Pulumi.${base}.yaml says nothing of what is there. Put it back into the file, or take it ` +
        `down: ${left.map((stack) => `pulumi destroy --stack ${stack}`).join("; ")}`,
    );
  }
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  const { action, base, json, isAgreed } = request;
  const settings = await readStackSettings(base);
  if (!settings.split) throw new UsageError(`${base} is one stack: npm run ${action} -- ${base}`);
  if (action !== "preview" && !isAgreed && !process.stdin.isTTY) {
    throw new UsageError(`Nobody can be asked here: preview it, and add --yes.`);
  }
  await checkStacks(base, settings);
  const order = chooseStacks(request, settings);
  await createStacks(engineFor(base), [...order.keys()], root);
  if (action !== "preview" && !isAgreed) {
    const first = action === "up" ? await runFleet("preview", request, order) : undefined;
    process.stdout.write(
      first === undefined ? `${action}: ${[...order.keys()].join(", ")}\n` : formatSummary(first),
    );
    if (!(await agrees())) return 1;
  }
  const summary = await runFleet(action, request, order);
  process.stdout.write(formatSummary(summary));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(summary, undefined, 2)}\n`);
  return summary.parts.every(({ outcome }) => outcome === "done") ? 0 : 1;
}

if (isProgram(import.meta.filename)) await runCommand(main);
