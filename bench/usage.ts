import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";

import { allProcesses, familyOf, memoryOf } from "../cli/engine/processes.ts";

/** What a command and everything that it started took. */
export interface Usage {
  readonly code: number;
  readonly seconds: number;
  /** Seconds of processor time, as far as they were seen: what lives shorter than a look is missed. */
  readonly cpuSeconds: number;
  /** The same, by program. */
  readonly cpu: Readonly<Record<string, number>>;
  /** MB of memory at the most, each page counted once. */
  readonly peakMegabytes: number;
  /** The same moment, by program. */
  readonly memory: Readonly<Record<string, number>>;
  readonly output: string;
}

/** Milliseconds between two looks. The kernel walks all pages to count them, so memory is only looked at every few times. */
const interval = 1_000;
const looksPerMemory = 4;

const megabyte = 1_000_000;

const names: readonly [RegExp, string][] = [
  [/pulumi-resource-(\w+)/, "provider $1"],
  [/pulumi-language-nodejs/, "language host"],
  [/cmd\/run-policy-pack/, "policies"],
  [/cmd\/run\//, "program"],
  [/\/program-host\.ts/, "program"],
  [/\/bin\/pulumi /, "engine"],
  [/\bcli\/\w+\.ts/, "command"],
  // Those that go on in the background are counted while they start.
  [/\.kwok\/|kwokctl|simulated-cluster/, "simulated clusters"],
  [/\.command\.ts/, "commands"],
  [/helm|kubectl/, "helm and kubectl"],
];

/** What a person would call a program, by its command line. */
export function programOf(commandLine: string): string {
  for (const [pattern, name] of names) {
    const found = pattern.exec(commandLine);
    if (found !== null) return name.replace("$1", found[1] ?? "");
  }
  return "other";
}

async function nameOf(id: number): Promise<string> {
  const commandLine = await readFile(`/proc/${id.toString()}/cmdline`, "utf8").catch(() => "");
  return programOf(commandLine.replaceAll("\0", " "));
}

class Watch {
  private readonly seconds = new Map<number, number>();
  private readonly programs = new Map<number, string>();
  private looks = 0;
  peak = 0;
  memory: Record<string, number> = {};

  get cpuSeconds(): number {
    return [...this.seconds.values()].reduce((sum, seconds) => sum + seconds, 0);
  }

  get cpu(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const [id, seconds] of this.seconds) {
      const program = this.programs.get(id) ?? "other";
      sums[program] = (sums[program] ?? 0) + seconds;
    }
    return sums;
  }

  /** A process may become another program after it was started. */
  private async program(id: number): Promise<string> {
    const known = this.programs.get(id);
    if (known !== undefined && known !== "other") return known;
    const program = await nameOf(id);
    this.programs.set(id, program);
    return program;
  }

  async look(root: number): Promise<void> {
    const processes = familyOf(root, await allProcesses());
    for (const { id, cpu } of processes) {
      this.seconds.set(id, cpu);
      await this.program(id);
    }
    if (this.looks++ % looksPerMemory > 0) return;
    const memory: Record<string, number> = {};
    for (const { id } of processes) {
      const program = await this.program(id);
      memory[program] = (memory[program] ?? 0) + (await memoryOf(id)) / megabyte;
    }
    const sum = Object.values(memory).reduce((total, one) => total + one, 0);
    if (sum > this.peak) [this.peak, this.memory] = [sum, memory];
  }
}

/** Runs a command to its end and watches what it takes; memory and processor time only on Linux. */
export async function watched(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Usage> {
  const start = performance.now();
  const child = spawn(program, [...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => output.push(text));
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve(code ?? 1);
    });
  });
  const watch = new Watch();
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(() => watch.look(child.pid ?? 0)).catch(() => undefined);
  }, interval);
  const code = await ended.finally(() => {
    clearInterval(timer);
  });
  const seconds = (performance.now() - start) / 1_000;
  await looking;
  return {
    code,
    seconds,
    cpuSeconds: watch.cpuSeconds,
    cpu: watch.cpu,
    peakMegabytes: watch.peak,
    memory: watch.memory,
    output: output.join(""),
  };
}
