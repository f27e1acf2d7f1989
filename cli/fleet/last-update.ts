import { createHash } from "node:crypto";

import type { Part } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import type { RunEngine } from "../stacks/move-state.ts";
import { stackOutputs, type State } from "../stacks/state.ts";
import { partInputs, type Outputs } from "./part-inputs.ts";

/** The stack's tag that says what its last update went by. */
export const inputsTag = "mesh:inputs";

/** What an update left of a stack. */
interface Left {
  /** Secrets in clear; undefined before the first update. */
  readonly outputs: Outputs | undefined;
  /** Is another one after any other update. */
  readonly version: string;
  /** Whether there is something to make good first. */
  readonly isInterrupted: boolean;
}

function versionOf(state: State): string {
  const { resources = [], manifest } = state.deployment;
  return createHash("sha256")
    .update(JSON.stringify([manifest?.time, resources.length]))
    .digest("hex");
}

function readLeft(state: State): Left {
  const { resources = [], pending_operations: pending = [] } = state.deployment;
  return {
    outputs: stackOutputs(state),
    version: versionOf(state),
    isInterrupted: pending.length > 0 || resources.some((resource) => resource.delete ?? false),
  };
}

/** What the parts are parts of. */
interface Environment {
  /** The name of its stack. */
  readonly base: string;
  readonly settings: Settings;
  /** Stands for everything that makes resources out of settings. */
  readonly program: string;
  /** Whether a stack had nothing when all were looked at. */
  readonly isNew: (stack: string) => boolean;
  /** Whether another part goes by what a stack says. */
  readonly isNeeded: (stack: string) => boolean;
}

/**
 * What the last update of each part went by, and whether the next one would find anything else. A part whose update went
 * through is marked in its stack's tags, so anybody's next run knows it.
 */
export class LastUpdates {
  private readonly run: RunEngine;
  private readonly environment: Environment;
  private readonly known = new Map<string, Promise<Left | undefined>>();
  /** What was read for `inputs`, until the engine runs: states are large. */
  private readonly states = new Map<string, State>();
  private readonly updated = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(run: RunEngine, environment: Environment) {
    this.run = run;
    this.environment = environment;
  }

  private hasNothing(stack: string): boolean {
    return this.environment.isNew(stack) && !this.updated.has(stack);
  }

  private async export(stack: string, ...flags: string[]): Promise<State | undefined> {
    const text = await this.run(["stack", "export", ...flags, "--stack", stack]).catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as State);
  }

  private read(stack: string, keepsState = false): Promise<Left | undefined> {
    if (this.hasNothing(stack)) return Promise.resolve(undefined);
    const reading =
      this.known.get(stack) ??
      this.export(stack, "--show-secrets").then((state) => {
        if (keepsState && state !== undefined) this.states.set(stack, state);
        return state && readLeft(state);
      });
    this.known.set(stack, reading);
    return reading;
  }

  /** What was read of a stack is no longer so. */
  forget(stack: string): void {
    this.known.delete(stack);
    this.updated.add(stack);
  }

  /** What an update of a part would go by now, after those that it needs; undefined where that isn't known. */
  async inputs(stack: string, part: Part, needed: readonly string[]): Promise<string | undefined> {
    const outputs = new Map<string, Outputs>();
    for (const one of [stack, ...needed]) {
      const left = await this.read(one, one === stack);
      if (left?.outputs !== undefined) outputs.set(one, left.outputs);
    }
    const { settings, base, program } = this.environment;
    // The SDK runs one program at a time.
    const inputs = this.last.then(() =>
      partInputs(settings, base, part, { outputs, program, now: new Date() }),
    );
    this.last = inputs;
    return inputs;
  }

  /** Whether the last update went by the same, and nothing has touched the stack since. */
  async isSame(stack: string, inputs: string): Promise<boolean> {
    const left = await this.read(stack);
    if (left?.outputs === undefined || left.isInterrupted) return false;
    const tag = await this.run(["stack", "tag", "get", inputsTag, "--stack", stack]).catch(() => "");
    const isSame = tag.trim() === `${inputs}-${left.version}`;
    if (isSame) this.states.delete(stack);
    return isSame;
  }

  /** The state with its secrets that `inputs` was told from, once. */
  takeState(stack: string): State | undefined {
    if (this.hasNothing(stack)) return { deployment: {} };
    const state = this.states.get(stack);
    this.states.delete(stack);
    return state;
  }

  /** Remembers what an update went by that has just gone through. */
  async remember(stack: string, inputs: string): Promise<void> {
    this.forget(stack);
    const version = this.environment.isNeeded(stack)
      ? (await this.read(stack))?.version
      : await this.export(stack).then((state) => state && versionOf(state));
    if (version === undefined) return;
    const tag = [inputsTag, `${inputs}-${version}`];
    // Without it the next run looks at the part once more.
    await this.run(["stack", "tag", "set", ...tag, "--stack", stack]).catch(() => undefined);
  }
}
