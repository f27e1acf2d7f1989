/**
 * `npm run bench [-- COUNT…]`: what a fleet of simulated clusters costs, step by step, beside the same charts and objects
 * applied by helm and kubectl on clusters of their own, in the same run. Prints Markdown and writes it, with the figures
 * as JSON, to bench/results.
 */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import path from "node:path";

import { pulumiVersion } from "../cli/engine/engine.ts";
import type { FleetSummary } from "../cli/fleet/fleet-summary.ts";
import { parseCall } from "../cli/terminal/options.ts";
import { runCommand, UsageError } from "../cli/terminal/usage.ts";
import { isProgram, output } from "../components/cluster/programs.ts";
import { Engine } from "../e2e/engine.ts";
import { clusterName, fleetSettings, linksOf, topologies, type Fleet, type Topology } from "./fleet.ts";
import { Floor } from "./floor.ts";
import {
  regressions,
  report,
  type Measurement,
  type Results,
  type Step,
  type StepResult,
} from "./results.ts";
import { watched, type Usage } from "./usage.ts";

const usage =
  `Say how large: npm run bench [-- COUNT…] [--topology ${topologies.join("|")}] [--one-stack] [--parallel NUMBER] ` +
  "[--memory GIGABYTES] [--first-only] [--no-floor] [--compare FILE] [--ratio NUMBER]";

const options = {
  topology: { type: "string", default: "mesh" },
  "one-stack": { type: "boolean", default: false },
  parallel: { type: "string" },
  memory: { type: "string" },
  "first-only": { type: "boolean", default: false },
  "no-floor": { type: "boolean", default: false },
  compare: { type: "string" },
  ratio: { type: "string", default: "1.5" },
} as const;

/** What is asked for. */
interface Request {
  readonly counts: readonly number[];
  readonly topology: Topology;
  readonly split: boolean;
  /** For `npm run fleet`. */
  readonly limits: readonly string[];
  /** Whether only the first `up` is measured, with a preview, a verification and a destroy. */
  readonly isShort: boolean;
  readonly withFloor: boolean;
  readonly compare: string | undefined;
  readonly ratio: number;
}

export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseCall(args, options, usage);
  const topology = topologies.find((one) => one === values.topology);
  const counts = positionals.length > 0 ? positionals.map(Number) : [2, 5];
  const ratio = Number(values.ratio);
  const isWrong = counts.some((count) => !Number.isInteger(count) || count < 2) || !(ratio > 0);
  if (topology === undefined || isWrong) throw new UsageError(usage);
  const limit = (name: "parallel" | "memory") => {
    const value = values[name];
    return value === undefined ? [] : [`--${name}`, value];
  };
  return {
    counts,
    topology,
    split: !values["one-stack"],
    limits: [...limit("parallel"), ...limit("memory")],
    isShort: values["first-only"],
    withFloor: !values["no-floor"],
    compare: values.compare,
    ratio,
  };
}

const environment = "bench";

/** One fleet, as a person runs it: by the commands of the repository. */
class Bench {
  private readonly engine: Engine;
  private readonly request: Request;
  private fleet: Fleet;
  readonly results: Partial<Record<Step, StepResult>> = {};

  constructor(engine: Engine, request: Request, fleet: Fleet) {
    this.engine = engine;
    this.request = request;
    this.fleet = fleet;
  }

  async change(change: Partial<Fleet>): Promise<void> {
    this.fleet = { ...this.fleet, ...change };
    await this.engine.configure(fleetSettings(environment, this.fleet));
  }

  private get summaryFile(): string {
    return path.join(this.engine.folder, "summary.json");
  }

  private watch(command: string, args: readonly string[]): Promise<Usage> {
    const { engine } = this;
    const program = path.join(engine.folder, "cli", `${command}.ts`);
    const env = engine.environment();
    return watched(process.execPath, [program, ...args], { cwd: engine.folder, env });
  }

