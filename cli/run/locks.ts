import { readdir, readFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import path from "node:path";

import { parse } from "yaml";

/** Who holds a lock on a stack whose state is in a folder. */
export interface Lock {
  readonly pid: number;
  readonly hostname: string;
}

/** The folder with the states; undefined where they are kept elsewhere, which clears its own locks. */
export function stateFolder(url: string, root: string): string | undefined {
  if (!url.startsWith("file://")) return undefined;
  const folder = url.slice("file://".length).replace(/\?.*$/, "");
  return path.resolve(root, folder.replace(/^~(?=\/|$)/, homedir()));
}

/** Where the states are, as the environment or the project file says. */
export async function backendUrl(root: string, env: NodeJS.ProcessEnv): Promise<string> {
  const given = env["PULUMI_BACKEND_URL"];
  if (given !== undefined && given !== "") return given;
  const project = parse(await readFile(path.join(root, "Pulumi.yaml"), "utf8")) as {
    backend?: { url?: string };
  };
  return project.backend?.url ?? "";
}

/** The locks on a stack (pulumi pkg/backend/diy/lock.go). */
export async function readLocks(folder: string, project: string, stack: string): Promise<Lock[]> {
  const locks = path.join(folder, ".pulumi/locks/organization", project, stack);
  // Beside each there is a file with attributes of it, `.json.attrs`.
  const files = (await readdir(locks).catch(() => [])).filter((file) => file.endsWith(".json"));
  const texts = await Promise.all(
    files.map((file) => readFile(path.join(locks, file), "utf8").catch(() => "")),
  );
  return texts.filter((text) => text !== "").map((text) => JSON.parse(text) as Lock);
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Whether the engine that holds the lock was on this machine, and is no more. */
export function isStale(lock: Lock): boolean {
  return lock.hostname === hostname() && !isRunning(lock.pid);
}
