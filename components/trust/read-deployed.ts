import { setTimeout } from "node:timers/promises";

import * as pulumi from "@pulumi/pulumi";

import { parseDeployed, type Deployed } from "../../settings/deployed.ts";

/** Milliseconds after which a stack is read again that another update is just writing. */
const pauses = [100, 200, 400, 800, 1600];

/** A folder's state isn't replaced in one step: who reads it meanwhile finds it empty, or cut off. */
async function readOutputs(name: string): Promise<{ outputs?: unknown }> {
  const read = () =>
    pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }, {}) as Promise<{ outputs?: unknown }>;
  for (const pause of pauses) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("failed to load checkpoint")) throw error;
      await setTimeout(pause);
    }
  }
  return read();
}

/**
 * The outputs of a stack's last update; of this one, or of another part of the environment. A StackReference would do the
 * same, but one to this stack stays in the state, where each update makes it differ from what it refers to: a refresh
 * would always find drift.
 */
export async function readDeployed(stack = pulumi.getStack()): Promise<Deployed> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), stack].join("/");
  const answer = await readOutputs(name);
  return parseDeployed(answer.outputs ?? {});
}
