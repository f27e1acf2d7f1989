/** `npm run verify -- STACK`: whether the deployed mesh works, by what its clusters say. */
import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

import { isProgram } from "../components/cluster/programs.ts";
import type { ClusterAnswer } from "../facts/facts.ts";
import { gather } from "../facts/gather.ts";
import type { Settings } from "../settings/settings.ts";
import { callOver, type Calls } from "../verify/calls/call-over.ts";
import { defaultImage } from "../verify/calls/objects.ts";
import { toReport } from "../verify/report.ts";
import { paintFor, toText } from "../verify/text.ts";
import { verify, type Verification } from "../verify/verify.ts";
import { readDeployedStack, type DeployedStack } from "./stacks/deployed.ts";
import { readStackSettings, stackName } from "./stacks/stack-settings.ts";
import { parseCall } from "./terminal/options.ts";
import { Progress } from "./terminal/progress.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage =
  "Say which stack: npm run verify -- STACK [--calls] [--image IMAGE] [--cluster NAME] [--wait SECONDS] [--watch] [--interval SECONDS] " +
  "[--timeout SECONDS] [--report FILE] [--json]";

/** What is asked for; times in milliseconds. */
export interface Request {
  readonly stack: string;
  readonly cluster: string | undefined;
  /** Whether pods call over every link. */
  readonly calls: boolean;
  /** What those pods run. */
  readonly image: string;
  /** How long to ask again until all is well. */
  readonly wait: number;
  readonly watch: boolean;
  readonly interval: number;
  /** How long an answer may take. */
  readonly timeout: number;
  readonly report: string | undefined;
  readonly json: boolean;
}

const options = {
  cluster: { type: "string" },
  calls: { type: "boolean", default: false },
  image: { type: "string", default: defaultImage },
  wait: { type: "string", default: "0" },
  watch: { type: "boolean", default: false },
  interval: { type: "string", default: "30" },
  timeout: { type: "string", default: "10" },
  report: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

function milliseconds(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number) && number >= 0) return number * 1_000;
  throw new UsageError(`--${option} ${text} is no number of seconds.\n${usage}`);
}

export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseCall(args, options, usage);
  const [stack, ...more] = positionals;
  if (stack === undefined || more.length > 0) throw new UsageError(usage);
  const { cluster, calls, image, report, watch, json } = values;
  const times = {
    wait: milliseconds("wait", values.wait),
    interval: milliseconds("interval", values.interval),
    timeout: milliseconds("timeout", values.timeout),
  };
  return { stack, cluster, calls, image, report, watch, json, ...times };
}

interface Seen {
  readonly verification: Verification;
  readonly answers: readonly ClusterAnswer[];
  readonly seconds: number;
}

/** The cluster with those that it is linked with. */
function neighbours({ clusters, links }: Settings, cluster: string | undefined): string[] | undefined {
  if (cluster === undefined) return undefined;
  const names = clusters.map(({ name }) => name);
  if (!names.includes(cluster)) {
    throw new UsageError(`The stack has no cluster ${cluster}; it has: ${names.join(", ")}.`);
  }
  const linked = links.filter(({ source, target }) => [source, target].includes(cluster));
  return [...new Set([cluster, ...linked.flatMap(({ source, target }) => [source, target])])];
}

/** Calls that an interruption ends; what was made for them is taken away all the same. */
async function callOverLinks(
  settings: Settings,
  { deployed }: DeployedStack,
  answers: readonly ClusterAnswer[],
  { cluster, image, timeout }: Request,
  progress: Progress,
): Promise<Calls> {
  const stop = new AbortController();
  const interrupt = () => {
    stop.abort(new UsageError("Interrupted; what was made for the calls has been taken away."));
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const calls = await callOver(settings, deployed.kubeconfigs, answers, {
      only: cluster,
      image,
      patience: timeout,
      signal: stop.signal,
      progress: (text) => {
        progress.show(text);
      },
    });
    stop.signal.throwIfAborted();
    return calls;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

async function look(settings: Settings, stack: DeployedStack, request: Request): Promise<Seen> {
  const progress = new Progress();
  const start = performance.now();
  const only = neighbours(settings, request.cluster);
  try {
    const answers = await gather(settings, stack.deployed.kubeconfigs, {
      ...(only === undefined ? {} : { only }),
      patience: request.timeout,
      progress: (text) => {
        progress.show(text);
      },
    });
    const calls = request.calls
      ? await callOverLinks(settings, stack, answers, request, progress)
      : undefined;
    const verification = verify(
      { stack: stackName(request.stack), settings, ...stack, only: request.cluster, calls },
      answers,
      new Date(),
    );
    return { verification, answers, seconds: (performance.now() - start) / 1_000 };
  } finally {
    progress.end();
  }
}

/** Asks again until all is well or the time is over: after an update, mirrors take some seconds. */
async function lookUntilHealthy(settings: Settings, stack: DeployedStack, request: Request): Promise<Seen> {
  const end = Date.now() + request.wait;
  for (;;) {
    const seen = await look(settings, stack, request);
    if (seen.verification.isHealthy || Date.now() >= end) return seen;
    await setTimeout(Math.min(2_000, Math.max(0, end - Date.now())));
  }
}

async function tell({ verification, answers, seconds }: Seen, { json, report }: Request): Promise<void> {
  const text = json
    ? `${JSON.stringify({ ...verification, seconds }, undefined, 2)}\n`
    : toText(verification, seconds, paintFor(process.stdout));
  process.stdout.write(text);
  if (report !== undefined) await writeFile(report, toReport(verification, answers, seconds));
}

/** What makes a person look: not the time, but what was found. */
function gist({ clusters, links, findings }: Verification): string {
  return JSON.stringify([clusters, links, findings]);
}

/** On a terminal always the newest state; elsewhere a new one when something has changed. */
async function watch(settings: Settings, stack: DeployedStack, request: Request): Promise<number> {
  const stop = new AbortController();
  process.once("SIGINT", () => {
    stop.abort();
  });
  let last: Verification | undefined;
  while (!stop.signal.aborted) {
    const seen = await look(settings, stack, request);
    const isNew = last === undefined || gist(last) !== gist(seen.verification);
    last = seen.verification;
    if (process.stdout.isTTY && !request.json) process.stdout.write("\u001b[H\u001b[2J");
    if (process.stdout.isTTY || isNew) {
      if (!request.json) process.stdout.write(`${last.time}\n`);
      await tell(seen, request);
    }
    await setTimeout(request.interval, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  return last?.isHealthy === true ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  const settings = await readStackSettings(request.stack);
  neighbours(settings, request.cluster);
  const stack = await readDeployedStack(stackName(request.stack));
  if (request.watch) return watch(settings, stack, request);
  const seen = await lookUntilHealthy(settings, stack, request);
  await tell(seen, request);
  return seen.verification.isHealthy ? 0 : 1;
}

if (isProgram(import.meta.filename)) await runCommand(main, 2);
