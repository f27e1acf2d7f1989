import { createHash } from "node:crypto";

import type { RunEngine } from "./move-state.ts";
import { partInputs, type Outputs } from "./part-inputs.ts";
import { stackOutputs, type State } from "./state.ts";
import type { Part } from "../settings/part.ts";
import type { Settings } from "../settings/settings.ts";

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

function readLeft(state: State): Left {
  const { resources = [], pending_operations: pending = [], manifest } = state.deployment;
  return {
    outputs: stackOutputs(state),
    version: createHash("sha256")
      .update(JSON.stringify([manifest?.time, resources.length]))
      .digest("hex"),
    isInterrupted: pending.length > 0 || resources.some((resource) => resource.delete ?? false),
  };
}

/**
 * What the last update of each part went by, and whether the next one would find anything else. A part whose update went
 * through is marked in its stack's tags, so anybody's next run knows it.
 */
export class LastUpdates {
  private readonly run: RunEngine;
  private readonly base: string;
  private readonly settings: Settings;
  private readonly program: string;
  private readonly known = new Map<string, Promise<Left | undefined>>();
  /** What was read for `inputs`, until the engine runs: states are large. */
  private readonly states = new Map<string, State>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(run: RunEngine, base: string, settings: Settings, program: string) {
    this.run = run;
    this.base = base;
    this.settings = settings;
    this.program = program;
  }

  private read(stack: string, keepsState = false): Promise<Left | undefined> {
    const reading =
      this.known.get(stack) ??
      this.run(["stack", "export", "--show-secrets", "--stack", stack]).then(
        (text) => {
          const state = JSON.parse(text) as State;
          if (keepsState) this.states.set(stack, state);
          return readLeft(state);
        },
        () => undefined,
      );
    this.known.set(stack, reading);
    return reading;
  }

  /** What was read of a stack is no longer so. */
  forget(stack: string): void {
    this.known.delete(stack);
  }

  /** What an update of a part would go by now, after those that it needs; undefined where that isn't known. */
  async inputs(stack: string, part: Part, needed: readonly string[]): Promise<string | undefined> {
    const outputs = new Map<string, Outputs>();
    for (const one of [stack, ...needed]) {
      const left = await this.read(one, one === stack);
      if (left?.outputs !== undefined) outputs.set(one, left.outputs);
    }
    const { settings, base, program } = this;
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
    const state = this.states.get(stack);
    this.states.delete(stack);
    return state;
  }

  /** Remembers what an update went by that has just gone through. */
  async remember(stack: string, inputs: string): Promise<void> {
    this.forget(stack);
    const left = await this.read(stack);
    if (left === undefined) return;
    await this.run(["stack", "tag", "set", inputsTag, `${inputs}-${left.version}`, "--stack", stack]);
  }
}
