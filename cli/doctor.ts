/** `npm run doctor -- STACK`: what this machine and the clusters lack before `npm run up`. */

import { isProgram } from "../components/cluster/programs.ts";
import { clusterFindings } from "../doctor/clusters.ts";
import type { Finding } from "../doctor/finding.ts";
import { machineFindings } from "../doctor/machine.ts";
import { toText } from "../doctor/text.ts";
import { paintFor } from "../verify/text.ts";
import { readDeployedStack } from "./stacks/deployed.ts";
import { parseStackFile } from "./stacks/stack-file.ts";
import { readStackSettings, readStackText, stackName } from "./stacks/stack-settings.ts";
import { parseCall } from "./terminal/options.ts";
import { Progress } from "./terminal/progress.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say which stack: npm run doctor -- STACK [--json]";

const options = { json: { type: "boolean", default: false } } as const;

export function parseRequest(args: readonly string[]): { stack: string; json: boolean } {
  const { values, positionals } = parseCall(args, options, usage);
  const [stack, ...more] = positionals;
  if (stack === undefined || more.length > 0) throw new UsageError(usage);
  return { stack, json: values.json };
}

/** Of clusters that an earlier update made; before the first one there are none. */
async function knownKubeconfigs(stack: string): Promise<Readonly<Record<string, string>>> {
  try {
    return (await readDeployedStack(stack)).deployed.kubeconfigs;
  } catch {
    return {};
  }
}

async function examine(stack: string): Promise<Finding[]> {
  const progress = new Progress();
  progress.show("looking at this machine and the clusters");
  try {
    const settings = await readStackSettings(stack);
    const file = parseStackFile(await readStackText(stack));
    const kubeconfigs = await knownKubeconfigs(stackName(stack));
    const found = await Promise.all([
      machineFindings(stackName(stack), file, settings),
      clusterFindings(settings, kubeconfigs),
    ]);
    return found.flat();
  } finally {
    progress.end();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { stack, json } = parseRequest(args);
  const findings = await examine(stack);
  process.stdout.write(
    json ? `${JSON.stringify(findings, undefined, 2)}\n` : toText(findings, paintFor(process.stdout)),
  );
  return findings.some(({ level }) => level === "failed") ? 1 : 0;
}

if (isProgram(import.meta.filename)) await runCommand(main, 2);
