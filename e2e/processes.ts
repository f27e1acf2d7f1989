import { allProcesses, familyOf } from "../cli/engine/processes.ts";

/**
 * Ends a process and everything that it started, also in process groups of their own, as the engine's plugins are, without
 * a chance to tidy up.
 */
export async function killFamily(root: number): Promise<void> {
  for (const { id } of familyOf(root, await allProcesses())) {
    try {
      process.kill(id, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
