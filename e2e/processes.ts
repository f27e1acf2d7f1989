import { readdirSync, readFileSync } from "node:fs";

/** The parent of each process of this machine. */
function parents(): Map<number, number> {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return new Map(
    ids.flatMap((id) => {
      try {
        // The name before it may have spaces and brackets.
        const [, parent] = readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
        return [[Number(id), Number(parent)] as const];
      } catch {
        return [];
      }
    }),
  );
}

/** A process with everything that it started, also in process groups of their own, as the engine's plugins are. */
function family(root: number): number[] {
  const all = [...parents()];
  const found = [root];
  for (const id of found) found.push(...all.filter(([, parent]) => parent === id).map(([child]) => child));
  return found;
}

/** Ends a process and everything that it started, without a chance to tidy up. */
export function killFamily(root: number): void {
  for (const id of family(root)) {
    try {
      process.kill(id, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
