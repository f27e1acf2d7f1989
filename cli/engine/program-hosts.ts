import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { root } from "./engine.ts";
import type { HostAnswer, HostRequest } from "./host-requests.ts";

/** What makes the engine run the program in a process that is there already. */
type ClientArguments = readonly string[];

/** Runs one engine with more arguments; its exit code. */
type RunWith = (client: ClientArguments) => Promise<number>;

/** A process keeps a little of each run: one that has had so many is replaced. */
const runsPerHost = 50;

/** One process with the program loaded. */
class ProgramHost {
  private readonly child: ChildProcess;
  private readonly ended: Promise<string>;
  private runs = 0;

  constructor(file: string, env: NodeJS.ProcessEnv) {
    this.child = fork(file, [], {
      cwd: root,
      env,
      execArgv: [...process.execArgv, "--expose-gc"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    // Also where it is asked something at the moment at which it ends.
    this.child.on("error", () => undefined);
    this.ended = once(this.child, "exit").then(
      ([code, signal]) => String(signal ?? code),
      (error: unknown) => String(error),
    );
  }

  get id(): number | undefined {
    return this.child.pid;
  }

  get isWorn(): boolean {
    return this.runs >= runsPerHost;
  }

  get isThere(): boolean {
    return this.child.connected && this.child.exitCode === null && this.child.signalCode === null;
  }

  private get failure(): Promise<never> {
    return this.ended.then((reason) => {
      throw new Error(`The process that ran the program (${String(this.child.pid)}) ended: ${reason}.`);
    });
  }

  /** @throws Error where the process ends while it is needed. */
  async run(environment: NodeJS.ProcessEnv, run: RunWith): Promise<number> {
    this.runs += 1;
    this.child.ref();
    this.child.channel?.ref();
    const answered = once(this.child, "message") as Promise<[HostAnswer]>;
    this.child.send({ environment } satisfies HostRequest);
    const [{ address }] = await Promise.race([answered, this.failure]);
    const code = await run(["--client", address]);
    return code === 0 || this.isThere ? code : this.failure;
  }

  /** Nothing waits for it any more: it ends when this process does. */
  rest(): void {
    this.child.unref();
    this.child.channel?.unref();
  }

  async end(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

/**
 * Processes with the program loaded: as many as engines run at a time, each for one engine at a time, so that no program
 * can fail another. They end with this process.
 */
export class ProgramHosts {
  private readonly file: string;
  private readonly all = new Set<ProgramHost>();
  private readonly idle: ProgramHost[] = [];

  constructor(file = path.join(import.meta.dirname, "program-host.ts")) {
    this.file = file;
  }

  /** Their ids. */
  get processes(): number[] {
    return [...this.all].flatMap(({ id, isThere }) => (isThere && id !== undefined ? [id] : []));
  }

  /** Lets one load the program before the first engine asks for it. */
  warm(environment: NodeJS.ProcessEnv): void {
    const host = this.start(environment);
    host.rest();
    this.idle.push(host);
  }

  /** Runs an engine whose program finds `environment`. @throws Error where the program's process ends before the engine. */
  async with(environment: NodeJS.ProcessEnv, run: RunWith): Promise<number> {
    let host = this.idle.pop();
    while (host?.isThere === false) host = this.idle.pop();
    host ??= this.start(environment);
    const code = await host.run(environment, run).catch(async (error: unknown) => {
      await this.end(host);
      throw error;
    });
    // What a failed run has left under way mustn't reach into the next one.
    if (code !== 0 || !host.isThere || host.isWorn) await this.end(host);
    else {
      host.rest();
      this.idle.push(host);
    }
    return code;
  }

  private start(environment: NodeJS.ProcessEnv): ProgramHost {
    const host = new ProgramHost(this.file, environment);
    this.all.add(host);
    return host;
  }

  private async end(host: ProgramHost): Promise<void> {
    this.all.delete(host);
    await host.end();
  }
}
