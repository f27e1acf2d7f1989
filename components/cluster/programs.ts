import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where `npm run tools` puts the programs that it builds. */
export const toolsDirectory = path.resolve(import.meta.dirname, "../../tools/bin");

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a program from `tools/bin` or the PATH; undefined where it is in neither. */
export function findProgram(name: string): string | undefined {
  const folders = [toolsDirectory, ...(process.env["PATH"] ?? "").split(path.delimiter)];
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

/** Go programs that log JSON: only the errors, as text. Anything else stays as it is. */
export function readableLog(text: string): string {
  return text
    .split("\n")
    .flatMap((line) => {
      try {
        const { level, msg, err } = JSON.parse(line) as { level?: string; msg?: string; err?: string };
        if (level === undefined) return [line];
        return level === "ERROR" ? [`${msg ?? ""}: ${err ?? ""}`] : [];
      } catch {
        return line === "" ? [] : [line];
      }
    })
    .join("\n");
}

/** Standard output of a program; its whole output is in the error when it fails. */
export async function output(name: string, args: readonly string[]): Promise<string> {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`${name} is neither in tools/bin nor on the PATH`);
  try {
    const { stdout } = await run(file, [...args], { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${name} ${args.join(" ")} failed:\n${readableLog(stderr || stdout)}`, { cause: error });
  }
}

/**
 * How a resource starts one of the `*.command.ts` programs, such as `link/mirror-cleanup`: by its path from the folder of
 * the Pulumi project, which is the same on every machine.
 */
export function commandLine(name: string): string {
  // Compiled, as in a package, they are JavaScript.
  const file = `${name}.command${path.extname(import.meta.filename)}`;
  return `node ${path.relative(process.cwd(), path.resolve(import.meta.dirname, "..", file))}`;
}

/** The value of an environment variable that the caller of a `*.command.ts` program must set. */
export function required(variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value === "") throw new Error(`${variable} is not set`);
  return value;
}

/** Says on standard error what a long step is doing; standard output carries the result. */
export function progress(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Whether `filename` is what node was started with (`import.meta.main`, which Node 22 doesn't have). */
export function isProgram(filename: string): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === filename;
}

/** Runs the action that the first argument names; a failure is one message and a non-zero exit code. */
export async function runAction(actions: Record<string, () => Promise<void>>): Promise<void> {
  const name = process.argv[2] ?? "";
  const action = actions[name];
  try {
    if (action === undefined) throw new Error(`say what to do: ${Object.keys(actions).join(", ")}`);
    await action();
  } catch (error) {
    progress(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
