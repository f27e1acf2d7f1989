import { z } from "zod";

import { parseDeployed, type Deployed } from "../../settings/deployed.ts";
import { readOutputs } from "./outputs.ts";

/** The last update's outputs, as commands need them that ask the clusters. */
export interface DeployedStack {
  readonly deployed: Deployed;
  /** API servers as other clusters reach them, by cluster. */
  readonly apiServers: Readonly<Record<string, string>>;
}

const meshSchema = z.object({
  mesh: z.object({ clusters: z.record(z.string(), z.object({ apiServer: z.string().optional() })) }),
});

export function parseDeployedStack(json: string): DeployedStack {
  const outputs = JSON.parse(json) as unknown;
  const { mesh } = meshSchema.parse(outputs);
  const apiServers = Object.entries(mesh.clusters).flatMap(([name, { apiServer }]) =>
    apiServer === undefined ? [] : [[name, apiServer] as const],
  );
  return { deployed: parseDeployed(outputs), apiServers: Object.fromEntries(apiServers) };
}

/** Secret: it has the clusters' kubeconfigs. */
export function readDeployedStack(stack: string): Promise<DeployedStack> {
  return readOutputs(stack, { showSecrets: true, parse: parseDeployedStack, problem: "isn't deployed yet" });
}
