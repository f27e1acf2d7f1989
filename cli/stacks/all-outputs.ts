import { writeFile } from "node:fs/promises";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { serveProgram } from "../engine/language-runtime.ts";
import { withPrivateFolder } from "../engine/private-folder.ts";
import type { Outputs } from "./merge-outputs.ts";
import type { RunEngine } from "./move-state.ts";

/** Whose outputs are read, for whom. */
export interface OutputsRequest {
  /** A stack that has nothing, for the engine to preview. */
  readonly base: string;
  /** What its stack file says. */
  readonly text: string;
  /** Each has been updated. */
  readonly stacks: readonly string[];
}

/**
 * What stacks say, secrets in clear, read by one engine. One engine for each would make a key of the passphrase each time, which
 * takes longer than all the rest.
 *
 * @throws UsageError where one of them can't be read.
 */
export async function readAllOutputs(
  run: RunEngine,
  { base, text, stacks }: OutputsRequest,
): Promise<ReadonlyMap<string, Outputs>> {
  const found = new Map<string, Outputs>();
  if (stacks.length === 0) return found;
  const askAll = () => {
    for (const stack of stacks) {
      const name = [pulumi.getOrganization(), pulumi.getProject(), stack].join("/");
      const { outputs } = new pulumi.StackReference(stack, { name });
      outputs.apply((said: Outputs) => found.set(stack, said));
    }
    return Promise.resolve({});
  };
  const { address, close } = await serveProgram(askAll);
  try {
    await withPrivateFolder(async (folder) => {
      // The engine may write into it.
      const copy = path.join(folder, "stack.yaml");
      await writeFile(copy, text, { mode: 0o600 });
      const named = ["--stack", base, "--config-file", copy, "--client", address];
      await run(["preview", ...named, "--non-interactive", "--suppress-progress"]);
    });
  } finally {
    close();
  }
  return found;
}
