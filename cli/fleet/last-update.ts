import type { Part } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import type { ListedStack, RunEngine } from "../stacks/move-state.ts";
import { stackOutputs, type State } from "../stacks/state.ts";
import { partInputs, type Outputs } from "./part-inputs.ts";

/** The stack's tag that says what its last update went by. */
export const inputsTag = "mesh:inputs";

/** Is another one after any other update, also one that was interrupted; undefined before the first. */
function versionOf(stack: ListedStack | undefined): string | undefined {
  const time = new Date(stack?.lastUpdate ?? "");
  if (stack === undefined || Number.isNaN(time.getTime())) return undefined;
  return `${time.toISOString()}-${stack.resources.toString()}`;
}

/** As the stack would be listed. */
function listed({ deployment: { manifest, resources = [] } }: State): ListedStack {
  return { resources: resources.length, lastUpdate: manifest?.time };
}

/** What an update left of a stack. */
interface Left {
  /** Secrets in clear; undefined before the first update. */
  readonly outputs: Outputs | undefined;
  readonly version: string | undefined;
}

/** What the parts are parts of, as it was when all of it was looked at. */
interface Environment {
  /** The name of its stack. */
  readonly base: string;
  readonly settings: Settings;
  /** Stands for everything that makes resources out of settings. */
  readonly program: string;
  readonly stacks: ReadonlyMap<string, ListedStack>;
  /** What stacks said, secrets in clear, as far as that was asked. */
  readonly outputs: ReadonlyMap<string, Outputs>;
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
  private readonly read = new Map<string, Promise<Left | undefined>>();
  private readonly updated = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(run: RunEngine, environment: Environment) {
    this.run = run;
    this.environment = environment;
  }

  private async export(stack: string, ...flags: string[]): Promise<State | undefined> {
    const text = await this.run(["stack", "export", ...flags, "--stack", stack]).catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as State);
  }

  /** What is there now, in a run in which nobody else has looked. */
  private left(stack: string): Promise<Left | undefined> {
    const reading =
      this.read.get(stack) ??
      this.export(stack, "--show-secrets").then(
        (state) => state && { outputs: stackOutputs(state), version: versionOf(listed(state)) },
      );
    this.read.set(stack, reading);
    return reading;
  }

  /** How the stack was listed, unless it was updated since. */
  private listed(stack: string): ListedStack | undefined {
    return this.updated.has(stack) ? undefined : this.environment.stacks.get(stack);
  }

  /** Whether nothing was made of a stack yet. */
  isEmpty(stack: string): boolean {
    return !this.updated.has(stack) && (this.listed(stack)?.resources ?? 0) === 0;
  }

  private async outputsOf(stack: string): Promise<Outputs | undefined> {
    if (this.isEmpty(stack)) return undefined;
    const said = this.updated.has(stack) ? undefined : this.environment.outputs.get(stack);
    return said ?? (await this.left(stack))?.outputs;
  }

  /** What was read of a stack is no longer so. */
  forget(stack: string): void {
    this.read.delete(stack);
    this.updated.add(stack);
  }

  /** What an update of a part would go by now, after those that it needs; undefined where that isn't known. */
  async inputs(stack: string, part: Part, needed: readonly string[]): Promise<string | undefined> {
    const outputs = new Map<string, Outputs>();
    for (const one of [stack, ...needed]) {
      const said = await this.outputsOf(one);
      if (said !== undefined) outputs.set(one, said);
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
  async isSame(stack: string, inputs: string | undefined): Promise<boolean> {
    if (inputs === undefined || this.isEmpty(stack)) return false;
    const tag = await this.run(["stack", "tag", "get", inputsTag, "--stack", stack]).catch(() => "");
    if (!tag.startsWith(`${inputs}-`)) return false;
    const version = tag.trim().slice(inputs.length + 1);
    // A service lists a time of its own, which isn't that of the state.
    return version === versionOf(this.listed(stack)) || version === (await this.left(stack))?.version;
  }

  /** Remembers what an update went by that has just gone through. */
  async remember(stack: string, inputs: string | undefined): Promise<void> {
    this.forget(stack);
    if (inputs === undefined) return;
    const version = this.environment.isNeeded(stack)
      ? (await this.left(stack))?.version
      : await this.export(stack).then((state) => state && versionOf(listed(state)));
    if (version === undefined) return;
    const tag = [inputsTag, `${inputs}-${version}`];
    // Without it the next run looks at the part once more.
    await this.run(["stack", "tag", "set", ...tag, "--stack", stack]).catch(() => undefined);
  }
}
