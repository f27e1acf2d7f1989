/** `npm run kubectl -- STACK CLUSTER [arguments]`, and the same for linkerd: on a cluster of a stack. */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { z } from "zod";

import { findProgram, isProgram } from "../components/cluster/programs.ts";
import { runAttached } from "./engine/attached.ts";
import { withPrivateFolder } from "./engine/private-folder.ts";
import { readOutputs } from "./stacks/outputs.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const programs = ["kubectl", "linkerd"];

/** What to run where. */
export interface Call {
  readonly program: string;
  readonly stack: string;
  readonly cluster: string;
  readonly args: readonly string[];
}

export function parseCall([program = "", stack, cluster, ...args]: readonly string[]): Call {
  if (!programs.includes(program)) throw new UsageError(`Say what to run: ${programs.join(", ")}.`);
  if (stack === undefined || cluster === undefined) {
    throw new UsageError(`Say on which stack and cluster: npm run ${program} -- sim cluster1 …`);
  }
  return { program, stack, cluster, args };
}

const kubeconfigsSchema = z.object({ kubeconfigs: z.record(z.string(), z.string()) });

/** The cluster's kubeconfig among those of its stack. */
export function kubeconfigFor(
  { stack, cluster }: Pick<Call, "stack" | "cluster">,
  kubeconfigs: Readonly<Record<string, string>>,
): string {
  const kubeconfig = kubeconfigs[cluster];
  if (kubeconfig !== undefined) return kubeconfig;
  const names = Object.keys(kubeconfigs).join(", ");
  throw new UsageError(`Stack ${stack} has no cluster ${cluster}; it has: ${names}.`);
}

/** The kubeconfigs of a stack; of an environment in parts that of the cluster, if it has it. */
function readKubeconfigs({ stack, cluster }: Pick<Call, "stack" | "cluster">) {
  return readOutputs(stack, {
    showSecrets: true,
    isAsked: (part) => part.kind === "cluster" && part.cluster === cluster,
    parse: (json) => kubeconfigsSchema.parse(JSON.parse(json)).kubeconfigs,
    problem: "has no kubeconfigs yet",
  });
}

async function main(given: readonly string[]): Promise<number> {
  const call = parseCall(given);
  const file = findProgram(call.program);
  if (file === undefined) throw new UsageError(`${call.program} isn't on the PATH.`);
  const kubeconfig = kubeconfigFor(call, await readKubeconfigs(call));
  return withPrivateFolder(async (folder) => {
    const kubeconfigFile = path.join(folder, "kubeconfig");
    await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 });
    return runAttached(file, call.args, { env: { ...process.env, KUBECONFIG: kubeconfigFile } });
  });
}

if (isProgram(import.meta.filename)) await runCommand(main);
