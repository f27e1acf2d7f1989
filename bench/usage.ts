import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

/** One process, as Linux tells of it. */
interface Process {
  readonly id: number;
  readonly parent: number;
  /** Seconds of processor time so far. */
  readonly cpu: number;
}

/** What a command and everything that it started took. */
export interface Usage {
  readonly code: number;
  readonly seconds: number;
  /** Seconds of processor time, as far as they were seen: what lives shorter than a look is missed. */
  readonly cpuSeconds: number;
  /** MB of memory at the most, each page counted once. */
  readonly peakMegabytes: number;
  /** The same moment, by program. */
  readonly memory: Readonly<Record<string, number>>;
  readonly output: string;
}

const ticksPerSecond = 100;

/** Milliseconds between two looks. The kernel walks all pages to count them, so memory is only looked at every few times. */
const interval = 1_000;
const looksPerMemory = 4;

const names: readonly [RegExp, string][] = [
  [/pulumi-resource-(\w+)/, "provider $1"],
  [/pulumi-language-nodejs/, "language host"],
  [/cmd\/run-policy-pack/, "policies"],
  [/cmd\/run\//, "program"],
  [/\/bin\/pulumi /, "engine"],
  [/\bcli\/\w+\.ts/, "command"],
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

async function readProcess(id: number): Promise<Process | undefined> {
  try {
    const stat = await readFile(`/proc/${id.toString()}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { id, parent: Number(fields[1]), cpu: ticks / ticksPerSecond };
  } catch {
    // It has ended.
    return undefined;
  }
}

/** A process and all that it started; what went into the background, as the clusters do, isn't among them. */
async function family(root: number): Promise<Process[]> {
  const ids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const all = (await Promise.all(ids.map(readProcess))).filter((one) => one !== undefined);
  const found = all.filter(({ id }) => id === root);
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.id));
  return found;
}

async function nameOf(id: number): Promise<string> {
  const commandLine = await readFile(`/proc/${id.toString()}/cmdline`, "utf8").catch(() => "");
  return programOf(commandLine.replaceAll("\0", " "));
}

/** MB that a process has for itself, and its share of what it has together with others. */
async function megabytes(id: number): Promise<number> {
  const text = await readFile(`/proc/${id.toString()}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1_000;
}

class Watch {
  private readonly cpu = new Map<number, number>();
  private looks = 0;
  peak = 0;
  memory: Record<string, number> = {};

  get cpuSeconds(): number {
    return [...this.cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
  }

  async look(root: number): Promise<void> {
    const processes = await family(root);
    for (const { id, cpu } of processes) this.cpu.set(id, cpu);
    if (this.looks++ % looksPerMemory > 0) return;
    const memory: Record<string, number> = {};
    for (const { id } of processes) {
      const program = await nameOf(id);
      memory[program] = (memory[program] ?? 0) + (await megabytes(id));
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
    peakMegabytes: watch.peak,
    memory: watch.memory,
    output: output.join(""),
  };
}
