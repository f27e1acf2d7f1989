import { readFile, writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

import { parse } from "yaml";

/** A stack's configuration as its file says it, secrets still encrypted. */
export interface StackFile {
  readonly encryptionsalt?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

export function parseStackFile(text: string): StackFile {
  return (parse(text) ?? {}) as StackFile;
}

/** The stack file's text; undefined where there is none. */
export async function readStackFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Takes back what the engine adds to a stack file for the local state: the salt of a passphrase, which it also keeps
 * in the state. A file with secrets of its own keeps its salt, and every other change stays.
 */
export function withoutNewSalt(before: string, after: string): string {
  const old = parseStackFile(before);
  const { encryptionsalt, ...rest } = parseStackFile(after);
  const isNew = encryptionsalt !== undefined && old.encryptionsalt === undefined;
  return isNew && isDeepStrictEqual(rest, old) ? before : after;
}

export async function removeNewSalt(file: string, before: string): Promise<void> {
  const after = await readStackFile(file);
  if (after === undefined) return;
  const cleaned = withoutNewSalt(before, after);
  if (cleaned !== after) await writeFile(file, cleaned);
}
