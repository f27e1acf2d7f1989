import { parseDeployedStack } from "../cli/stacks/deployed.ts";
import { gather } from "../facts/gather.ts";
import { parseSettings } from "../settings/parse.ts";
import { callOver } from "../verify/calls/call-over.ts";
import { defaultImage } from "../verify/calls/objects.ts";
import { verify, type Verification } from "../verify/verify.ts";
import type { Engine, StackSettings } from "./engine.ts";

/** Looks at the mesh of a deployed stack as often as it is asked, as `npm run verify` does: with calls, or without. */
export type Look = (patience?: number, withCalls?: boolean) => Promise<Verification>;

/** What `npm run verify` would find of a stack that was made of these settings. */
export async function lookAt(engine: Engine, asked: StackSettings): Promise<Look> {
  const outputs = ["stack", "output", "--stack", engine.stack, "--json", "--show-secrets"];
  const stack = parseDeployedStack(await engine.expectSuccess(outputs));
  const settings = parseSettings(asked);
  const { kubeconfigs } = stack.deployed;
  const options = { image: defaultImage, progress: () => undefined, signal: new AbortController().signal };
  return async (patience = 10_000, withCalls = false) => {
    const answers = await gather(settings, kubeconfigs, { patience });
    const calls = withCalls
      ? await callOver(settings, kubeconfigs, answers, { ...options, patience })
      : undefined;
    return verify({ stack: engine.stack, settings, ...stack, calls }, answers, new Date());
  };
}

/** `subject: check` of everything that was found. */
export function found({ findings }: Verification): string[] {
  return findings.map(({ subject, check }) => `${subject}: ${check}`);
}
