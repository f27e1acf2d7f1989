import { existsSync } from "node:fs";
import path from "node:path";

import { root } from "./engine.ts";

/** What makes the engine check a stack against the policies, with the stack's own levels where it has some. */
export function policyArguments(stack: string, folder = path.join(root, "policy")): string[] {
  const levels = path.join(folder, `${stack}.json`);
  return ["--policy-pack", folder, ...(existsSync(levels) ? ["--policy-pack-config", levels] : [])];
}

/** The same for an action: of what goes, nothing is to be checked. */
export function policyArgumentsOf(action: string, stack: string): string[] {
  return ["preview", "up"].includes(action) ? policyArguments(stack) : [];
}
