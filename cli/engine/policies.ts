import { existsSync } from "node:fs";
import path from "node:path";

import { root } from "./engine.ts";

const policyFolder = path.join(root, "policy");

/** The same policies for an engine whose program runs in a process of `ProgramHosts`: that one runs them too. */
export const hostedPack = path.join(policyFolder, "hosted");

/** What makes the engine check a stack against the policies, with the stack's own levels where it has some. */
export function policyArguments(stack: string, pack = policyFolder): string[] {
  const levels = path.join(policyFolder, `${stack}.json`);
  return ["--policy-pack", pack, ...(existsSync(levels) ? ["--policy-pack-config", levels] : [])];
}

/** The same for an action: of what goes, nothing is to be checked. */
export function policyArgumentsOf(action: string, stack: string, pack = policyFolder): string[] {
  return ["preview", "up"].includes(action) ? policyArguments(stack, pack) : [];
}
