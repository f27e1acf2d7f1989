import { readdir, readFile } from "node:fs/promises";

/** One process, as Linux tells of it. */
export interface Process {
  readonly id: number;
  readonly parent: number;
  /** Seconds of processor time so far. */
  readonly cpu: number;
}

const ticksPerSecond = 100;

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

/** All processes of this machine; none where it isn't Linux. */
export async function allProcesses(): Promise<Process[]> {
  const ids = (await readdir("/proc").catch(() => [])).map(Number).filter(Number.isInteger);
  return (await Promise.all(ids.map(readProcess))).filter((one) => one !== undefined);
}

/** A process and all that it started; what went into the background, as the clusters do, isn't among them. */
export function familyOf(root: number, all: readonly Process[]): Process[] {
  const found = all.filter(({ id }) => id === root);
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.id));
  return found;
}

/** Bytes that a process has for itself, and its share of what it has together with others. The kernel walks all its pages. */
export async function memoryOf(id: number): Promise<number> {
  const text = await readFile(`/proc/${id.toString()}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1_024;
}
