import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { root } from "../engine/engine.ts";
import { UsageError } from "../terminal/usage.ts";

/** What git prints. @throws UsageError with what it complains of. */
export async function git(...args: string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", args, { cwd: root, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    throw new UsageError(`git ${args.join(" ")}:\n${stderr}`);
  }
}

/** A file as it was at a revision; undefined where it wasn't there. */
export function fileAt(revision: string, file: string): Promise<string | undefined> {
  return git("show", `${revision}:${file}`).catch(() => undefined);
}

/** What is committed here, by its content: the same after a merge as in the pull request that was up to date. */
export async function committedTree(): Promise<string | undefined> {
  const changes = await git("status", "--porcelain", "--untracked-files=no");
  return changes === "" ? (await git("rev-parse", "HEAD^{tree}")).trim() : undefined;
}
