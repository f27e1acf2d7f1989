import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { pulumiProgram, root } from "../engine/engine.ts";
import type { StackFile } from "../stacks/stack-file.ts";
import { givenCluster } from "./absence.ts";

/**
 * The kubeconfig that the stack file gives a cluster as a secret or by another stack; undefined where it gives none, or
 * where that can't be read. `named` names the stack and its file to the engine.
 */
export async function givenKubeconfig(
  file: StackFile,
  named: readonly string[],
  cluster: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const read = async (args: readonly string[]): Promise<string | undefined> => {
    const running = promisify(execFile)(pulumiProgram, [...args], { cwd: root, env, maxBuffer: 2 ** 26 });
    return running.then(({ stdout }) => stdout).catch(() => undefined);
  };
  const { kubeconfig, stack: other } = givenCluster(file, cluster) ?? {};
  if (kubeconfig !== undefined) {
    return read(["config", "get", "--path", `mesh:clusters.${cluster}.kubeconfig`, ...named]);
  }
  if (other?.name === undefined) return undefined;
  const text = await read(["stack", "output", "--show-secrets", "--json", "--stack", other.name]);
  if (text === undefined) return undefined;
  const found = (other.output ?? "kubeconfig")
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], JSON.parse(text));
  return typeof found === "string" ? found : undefined;
}