  /** Runs a command of the repository, and keeps what it took under the name of the step. */
  private async run(step: Step | undefined, command: string, args: readonly string[]): Promise<Usage> {
    const used = await this.watch(command, args);
    if (used.code !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${used.output}`);
    const { seconds, cpuSeconds, cpu, peakMegabytes, memory } = used;
    const operations = await this.operations(command, used.output);
    if (step !== undefined) {
      this.results[step] = { seconds, cpuSeconds, cpu, peakMegabytes, memory, operations };
      console.error(
        `${this.fleet.clusters.toString()} clusters, ${step}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(0)} s of CPU, ` +
          `${peakMegabytes.toFixed(0)} MB, ${operations.toString()} changes`,
      );
    }
    return used;
  }

  private async operations(command: string, output: string): Promise<number> {
    if (command === "fleet") {
      const { parts } = JSON.parse(await readFile(this.summaryFile, "utf8")) as FleetSummary;
      return parts
        .flatMap(({ report }) => Object.values(report?.counts ?? {}))
        .reduce((sum, count) => sum + count, 0);
    }
    const lines = output.matchAll(/^\s+[+~-]{1,2} (\d+) (?:created|updated|deleted|replaced)$/gm);
    return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async engineRun(action: string, step?: Step, flags: readonly string[] = []): Promise<void> {
    const { split, limits } = this.request;
    const skip = action === "preview" ? [] : ["--yes"];
    const noPreview = action === "up" || (!split && action === "destroy") ? ["--skip-preview"] : [];
    const args = split
      ? [action, this.engine.stack, ...skip, ...noPreview, ...limits, "--json", this.summaryFile, ...flags]
      : [action, this.engine.stack, ...skip, ...noPreview];
    await this.run(step, split ? "fleet" : "stack", args);
  }

  /** The last cluster goes away while something is to change on all of them, and comes back. */
  async outage(): Promise<void> {
    const name = clusterName(this.fleet.clusters - 1);
    const cluster = ["cluster", "--name", `${environment}-${name}`];
    // Not by stopping its processes for a while: its controllers would have lost their lease, and never start again.
    await output("kwokctl", ["stop", ...cluster]);
    await this.engineRun("up", "one cluster away");
    await output("kwokctl", ["start", ...cluster, "--wait", "60s"]);
    if (this.request.split) {
      const { parts } = JSON.parse(await readFile(this.summaryFile, "utf8")) as FleetSummary;
      const isNamed = parts.some(({ notes = [] }) =>
        notes.some((note) => note.startsWith(`${name} is left out`)),
      );
      if (!isNamed) throw new Error(`The summary doesn't say that ${name} was left out.`);
    }
    await this.engineRun("up", "it is back");
  }

  async verify(): Promise<void> {
    await this.run("verify", "verify", [this.engine.stack]);
  }
}

/** Megabytes and resources of all stacks. */
async function stateOf(engine: Engine): Promise<{ megabytes: number; resources: number }> {
  const folder = path.join(engine.folder, "state/.pulumi/stacks/mesh");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json"));
  let [bytes, resources] = [0, 0];
  for (const file of files) {
    bytes += (await stat(path.join(folder, file))).size;
    const text = await readFile(path.join(folder, file), "utf8");
    resources += text.match(/"urn":\s*"/g)?.length ?? 0;
  }
  return { megabytes: bytes / 1_000_000, resources };
}

async function measureSteps(bench: Bench, count: number): Promise<void> {
  await bench.change({ debugged: 1 });
  await bench.engineRun("up", "one setting");
  // Of two clusters, the last link would take a part of its own with it.
  if (count > 2) {
    await bench.change({ withoutLinks: 1 });
    await bench.engineRun("up");
    await bench.change({ withoutLinks: 0 });
    await bench.engineRun("up", "one link");
  }
  await bench.change({ debugged: count });
  await bench.outage();
  await bench.change({ trust: { generations: ["1", "2"], signer: "1" } });
  await bench.engineRun("up", "rotation");
  await bench.change({ clusters: count + 1 });
  await bench.engineRun("up", "one cluster more");
}

async function measure(count: number, request: Request): Promise<Measurement> {
  const { topology, split, isShort, withFloor } = request;
  const fleet = { clusters: count, topology, split };
  const engine = await Engine.create(environment, fleetSettings(environment, fleet), { withCommands: true });
  const bench = new Bench(engine, request, fleet);
  try {
    await bench.engineRun("up", "first up");
    const { megabytes, resources } = await stateOf(engine);
    await bench.engineRun("preview", "no-op preview");
    if (split) await bench.engineRun("preview", "preview of all", ["--all"]);
    await bench.verify();
    if (!isShort) await measureSteps(bench, count);
    await bench.engineRun("destroy", "destroy");
    const measurement: Measurement = {
      clusters: count,
      topology,
      mode: split ? "parts" : "one stack",
      links: linksOf(fleet).length,
      resources,
      stateMegabytes: megabytes,
      steps: bench.results,
    };
    return withFloor ? { ...measurement, floor: await measureFloor(count, topology) } : measurement;
  } finally {
    await bench.engineRun("destroy").catch((error: unknown) => {
      console.error(error);
    });
    await engine.dispose();
  }
}

async function secondsOf(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1_000;
}

async function measureFloor(count: number, topology: Topology): Promise<{ up: number; diff: number }> {
  const floor = new Floor(count, topology);
  try {
    const up = await secondsOf(() => floor.up());
    return { up, diff: await secondsOf(() => floor.diff()) };
  } finally {
    await floor.down();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  const measurements: Measurement[] = [];
  for (const count of request.counts) measurements.push(await measure(count, request));
  const processor = cpus()[0]?.model ?? "unknown";
  const results: Results = {
    machine: `${cpus().length.toString()} cores (${processor}), ${Math.round(totalmem() / 2 ** 30).toString()} GiB`,
    node: process.version,
    engine: pulumiVersion,
    measurements,
  };
  const folder = path.join(import.meta.dirname, "results");
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, new Date().toISOString().replaceAll(/[:.]/g, "-"));
  await writeFile(`${file}.json`, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(`${file}.md`, report(results));
  console.log(`${report(results)}\n${file}.json`);
  if (request.compare === undefined) return 0;
  const before = JSON.parse(await readFile(request.compare, "utf8")) as Results;
  const found = regressions(before, results, request.ratio);
  for (const one of found) console.error(`Slower: ${one}`);
  return found.length === 0 ? 0 : 1;
}

if (isProgram(import.meta.filename)) await runCommand(main);
