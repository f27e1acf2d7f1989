/** `npm run --silent operator -- STACK --backend URL --repository URL …`: manifests for the Pulumi Kubernetes Operator. */
import { YAMLParseError, stringify } from "yaml";

import { isProgram } from "../components/cluster/programs.ts";
import { SettingsError } from "../settings/problem.ts";
import { pulumiVersion } from "./engine/engine.ts";
import { neededSecrets, operatorManifests, type OperatorArgs } from "./operator/operator-manifests.ts";
import { stacksOf } from "./operator/operator-stacks.ts";
import { stackFileOf } from "./run/run-engine.ts";
import { readStackFile } from "./stacks/stack-file.ts";
import { stackSettings } from "./stacks/stack-settings.ts";
import { parseOptions } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage =
  "Say which stack, where its state is and where its files are: npm run --silent operator -- STACK --backend URL " +
  "--repository URL [--branch main] [--commit SHA] [--preview-branch NAME] [--source git|flux] [--git-secret NAME] " +
  "[--after STACK] [--drift report|repair] [--resync 1h] [--namespace mesh]";

const options = [
  "backend",
  "repository",
  "branch",
  "commit",
  "preview-branch",
  "source",
  "git-secret",
  "after",
  "drift",
  "resync",
  "namespace",
] as const;

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new UsageError(`--${name} is ${value}: use ${allowed.join(" or ")}.\n${usage}`);
  return found;
}

async function settingsOf(stack: string) {
  const text = await readStackFile(stackFileOf(stack));
  if (text === undefined) throw new UsageError(`There is no Pulumi.${stack}.yaml.`);
  try {
    return stackSettings(text);
  } catch (error) {
    if (error instanceof SettingsError || error instanceof YAMLParseError)
      throw new UsageError(`Pulumi.${stack}.yaml: ${error.message}`);
    throw error;
  }
}

/** Seconds. */
function parseResync(text: string): number {
  const [, number, unit] = /^([1-9][0-9]*)([mh])$/.exec(text) ?? [];
  if (number === undefined) {
    throw new UsageError(`--resync is ${text}: say after which time, such as 30m or 6h.\n${usage}`);
  }
  return Number(number) * (unit === "h" ? 3600 : 60);
}

/** Only a whole hash is taken for a commit by the operator. */
function parseCommit(text: string): string {
  if (/^[0-9a-f]{40}$/.test(text)) return text;
  throw new UsageError(
    `--commit is ${text}: name the whole commit, as git rev-parse HEAD prints it.\n${usage}`,
  );
}

export async function parseRequest(args: readonly string[]): Promise<OperatorArgs> {
  const given = parseOptions(args, options, usage);
  const { stack, backend, repository, after, commit, branch = "main", namespace = "mesh" } = given;
  if (backend === undefined || repository === undefined) throw new UsageError(usage);
  return {
    stack,
    settings: await settingsOf(stack),
    backend,
    repository,
    branch,
    commit: commit === undefined ? undefined : parseCommit(commit),
    previewBranch: given["preview-branch"],
    gitSecret: given["git-secret"],
    source: oneOf("source", given.source ?? "git", ["git", "flux"]),
    after: after === undefined ? [] : stacksOf(after, await settingsOf(after)).map(({ name }) => name),
    drift: oneOf("drift", given.drift ?? "report", ["report", "repair"]),
    resync: parseResync(given.resync ?? "1h"),
    namespace,
    pulumiVersion,
  };
}

function whatSays({ branch, commit }: OperatorArgs): string {
  return commit === undefined ? `the branch ${branch} says` : `commit ${commit} says`;
}

/** The manifests as one YAML file, which says what must be there before. */
export function formatManifests(args: OperatorArgs): string {
  const head = [
    `The Pulumi Kubernetes Operator keeps ${args.stack} as ${whatSays(args)}. Written by npm run operator.`,
    `It needs in the namespace ${args.namespace}:`,
    ...neededSecrets(args).map(({ name, key, content }) => `  Secret ${name} with ${key}: ${content}`),
  ];
  const documents = operatorManifests(args).map((manifest) => stringify(manifest, { lineWidth: 0 }));
  return `${head.map((line) => `# ${line}\n`).join("")}${documents.join("---\n")}`;
}

async function main(args: readonly string[]): Promise<number> {
  process.stdout.write(formatManifests(await parseRequest(args)));
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main);
