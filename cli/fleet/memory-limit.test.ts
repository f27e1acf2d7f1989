import { describe, expect, test } from "vitest";

import { gigabyte, isAmple, look, MemoryLimit, memoryOfRun } from "./memory-limit.ts";

/** Runs that are ended by hand, on a machine where each takes what `takes` says of its kind. */
function machine(limit: number, takes: Readonly<Record<string, number>> = {}, rest = 0.2) {
  const ends = new Map<string, () => void>();
  const kinds = new Map<string, string>();
  let looks = 0;
  const memory = new MemoryLimit({
    limit: limit * gigabyte,
    interval: 5,
    look: (engines) => {
      looks += 1;
      const taken = (run: string) => (takes[kinds.get(run) ?? ""] ?? 0) * gigabyte;
      const runs = new Map([...engines.keys()].map((run) => [run, taken(run)]));
      return Promise.resolve({ runs, hosts: 0, rest: rest * gigabyte });
    },
  });
  const lookedAt = (times: number) => {
    const before = looks;
    return expect.poll(() => looks - before).toBeGreaterThanOrEqual(times);
  };
  const start = (run: string, kind: string) => {
    kinds.set(run, kind);
    return memory.within(run, kind, (started) => {
      started(1);
      return new Promise<void>((resolve) => {
        ends.set(run, resolve);
      });
    });
  };
  const end = async (run: string) => {
    await lookedAt(2);
    ends.get(run)?.();
    ends.delete(run);
  };
  const areRunning = async (runs: string) => {
    await expect.poll(() => [...ends.keys()].join(" ")).toBe(runs);
    await lookedAt(3);
    expect([...ends.keys()].join(" ")).toBe(runs);
  };
  return { memory, start, end, areRunning };
}

/** Two runs, of which the second only starts when the first has ended. */
async function runOneByOne({ start, end, areRunning }: ReturnType<typeof machine>): Promise<void> {
  const all = ["a", "b"].map((run) => start(run, "cluster"));
  await areRunning("a");
  await end("a");
  await areRunning("b");
  await end("b");
  await Promise.all(all);
}

test("memory is ample where twice as much as all runs are expected to take would fit", () => {
  expect([isAmple(9.6 * gigabyte, 4), isAmple(9.5 * gigabyte, 4), isAmple(2.4 * gigabyte, 1)]).toEqual([
    true,
    false,
    true,
  ]);
});

describe("a limit of memory", () => {
  test("lets as many runs start as are expected to fit, and the next one when another has ended", async () => {
    const { start, end, areRunning } = machine(3, { cluster: 0.8 });
    const all = ["a", "b", "c", "d"].map((run) => start(run, "cluster"));
    // Each of the first may take 0.9 GB yet.
    await areRunning("a b c");
    await end("a");
    await areRunning("b c d");
    for (const run of ["b", "c", "d"]) await end(run);
    await Promise.all(all);
  });

  test("goes by what runs of the same kind took, as soon as one has ended", async () => {
    const { start, end, areRunning } = machine(1.4, { links: 0.3, cluster: 1.5 });
    const all = ["a", "b", "c", "d"].map((run) => start(run, "links"));
    await areRunning("a");
    await end("a");
    await areRunning("b c d");
    all.push(start("e", "cluster"));
    await areRunning("b c d");
    for (const run of ["b", "c", "d"]) await end(run);
    await areRunning("e");
    await end("e");
    await Promise.all(all);
  });

  test("counts what a run takes beyond what was expected of it", async () => {
    await runOneByOne(machine(3, { cluster: 2.5 }));
  });

  test("that is too low for a single run lets one run, and tells of it", async () => {
    const small = machine(0.5, { cluster: 0.8 });
    await runOneByOne(small);
    expect(small.memory.taken).toEqual({
      limit: 0.5 * gigabyte,
      peak: 1.0 * gigabyte,
      largestRun: 0.8 * gigabyte,
    });
  });

  test("counts the processes that run the programs, one for each run", async () => {
    const limit = { limit: 2 * memoryOfRun + 1, interval: 5 };
    const room = async (hosts: number) => {
      const memory = new MemoryLimit({
        ...limit,
        hosts: () => [1],
        look: (_, ids) => Promise.resolve({ runs: new Map(), hosts: ids.length * hosts * gigabyte, rest: 0 }),
      });
      const { promise, resolve } = Promise.withResolvers<undefined>();
      let started = 0;
      const all = ["a", "b"].map((run) =>
        memory.within(run, "cluster", () => {
          started += 1;
          return promise;
        }),
      );
      await new Promise((wait) => setTimeout(wait, 50));
      resolve(undefined);
      const startedTogether = started;
      await Promise.all(all);
      return startedTogether;
    };
    expect(await room(0.5)).toBe(2);
    expect(await room(0.7)).toBe(1);
  });
});

test.runIf(process.platform === "linux")(
  "this process is counted, and apart from it what runs and the processes that run programs",
  async () => {
    const { rest, runs } = await look(new Map([["gone", 2 ** 30]]), []);
    expect(rest).toBeGreaterThan(20e6);
    expect(runs.get("gone")).toBe(0);
    const run = await look(new Map([["own", process.pid]]), []);
    expect(run).toMatchObject({ hosts: 0, rest: 0 });
    expect(run.runs.get("own")).toBeGreaterThan(20e6);
    const host = await look(new Map(), [process.pid]);
    expect(host.hosts).toBeGreaterThan(20e6);
    expect(host.rest).toBe(0);
  },
);
