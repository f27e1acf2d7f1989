import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { stringify } from "yaml";

import { engineDefaults } from "../cli/engine/engine.ts";

const root = path.resolve(import.meta.dirname, "..");

/** What the engine did, or would do, to one resource. */
export interface Step {
  readonly op: string;
  readonly urn: string;
}

interface Result {
  readonly code: number;
  readonly output: string;
}

/** The settings of a test stack, as they stand in a stack file without their prefix. */
export type StackSettings = Readonly<Record<string, unknown>>;

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
}

/** What a project is made of; a test's own folder links to it. */
const projectFiles = [
  "Pulumi.yaml",
  "index.ts",
  "package.json",
  "components",
  "settings",
  "policy",
  "node_modules",
];

/** What isn't a part of the project, or not what a command needs. */
const notCopied = [
  ".git",
  ".site",
  ".state",
  "backups",
  "logs",
  "node_modules",
  "results",
  "review",
  "state",
];

async function copyProject(folder: string): Promise<void> {
  await cp(root, folder, { recursive: true, filter: (file) => !notCopied.includes(path.basename(file)) });
}

/** One stack on the real engine, with a backend and a stack file of its own in a temporary folder. */
export class Engine {
  readonly folder: string;
  readonly stack: string;

  private constructor(folder: string, stack: string) {
    this.folder = folder;
    this.stack = stack;
  }

  /** `withCommands` makes a copy of the project, in which its own commands work. */
  static async create(
    stack: string,
    settings: StackSettings,
    { withCommands = false } = {},
  ): Promise<Engine> {
    const engine = new Engine(await mkdtemp(path.join(tmpdir(), "mesh-e2e-")), stack);
    const link = (file: string) => symlink(path.join(root, file), path.join(engine.folder, file));
    if (withCommands) {
      await copyProject(engine.folder);
      await link("node_modules");
    } else {
      await Promise.all(projectFiles.map(link));
    }
    await mkdir(path.join(engine.folder, "state"));
    await mkdir(engine.temporary);
    await engine.configure(settings);
    await engine.expectSuccess(["stack", "init", stack]);
    return engine;
  }

  /** Where what it starts puts its temporary files: the Kubernetes provider leaves kubeconfigs there. */
  get temporary(): string {
    return path.join(this.folder, "tmp");
  }

  get configFile(): string {
    return path.join(this.folder, `Pulumi.${this.stack}.yaml`);
  }

  /** Writes the stack file, keeping the salt that the engine put there. */
  async configure(settings: StackSettings): Promise<void> {
    const before = await readFile(this.configFile, "utf8").catch(() => "");
    const salt = /^encryptionsalt: .*$/m.exec(before)?.[0];
    const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`mesh:${key}`, value]));
    const text = stringify({ config: { "pulumi:disable-default-providers": ["*"], ...config } });
    await writeFile(this.configFile, salt === undefined ? text : `${salt}\n${text}`);
  }

  environment(): NodeJS.ProcessEnv {
    return {
      ...engineDefaults,
      ...process.env,
      TMPDIR: this.temporary,
      PULUMI_BACKEND_URL: `file://${this.folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }

  /** Runs the engine to its end, with `input` on its standard input. */
  run(args: readonly string[], input?: string): Promise<Result> {
    const program = path.join(root, "node_modules/.bin/pulumi");
    const options = { cwd: this.folder, env: this.environment(), maxBuffer: 256 * 1024 * 1024 };
    return new Promise((resolve) => {
      const child = execFile(program, ["--non-interactive", ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, output: stdout + stderr });
      });
      if (input !== undefined) child.stdin?.end(input);
    });
  }

  /** Runs one of the project's own commands, in the copy of the project. */
  command(name: string, ...args: readonly string[]): Promise<Result> {
    const options = { cwd: this.folder, env: this.environment(), maxBuffer: 256 * 1024 * 1024 };
    return new Promise((resolve) => {
      const program = path.join(this.folder, "cli", `${name}.ts`);
      const child = execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, output: stdout + stderr });
      });
      child.stdin?.end();
    });
  }

  /** `npm run up|preview|refresh|destroy -- STACK` with more flags, which must succeed; what it printed. */
  async npmRun(action: string, ...flags: string[]): Promise<string> {
    const yes = action === "preview" ? [] : ["--yes", "--skip-preview"];
    const { code, output } = await this.command("stack", action, this.stack, ...yes, ...flags);
    if (code !== 0) throw new Error(`npm run ${action} ended with ${code.toString()}:\n${output}`);
    return output;
  }

  /** Starts the engine without waiting for it. */
  start(args: readonly string[]): ChildProcess {
    const program = path.join(root, "node_modules/.bin/pulumi");
    return spawn(program, ["--non-interactive", ...args], {
      cwd: this.folder,
      env: this.environment(),
      detached: true,
    });
  }

  async expectSuccess(args: readonly string[], input?: string): Promise<string> {
    const { code, output } = await this.run(args, input);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code.toString()}:\n${output}`);
    return output;
  }

  up(...flags: string[]): Promise<string> {
    return this.expectSuccess(["up", "--stack", this.stack, "--yes", "--skip-preview", ...flags]);
  }

  destroy(): Promise<string> {
    return this.expectSuccess(["destroy", "--stack", this.stack, "--yes", "--skip-preview"]);
  }

  /** The exit code of a preview that must find nothing to do, and what it printed. */
  async previewWithoutChanges(): Promise<Result> {
    return this.withoutChanges("preview");
  }

  async refreshWithoutChanges(): Promise<Result> {
    return this.withoutChanges("refresh", "--preview-only");
  }

  private async withoutChanges(...action: string[]): Promise<Result> {
    const result = await this.run([...action, "--stack", this.stack, "--expect-no-changes", "--diff"]);
    if (result.code !== 0) console.log(result.output);
    return result;
  }

  /** What an update would do, without the resources that stay the same. */
  async previewSteps(): Promise<Step[]> {
    const output = await this.expectSuccess(["preview", "--stack", this.stack, "--json"]);
    const json = output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1);
    const { steps } = JSON.parse(json) as { steps: Step[] };
    return steps.filter(({ op }) => op !== "same" && op !== "read");
  }

  async exportedState(): Promise<string> {
    return this.expectSuccess(["stack", "export", "--stack", this.stack]);
  }

  async resources(): Promise<StateResource[]> {
    const { deployment } = JSON.parse(await this.exportedState()) as {
      deployment: { resources?: StateResource[] };
    };
    return deployment.resources ?? [];
  }

  async output<T>(name: string): Promise<T> {
    const args = ["stack", "output", name, "--stack", this.stack, "--json", "--show-secrets"];
    return JSON.parse(await this.expectSuccess(args)) as T;
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The resource's own name, the last part of its URN. */
export function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}
