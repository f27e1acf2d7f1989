/** `npm run kubectl -- STACK CLUSTER [arguments]`, and the same for linkerd: on a cluster of a stack. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { findProgram, isProgram } from "../components/cluster/programs.ts";
import { engineEnvironment } from "./stack.ts";
import { UsageError } from "./usage.ts";

const root = path.resolve(import.meta.dirname, "..");
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

async function readKubeconfigs(stack: string): Promise<Record<string, string>> {
  const pulumi = path.join(root, "node_modules/.bin/pulumi");
  const args = ["stack", "output", "kubeconfigs", "--stack", stack, "--show-secrets", "--json"];
  const env = engineEnvironment(stack, process.env);
  try {
    const { stdout } = await promisify(execFile)(pulumi, args, { cwd: root, env, maxBuffer: 2 ** 28 });
    return JSON.parse(stdout) as Record<string, string>;
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    throw new UsageError(`Stack ${stack} has no kubeconfigs yet (npm run up -- ${stack}):\n${stderr}`);
  }
}

function run(file: string, args: readonly string[], kubeconfig: string): Promise<number> {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { env, stdio: "inherit" });
    // Ctrl-C ends a port-forward; the kubeconfig is taken away after it.
    process.on("SIGINT", () => undefined);
    child.on("error", reject);
    child.on("exit", (code) => {
      resolve(code ?? 1);
    });
  });
}

async function main(given: readonly string[]): Promise<number> {
  const call = parseCall(given);
  const file = findProgram(call.program);
  if (file === undefined) throw new UsageError(`${call.program} isn't on the PATH.`);
  const kubeconfig = kubeconfigFor(call, await readKubeconfigs(call.stack));
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-"));
  try {
    const kubeconfigFile = path.join(folder, "kubeconfig");
    await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 });
    return await run(file, call.args, kubeconfigFile);
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (isProgram(import.meta.filename)) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
