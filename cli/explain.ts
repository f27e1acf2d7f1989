/** `npm run explain -- STACK CLUSTER NAMESPACE/SERVICE`: what happens to a call from a cluster to a service. */

import { isProgram } from "../components/cluster/programs.ts";
import { explain, type Explanation, type Question } from "../explain/explain.ts";
import { gather } from "../facts/gather.ts";
import type { Settings } from "../settings/settings.ts";
import { verify, type Finding } from "../verify/verify.ts";
import { readDeployedStack } from "./stacks/deployed.ts";
import { readStackSettings, stackName } from "./stacks/stack-settings.ts";
import { parseCall } from "./terminal/options.ts";
import { Progress } from "./terminal/progress.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage = "Say from where to what: npm run explain -- STACK CLUSTER NAMESPACE/SERVICE [--json]";

interface Request extends Question {
  readonly stack: string;
  readonly json: boolean;
}

const options = { json: { type: "boolean", default: false } } as const;

export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseCall(args, options, usage);
  const [stack, cluster, name, ...more] = positionals;
  const [namespace, service, ...rest] = (name ?? "").split("/");
  if (stack === undefined || cluster === undefined || !namespace || !service) throw new UsageError(usage);
  if (more.length + rest.length > 0) throw new UsageError(usage);
  return { stack, cluster, namespace, service, json: values.json };
}

/** Everything that the call may pass: also Services of its name that no export makes known. */
function counted({ namespace, service }: Question, { routes }: Settings): string[] {
  const backends = routes
    .filter((route) => route.namespace === namespace && route.service === service)
    .flatMap((route) => route.backends.map((backend) => backend.origin));
  const base = service.replace(/-federated$/, "");
  return [service, base, ...backends].map((name) => `${namespace}/${name}`);
}

/** What verify finds on the way. */
function onTheWay({ clusters }: Explanation, { cluster }: Question, findings: readonly Finding[]): Finding[] {
  const passed = [cluster, ...clusters];
  return findings.filter(({ subject }) => subject.split(" -> ").every((name) => passed.includes(name)));
}

function percent(share: number): string {
  return `${(Math.round(share * 10) / 10).toString()} %`;
}

export function toText({ title, sentences, ways }: Explanation, findings: readonly Finding[]): string {
  const shown = ways.map(({ service, share, sentences: steps }) =>
    [
      ways.length === 1 ? `To ${service}:` : `To ${service}, ${percent(share)} of the calls:`,
      ...steps.map((step) => `  - ${step}`),
    ].join("\n"),
  );
  const trouble = findings.map(({ subject, check, problem }) => `  × ${subject}: ${check}: ${problem}`);
  return (
    [
      title,
      sentences.join("\n"),
      ...shown,
      ...(trouble.length === 0
        ? []
        : [`Trouble on the way, as npm run verify explains it:\n${trouble.join("\n")}`]),
      "",
    ]
      .join("\n\n")
      .trimEnd() + "\n"
  );
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  const settings = await readStackSettings(request.stack);
  const names = settings.clusters.map(({ name }) => name);
  if (!names.includes(request.cluster)) {
    throw new UsageError(`The stack has no cluster ${request.cluster}; it has: ${names.join(", ")}.`);
  }
  const stack = await readDeployedStack(stackName(request.stack));
  const progress = new Progress();
  const answers = await gather(settings, stack.deployed.kubeconfigs, {
    counted: counted(request, settings),
    progress: (text) => {
      progress.show(text);
    },
  }).finally(() => {
    progress.end();
  });
  const clusters = new Map(
    answers.flatMap((answer) => ("facts" in answer ? [[answer.name, answer.facts] as const] : [])),
  );
  const explanation = explain(request, settings, clusters);
  if (explanation === undefined) {
    const problem = answers.find(({ name }) => name === request.cluster);
    const reason = problem !== undefined && "problem" in problem ? problem.problem : "it isn't known";
    throw new UsageError(`${request.cluster} can't be asked: ${reason}`);
  }
  const { findings } = verify({ stack: stackName(request.stack), settings, ...stack }, answers, new Date());
  const trouble = onTheWay(explanation, request, findings);
  process.stdout.write(
    request.json
      ? `${JSON.stringify({ ...explanation, findings: trouble }, undefined, 2)}\n`
      : toText(explanation, trouble),
  );
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main, 2);
