import { globSync } from "node:fs";
import path from "node:path";

import { YAMLParseError } from "yaml";

import { withoutEncrypted } from "../../settings/encrypted.ts";
import { parseSettings } from "../../settings/parse.ts";
import { SettingsError } from "../../settings/problem.ts";
import type { Settings } from "../../settings/settings.ts";
import { root } from "../engine/engine.ts";
import { UsageError } from "../terminal/usage.ts";
import { parseStackFile, readStackFile } from "./stack-file.ts";

const prefix = "mesh:";

/**
 * The settings that a stack file describes, without the engine: of secrets only that they are there is known.
 *
 * @throws SettingsError with every problem, as the engine would find them.
 */
export function stackSettings(text: string): Settings {
  const { config = {} } = parseStackFile(text);
  const own = Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), typeof value === "number" ? value.toString() : value]);
  return parseSettings(withoutEncrypted(Object.fromEntries(own)));
}

/** A stack's name, or the path of a file like a stack's. */
function fileOf(stack: string): string {
  return /\.ya?ml$|[/\\]/.test(stack) ? path.resolve(stack) : path.join(root, `Pulumi.${stack}.yaml`);
}

/** The name of the stack that a name or a path means. */
export function stackName(stack: string): string {
  return /^Pulumi\.(.+)\.ya?ml$/.exec(path.basename(stack))?.[1] ?? stack;
}

/** The environments that have a stack file. */
export function environments(): string[] {
  return globSync("Pulumi.*.yaml", { cwd: root }).map((file) => stackName(file));
}

/** The text of the stack's file. */
export async function readStackText(stack: string): Promise<string> {
  const file = fileOf(stack);
  const text = await readStackFile(file);
  if (text !== undefined) return text;
  throw new UsageError(
    `There is no ${path.relative(process.cwd(), file)}: name a stack, or the path of its file.`,
  );
}

/**
 * The settings of a stack, by its name or the path of its file.
 *
 * @throws UsageError where there is none, or where it is wrong.
 */
export async function readStackSettings(stack: string): Promise<Settings> {
  const text = await readStackText(stack);
  try {
    return stackSettings(text);
  } catch (error) {
    if (error instanceof SettingsError || error instanceof YAMLParseError)
      throw new UsageError(`${path.basename(fileOf(stack))}: ${error.message}`);
    throw error;
  }
}

/** Whether an environment is in several stacks, as its file says. */
export async function isSplit(stack: string): Promise<boolean> {
  const text = await readStackFile(fileOf(stack));
  const split = text === undefined ? false : parseStackFile(text).config?.[`${prefix}split`];
  return split === true || split === "true";
}
