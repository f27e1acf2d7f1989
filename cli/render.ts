/** `npm run render -- STACK [--output FOLDER]`: an environment's manifests, for what applies them from Git. */
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { YAMLParseError } from "yaml";

import { isProgram } from "../components/cluster/programs.ts";
import { firstLine } from "../render/readme.ts";
import { renderManifests } from "../render/render.ts";
import { SettingsError } from "../settings/problem.ts";
import { root } from "./engine/engine.ts";
import { readStackFile } from "./stacks/stack-file.ts";
import { stackSettings } from "./stacks/stack-settings.ts";
import { parseCall } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say which stack: npm run render -- STACK [--output FOLDER]";

interface Request {
  readonly stack: string;
  readonly output: string;
}

export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseCall(args, options, usage);
  const [stack, ...more] = positionals;
  if (stack === undefined || more.length > 0) throw new UsageError(usage);
  return { stack, output: path.resolve(values.output ?? path.join("manifests", stack)) };
}

const options = { output: { type: "string" } } as const;

/** What was written there before, by path. Refuses a folder that holds anything else. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory());
  if (files.length === 0) return [];
  const readme = await readFile(path.join(folder, "README.md"), "utf8").catch(() => "");
  if (!readme.startsWith(firstLine)) {
    throw new UsageError(
      `${folder} has files that npm run render didn't write: name another one with --output.`,
    );
  }
  return files.map((file) => path.relative(folder, path.join(file.parentPath, file.name)));
}

/** Removes a folder, and those it is in, as far as nothing is left in them. */
async function removeEmpty(folder: string, inside: string): Promise<void> {
  if (inside === "." || (await readdir(path.join(folder, inside))).length > 0) return;
  await rmdir(path.join(folder, inside));
  await removeEmpty(folder, path.dirname(inside));
}

/** Makes the folder hold these files and no others; how many have changed. */
export async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<number> {
  const before = await filesIn(folder);
  const stale = before.filter((file) => !files.has(file));
  for (const file of stale) {
    await rm(path.join(folder, file));
    await removeEmpty(folder, path.dirname(file));
  }
  let changed = stale.length;
  for (const [file, text] of files) {
    const target = path.join(folder, file);
    if ((await readFile(target, "utf8").catch(() => undefined)) === text) continue;
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
    changed += 1;
  }
  return changed;
}

async function main(args: readonly string[]): Promise<number> {
  const { stack, output } = parseRequest(args);
  const file = `Pulumi.${stack}.yaml`;
  const text = await readStackFile(path.join(root, file));
  if (text === undefined) throw new UsageError(`There is no ${file}: name a stack.`);
  try {
    const files = await renderManifests(stackSettings(text));
    const changed = await writeFiles(output, files);
    const shown = path.relative(process.cwd(), output) || ".";
    process.stdout.write(`${shown}: ${files.size.toString()} files, ${changed.toString()} of them changed\n`);
    return 0;
  } catch (error) {
    if (error instanceof SettingsError || error instanceof YAMLParseError) {
      throw new UsageError(`${file}: ${error.message}`);
    }
    throw error;
  }
}

if (isProgram(import.meta.filename)) await runCommand(main);
