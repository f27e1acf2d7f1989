/** `npm run fleet -- up|preview|refresh|destroy STACK`: every part of a split environment, in order. */
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";

import { isProgram } from "../components/cluster/programs.ts";
import { withChartsDirectory } from "../settings/read.ts";
import { localStacks } from "./engine/engine.ts";
import { runAndShow } from "./fleet/environment.ts";
import { actions, defaults, type FleetRequest } from "./fleet/fleet-request.ts";
import { gigabyte } from "./fleet/memory-limit.ts";
import { readFleet, type Fleet } from "./fleet/read-fleet.ts";
import { isThrough } from "./fleet/fleet-summary.ts";
import { engineFor, listStacks } from "./stacks/move-state.ts";
import { readStackSettings } from "./stacks/stack-settings.ts";
import { parseCall } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage =
  `Say what to do on which environment: npm run fleet -- ${actions.join("|")} STACK [--only PART,PART] [--all] ` +
  "[--parallel NUMBER] [--memory GIGABYTES] [--json FILE] [--forget CLUSTER] [--skip-preview | --preview-only] [--yes]";

const options = {
  only: { type: "string" },
  all: { type: "boolean", default: false },
  parallel: { type: "string" },
  memory: { type: "string" },
  json: { type: "string" },
  forget: { type: "string", multiple: true },
  "skip-preview": { type: "boolean", default: false },
  "preview-only": { type: "boolean", default: false },
  yes: { type: "boolean", short: "y", default: false },
} as const;

/** A positive number that an option gives. */
function positive(option: string, text: string, what: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`--${option} is ${text}: say ${what}.\n${usage}`);
}

function parallelOf(parallel: string): number {
  const asked = positive("parallel", parallel, "how many parts may run at a time");
  if (!Number.isInteger(asked))
    throw new UsageError(`--parallel is ${parallel}: say a whole number.\n${usage}`);
  return asked;
}

/** What is asked for on a command line. */
export interface Request extends FleetRequest {
  readonly json: string | undefined;
  readonly isAgreed: boolean;
}

export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseCall(args, options, usage);
  const [first, base, ...more] = positionals;
  const action = actions.find((one) => one === first);
  if (action === undefined || base === undefined || more.length > 0) throw new UsageError(usage);
  const { only, all, parallel, memory, json, forget, yes } = values;
  const given = defaults();
  if (values["preview-only"] && ["up", "preview"].includes(action))
    throw new UsageError(`What up would do is said by: npm run fleet -- preview ${base}`);
  return {
    action,
    base,
    only: only?.split(",").map((part) => (part.startsWith(`${base}-`) ? part : `${base}-${part}`)),
    all,
    parallel: parallel === undefined ? given.parallel : parallelOf(parallel),
    memory:
      memory === undefined
        ? given.memory
        : positive("memory", memory, "how many GB the runs may take") * gigabyte,
    json,
    forget: forget ?? given.forget,
    skipPreview: values["skip-preview"],
    previewOnly: values["preview-only"],
    isAgreed: yes || localStacks.includes(base),
  };
}

async function agrees(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test(await terminal.question("Do this? (y/N) "));
  } finally {
    terminal.close();
  }
}

/** Shows what would be done, and asks. */
async function isWanted(request: FleetRequest, fleet: Fleet): Promise<boolean> {
  const asked = request.action === "up" ? { action: "preview" as const } : { previewOnly: true };
  const preview = await runAndShow({ ...request, ...asked }, fleet);
  return preview.stopped !== true && agrees();
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  const { action, base, json, isAgreed, previewOnly } = request;
  const settings = withChartsDirectory(await readStackSettings(base));
  if (!settings.split) throw new UsageError(`${base} is one stack: npm run ${action} -- ${base}`);
  const asks = action !== "preview" && !previewOnly && !isAgreed;
  if (asks && !process.stdin.isTTY)
    throw new UsageError(`Nobody can be asked here: preview it, and add --yes.`);
  const fleet = await readFleet(request, settings);
  if (asks && !(await isWanted(request, fleet))) return 1;
  // What somebody has just seen and agreed to needn't be previewed again.
  const summary = await runAndShow(
    { ...request, skipPreview: request.skipPreview || asks },
    // While somebody read, somebody else may have been at work.
    asks ? { ...fleet, stacks: await listStacks(engineFor(base)) } : fleet,
  );
  if (json !== undefined) await writeFile(json, `${JSON.stringify(summary, undefined, 2)}\n`);
  return isThrough(summary) ? 0 : 1;
}

if (isProgram(import.meta.filename)) await runCommand(main);
