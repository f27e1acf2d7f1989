import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

import type { Terminal } from "../run/run-engine.ts";

/** Where the runs on one part are seen. */
export interface PartTerminal extends Terminal {
  /** Whether anything was run. */
  readonly hasRun: boolean;
  /** What was said beside what the engine prints. */
  readonly notes: readonly string[];
  /** Waits until all of it is in the file. */
  end(): Promise<void>;
}

const stopping =
  "Stopping: no other part starts, and those under way come to a point of their own; the next run goes on from there. " +
  "Once more ends them at once, and what they are making then may be in no state.\n";

/** The engines that run on the parts of an environment at a time. */
export class PartEngines {
  private readonly running = new Set<ChildProcess>();
  private readonly say: (message: string) => void;
  private stopped = false;

  constructor(say: (message: string) => void = (message) => void process.stderr.write(message)) {
    this.say = say;
  }

  /** Whether somebody wants no other to start. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** Tells them what a terminal would tell an engine of its own. */
  private stop(): void {
    if (!this.stopped) this.say(stopping);
    this.stopped = true;
    for (const { pid } of this.running) if (pid !== undefined) process.kill(-pid, "SIGINT");
  }

  /** Ctrl-C, or a request to end, stops the engines while `run` goes on to its end. */
  async stoppable<T>(run: () => Promise<T>): Promise<T> {
    const stop = () => {
      this.stop();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    try {
      return await run();
    } finally {
      process.off("SIGINT", stop).off("SIGTERM", stop);
    }
  }

  /** Runs write into `log`; `started` learns by which process each program runs. */
  terminal(log: string, started: (program: number) => void): PartTerminal {
    const file = createWriteStream(log, { mode: 0o600 });
    const notes: string[] = [];
    let hasRun = false;
    return {
      run: async (program, args, options) => {
        if (this.stopped) return 1;
        hasRun = true;
        // In a group of its own: a terminal's Ctrl-C would reach it beside what it is told here, and twice means at once.
        const child = spawn(program, ["--non-interactive", "--color", "never", ...args], {
          ...options,
          stdio: ["ignore", "pipe", "pipe"],
          detached: true,
        });
        child.stdout.pipe(file, { end: false });
        child.stderr.pipe(file, { end: false });
        if (child.pid !== undefined) started(child.pid);
        return this.ended(child);
      },
      say: (message) => notes.push(message),
      notes,
      get hasRun() {
        return hasRun;
      },
      end: () => finished(file.end()),
    };
  }

  private ended(child: ChildProcess): Promise<number> {
    this.running.add(child);
    // It may have ended before all of its output is read, and can't be told anything then.
    child.on("exit", () => this.running.delete(child));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        resolve(code ?? 1);
      });
    });
  }
}
