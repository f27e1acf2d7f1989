import { setTimeout } from "node:timers/promises";

import { allProcesses, familyOf, memoryOf } from "../engine/processes.ts";

export const gigabyte = 1e9;

/**
 * What a run of the engine is taken to need before one of its kind has been seen, with the process that runs its program.
 * Measured by `npm run bench`.
 */
export const memoryOfRun = 1.2 * gigabyte;

/** What of it is that process's, which serves one run after another. */
const memoryOfHost = 0.3 * gigabyte;

/** Whether so many runs fit even where each takes twice as much: then nobody looks, which would take a tenth of a processor. */
export function isAmple(limit: number, runs: number): boolean {
  return limit >= 2 * memoryOfRun * runs;
}

/** Milliseconds between two looks: each walks the pages of all processes. */
const interval = 4_000;

function sumOf(numbers: Iterable<number>): number {
  return [...numbers].reduce((sum, one) => sum + one, 0);
}

/** Bytes that processes take. */
export interface Look {
  /** By run, the engine and all that it started. */
  readonly runs: ReadonlyMap<string, number>;
  /** The processes that run programs. */
  readonly hosts: number;
  /** Everything else: this process, and what it has started beside. */
  readonly rest: number;
}

/** What this process and all that it started take; nothing where it isn't Linux. `engines` are processes by run. */
export async function look(engines: ReadonlyMap<string, number>, hosts: readonly number[]): Promise<Look> {
  const all = await allProcesses();
  const left = new Set(familyOf(process.pid, all).map(({ id }) => id));
  const take = async (root: number) => {
    const ids = familyOf(root, all).map(({ id }) => id);
    for (const id of ids) left.delete(id);
    return sumOf(await Promise.all(ids.map(memoryOf)));
  };
  const runs = new Map<string, number>();
  for (const [run, engine] of engines) runs.set(run, await take(engine));
  const ofHosts = sumOf(await Promise.all(hosts.map(take)));
  return { runs, hosts: ofHosts, rest: sumOf(await Promise.all([...left].map(memoryOf))) };
}

/** Bytes that a whole environment took. */
export interface MemoryTaken {
  readonly limit: number;
  /** The most at a time, as far as it was seen. */
  readonly peak: number;
  /** The most that one run took, without the process that ran its program. */
  readonly largestRun: number;
}

interface Running {
  readonly kind: string;
  engine?: number;
  /** The most that it has been seen to take. */
  most: number;
}

export interface Room {
  /** Bytes that all may take together. */
  readonly limit: number;
  /** The processes that run programs, where the runs need one each. */
  readonly hosts?: () => readonly number[];
  readonly look?: typeof look;
  readonly interval?: number;
}

/**
 * Lets a run start when what is taken, and what it and those that run are expected to take yet, is within the limit. What
 * a run is expected to take is what those of its kind took. One always runs.
 */
export class MemoryLimit {
  private readonly room: Required<Omit<Room, "hosts">> & Pick<Room, "hosts">;
  private readonly running = new Map<string, Running>();
  /** By kind, the most that a run took that has come to its end. */
  private readonly seen = new Map<string, number>();
  private last: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private peak = 0;

  constructor(room: Room) {
    this.room = { look, interval, ...room };
  }

  private async measure(): Promise<Look> {
    const engines = [...this.running].flatMap(([run, { engine }]) =>
      engine === undefined ? [] : [[run, engine] as const],
    );
    const found = await this.room.look(new Map(engines), this.room.hosts?.() ?? []);
    for (const [run, bytes] of found.runs) {
      const running = this.running.get(run);
      if (running !== undefined) running.most = Math.max(running.most, bytes);
    }
    this.peak = Math.max(this.peak, sumOf(found.runs.values()) + found.hosts + found.rest);
    return found;
  }

  private expected(kind: string): number {
    return this.seen.get(kind) ?? memoryOfRun - memoryOfHost;
  }

  private async fits(kind: string): Promise<boolean> {
    const { runs, hosts, rest } = await this.measure();
    if (this.running.size === 0) return true;
    const expected = [...this.running].map(([run, one]) =>
      Math.max(runs.get(run) ?? 0, this.expected(one.kind)),
    );
    const needed = this.room.hosts === undefined ? 0 : (expected.length + 1) * memoryOfHost;
    return sumOf([...expected, this.expected(kind), Math.max(hosts, needed), rest]) <= this.room.limit;
  }

  private async admit(run: string, kind: string): Promise<Running> {
    while (!(await this.fits(kind))) await setTimeout(this.room.interval);
    const running: Running = { kind, most: 0 };
    this.running.set(run, running);
    return running;
  }

  /** Runs what is known as `run` when there is room for it; it says by which process its engine is found. */
  async within<T>(
    run: string,
    kind: string,
    start: (started: (engine: number) => void) => Promise<T>,
  ): Promise<T> {
    // One at a time: each is to count those that were let in before it.
    const admitted = this.last.then(() => this.admit(run, kind));
    this.last = admitted;
    const running = await admitted;
    this.timer ??= setInterval(() => void this.measure(), this.room.interval);
    try {
      return await start((engine) => {
        running.engine = engine;
      });
    } finally {
      this.running.delete(run);
      if (this.running.size === 0) {
        clearInterval(this.timer);
        this.timer = undefined;
      }
      if (running.most > 0) this.seen.set(kind, Math.max(running.most, this.seen.get(kind) ?? 0));
    }
  }

  get taken(): MemoryTaken {
    const { peak, seen, room } = this;
    return { limit: room.limit, peak, largestRun: Math.max(0, ...seen.values()) };
  }
}
