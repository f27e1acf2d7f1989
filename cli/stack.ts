/** `npm run up|preview|refresh|destroy [-- STACK [pulumi's own flags]]`: checks the machine, then runs the engine. */
import { spawn } from "node:child_process";
import path from "node:path";

import { findMissing, formatMissing } from "./preflight.ts";
import { parseStackFile, readStackFile, removeNewSalt } from "./stack-file.ts";
import { UsageError } from "./usage.ts";
import { isProgram } from "../components/cluster/programs.ts";
import packageJson from "../package.json" with { type: "json" };

const root = path.resolve(import.meta.dirname, "..");
const actions = ["up", "preview", "refresh", "destroy"];

/** Stacks for one person's machine: no passphrase to remember, and no question where nobody can answer it. */
const localStacks = ["dev", "sim"];

/** Which CLI the npm package `pulumi` starts: from 3.249 on, one writes a log of every call, at twice the CPU time. */
export const pulumiVersion = packageJson.config.pulumiVersion;

/** What the engine is started with unless the person says otherwise. */
export const engineDefaults = {
  PULUMI_VERSION: pulumiVersion,
  // Compiling the SDKs anew would cost a second of every preview.
  NODE_COMPILE_CACHE: path.join(root, "node_modules/.cache/compile"),
};

/** The environment for the engine: what the person has set stays. */
export function engineEnvironment(stack: string, given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const hasPassphrase = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"].some(
    (name) => name in given,
  );
  if (!hasPassphrase && !localStacks.includes(stack)) {
    throw new UsageError(
      `Stack ${stack} keeps secrets: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE. ` +
        `Only ${localStacks.join(" and ")} work without.`,
    );
  }
  return {
    ...engineDefaults,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The salt of the passphrase is in the state, so the stack file need not carry it.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    ...given,
    ...(hasPassphrase ? {} : { PULUMI_CONFIG_PASSPHRASE: "" }),
  };
}

/** The engine's arguments for an action on a stack. */
export function engineArguments(
  action: string,
  stack: string,
  flags: readonly string[],
  isInteractive: boolean,
): string[] {
  const isAnswered =
    action === "preview" || flags.some((flag) => ["--yes", "-y", "--preview-only"].includes(flag));
  const answer = !isInteractive && !isAnswered && localStacks.includes(stack) ? ["--yes"] : [];
  return [action, "--stack", stack, ...answer, ...flags];
}

function runPulumi(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const program = path.join(root, "node_modules/.bin/pulumi");
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { cwd: root, env, stdio: "inherit" });
    // Ctrl-C reaches the engine too, which then stops at a safe point; wait for it.
    const ignore = () => undefined;
    process.on("SIGINT", ignore);
    child.on("error", reject);
    child.on("exit", (code) => {
      process.off("SIGINT", ignore);
      resolve(code ?? 1);
    });
  });
}

async function main([action = "", ...rest]: readonly string[]): Promise<number> {
  if (!actions.includes(action)) throw new UsageError(`Say what to do: ${actions.join(", ")}.`);
  const named = rest[0] !== undefined && !rest[0].startsWith("-");
  const stack = named ? rest[0] : "dev";
  const flags = named ? rest.slice(1) : rest;
  const file = path.join(root, `Pulumi.${stack ?? ""}.yaml`);
  const before = await readStackFile(file);
  if (stack === undefined || before === undefined) {
    throw new UsageError(
      `There is no Pulumi.${stack ?? ""}.yaml: a stack is an environment, described by that file.`,
    );
  }
  const env = engineEnvironment(stack, process.env);
  const missing = await findMissing(parseStackFile(before));
  if (missing.length > 0) throw new UsageError(formatMissing(stack, missing));
  try {
    const selected = await runPulumi(["stack", "select", "--create", "--stack", stack], env);
    if (selected !== 0) return selected;
    return await runPulumi(engineArguments(action, stack, flags, process.stdin.isTTY), env);
  } finally {
    await removeNewSalt(file, before);
  }
}

if (isProgram(import.meta.filename)) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
