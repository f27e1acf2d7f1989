import * as pulumi from "@pulumi/pulumi";

import { parseDeployed, type Deployed } from "../../settings/deployed.ts";

/**
 * The outputs of a stack's last update; of this one, or of another part of the environment. A StackReference would do the
 * same, but one to this stack stays in the state, where each update makes it differ from what it refers to: a refresh
 * would always find drift.
 */
export async function readDeployed(stack = pulumi.getStack()): Promise<Deployed> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), stack].join("/");
  const answer = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }, {})) as {
    outputs?: unknown;
  };
  return parseDeployed(answer.outputs ?? {});
}
