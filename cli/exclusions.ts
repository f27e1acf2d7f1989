/** `npm run exclusions -- STACK CLUSTER…`: what leaves clusters out, for pipelines that start the engine themselves. */
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { exclusionsOf } from "../settings/left-out.ts";
import { root } from "./engine/engine.ts";
import { readStackFile } from "./stacks/stack-file.ts";
import { stackSettings } from "./stacks/stack-settings.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

async function main([stack, ...names]: readonly string[]): Promise<number> {
  if (stack === undefined || names.length === 0)
    throw new UsageError("Say which stack and clusters: prod west …");
  const text = await readStackFile(path.join(root, `Pulumi.${stack}.yaml`));
  if (text === undefined) throw new UsageError(`There is no Pulumi.${stack}.yaml.`);
  const { clusters } = stackSettings(text);
  const patterns = names.flatMap((name) => {
    const cluster = clusters.find((one) => one.name === name);
    if (cluster === undefined) throw new UsageError(`Stack ${stack} has no cluster ${name}.`);
    return exclusionsOf(cluster);
  });
  process.stdout.write(`${[...new Set(patterns)].join(",")}\n`);
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main);
