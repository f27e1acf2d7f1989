/**
 * `npm run --silent touched -- [REVISION]`: the shared stacks that a change since then could change, as a JSON list;
 * with `--all` every one of them.
 */
import { isProgram } from "../components/cluster/programs.ts";
import { git } from "./changes/git.ts";
import { localStacks } from "./engine/engine.ts";
import { environments } from "./stacks/stack-settings.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

/** What no stack is made of. */
const irrelevant =
  /^(docs|e2e|tests|bench|package|tools|topology|render|verify|\.ci|\.github)\/|\.md$|\.test\.ts$|\/test-[^/]*\.ts$|^(\.prettier.*|\.gitignore|eslint\.config\.mjs|vitest\.config\.ts|tsconfig(\.package)?\.json|LICENSE)$/;

/** A file that is about one stack only. */
function ownerOf(file: string, stacks: readonly string[]): string | undefined {
  return stacks.find((stack) => [`Pulumi.${stack}.yaml`, `policy/${stack}.json`].includes(file));
}

/** Of `stacks`, those that changed `files` are about: all where a file is about no one of them. */
export function touchedStacks(files: readonly string[], stacks: readonly string[]): string[] {
  const relevant = files.filter((file) => !irrelevant.test(file));
  const owners = relevant.map((file) => ownerOf(file, [...stacks, ...localStacks]));
  return stacks.filter((stack) => owners.includes(undefined) || owners.includes(stack));
}

/** The environments that are shared; what is on one person's machine has no state to compare with elsewhere. */
export function sharedStacks(): string[] {
  return environments()
    .filter((name) => !localStacks.includes(name))
    .sort();
}

async function main([revision = "origin/main", ...more]: readonly string[]): Promise<number> {
  if (more.length > 0) throw new UsageError("Say since when: npm run --silent touched -- origin/main");
  if (revision === "--all") {
    console.log(JSON.stringify(sharedStacks()));
    return 0;
  }
  const files = (await git("diff", "--name-only", `${revision}...HEAD`))
    .split("\n")
    .filter((file) => file !== "");
  console.log(JSON.stringify(touchedStacks(files, sharedStacks())));
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main);
