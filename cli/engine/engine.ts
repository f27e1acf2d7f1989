import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import packageJson from "../../package.json" with { type: "json" };
import { UsageError } from "../terminal/usage.ts";

/** The folder of the project. */
export const root = path.resolve(import.meta.dirname, "../..");

/** Stacks for one person's machine: no passphrase to remember, and no question where nobody can answer it. */
export const localStacks = ["dev", "sim"];

/** Which CLI the npm package `pulumi` starts: from 3.249 on, one writes a log of every call, at twice the CPU time. */
export const pulumiVersion = packageJson.config.pulumiVersion;

/** The CLI as the npm package keeps it. */
export function fetchedEngine(environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi");
  return path.join(home, "versions", environment["PULUMI_VERSION"] ?? pulumiVersion, "bin/pulumi");
}

/** Starts the CLI of `pulumiVersion`: itself once it is there, since the npm package takes longer than it to start. */
export const pulumiProgram = existsSync(fetchedEngine())
  ? fetchedEngine()
  : path.join(root, "node_modules/.bin/pulumi");

/**
 * How many resources the engine works on at a time. By default four for each processor, and a Deployment that is waited for
 * counts: where all of them are, as with the mirror controllers of many links, their ServiceAccounts are never made.
 */
export const resourcesAtOnce = 64;

/** Engines that only read a state, or make a stack, at a time: each takes 100 MB. */
export const readersAtOnce = 4;

/** What the engine is started with unless the person says otherwise. */
export const engineDefaults = {
  PULUMI_VERSION: pulumiVersion,
  PULUMI_PARALLEL: resourcesAtOnce.toString(),
  // Compiling the SDKs anew would cost a second of every preview.
  NODE_COMPILE_CACHE: path.join(root, "node_modules/.cache/compile"),
  // What a program registers stays to its end: less room for what doesn't costs no time, and saves a sixth of the memory.
  NODE_OPTIONS: "--max-semi-space-size=4",
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
