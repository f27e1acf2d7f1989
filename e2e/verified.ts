import { parseDeployedStack } from "../cli/deployed.ts";
import { gather } from "../facts/gather.ts";
import { parseSettings } from "../settings/parse.ts";
import { verify, type Verification } from "../verify/verify.ts";
import type { Engine, StackSettings } from "./engine.ts";

/** Looks at the mesh of a deployed stack as often as it is asked, as `npm run verify` does. */
export type Look = (patience?: number) => Promise<Verification>;

/** What `npm run verify` would find of a stack that was made of these settings. */
export async function lookAt(engine: Engine, asked: StackSettings): Promise<Look> {
  const outputs = ["stack", "output", "--stack", engine.stack, "--json", "--show-secrets"];
  const stack = parseDeployedStack(await engine.expectSuccess(outputs));
  const settings = parseSettings(asked);
  return async (patience = 10_000) => {
    const answers = await gather(settings, stack.deployed.kubeconfigs, { patience });
    return verify({ stack: engine.stack, settings, ...stack }, answers, new Date());
  };
}

/** `subject: check` of everything that was found. */
export function found({ findings }: Verification): string[] {
  return findings.map(({ subject, check }) => `${subject}: ${check}`);
}
