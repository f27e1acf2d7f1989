import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { pulumiProgram, root } from "../engine/engine.ts";
import { withPrivateFolder } from "../engine/private-folder.ts";
import { UsageError } from "../terminal/usage.ts";

/** One resource as the state has it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** URN and id of its provider. */
  readonly provider?: string;
  /** Replaced by another one, and still to be deleted. */
  readonly delete?: boolean;
  readonly retainOnDelete?: boolean;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  readonly deletedWith?: string;
}

/** What the engine was about to do to a resource when it was killed. */
export interface PendingOperation {
  readonly type: string;
  readonly resource: StateResource;
}

/** What `pulumi stack export` prints. */
export interface State {
  readonly deployment: {
    /** When, and by which engine, the state was written. */
    readonly manifest?: { readonly time?: string };
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly PendingOperation[];
    readonly secrets_providers?: {
      readonly type?: string;
      readonly state?: {
        /** Of a passphrase. */
        readonly salt?: string;
      };
    };
  };
}

/** Marks a secret in an exported state. */
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const signatureKey = "4dabf18193072939515e22adb298388d";

/** A value of a state that was exported with its secrets, without what marks them. */
export function revealed(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !(signatureKey in value)) return value;
  const { [signatureKey]: signature, plaintext } = value as Record<string, unknown>;
  return signature === secretSignature && typeof plaintext === "string" ? JSON.parse(plaintext) : undefined;
}

/** A value as a state that is imported with its secrets in clear has it: the engine encrypts it. */
export function concealed(value: unknown): Readonly<Record<string, string>> {
  return { [signatureKey]: secretSignature, plaintext: JSON.stringify(value) };
}

/** The resource's own name, the last part of its URN. */
export function nameOf({ urn }: Pick<StateResource, "urn">): string {
  return urn.split("::").slice(3).join("::");
}

function allRevealed(value: unknown): unknown {
  const inner = revealed(value);
  if (Array.isArray(inner)) return inner.map(allRevealed);
  if (typeof inner !== "object" || inner === null) return inner;
  return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, allRevealed(item)]));
}

/** What a stack tells, secrets in clear where the state was read with them; undefined before its first update. */
export function stackOutputs({ deployment }: State): Readonly<Record<string, unknown>> | undefined {
  const outputs = deployment.resources?.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
  return outputs && (allRevealed(outputs) as Readonly<Record<string, unknown>>);
}

/** The engine's state of one stack. */
export class StackState {
  readonly stack: string;
  private readonly env: NodeJS.ProcessEnv;

  constructor(stack: string, env: NodeJS.ProcessEnv) {
    this.stack = stack;
    this.env = env;
  }

  private async run(args: readonly string[]): Promise<string> {
    const options = { cwd: root, env: this.env, maxBuffer: 2 ** 30 };
    try {
      const { stdout } = await promisify(execFile)(pulumiProgram, [...args, "--stack", this.stack], options);
      return stdout;
    } catch (error) {
      const { stderr = String(error) } = error as { stderr?: string };
      throw new UsageError(`The state of ${this.stack} can't be worked with:\n${stderr}`);
    }
  }

  async read({ withSecrets = false } = {}): Promise<State> {
    const flags = withSecrets ? ["--show-secrets"] : [];
    return JSON.parse(await this.run(["stack", "export", ...flags])) as State;
  }

  /** Secrets stay encrypted: `state` must have been read without them. */
  async write(state: State): Promise<void> {
    await withPrivateFolder(async (folder) => {
      const file = path.join(folder, "state.json");
      await writeFile(file, JSON.stringify(state), { mode: 0o600 });
      await this.run(["stack", "import", "--file", file]);
    });
  }
}
