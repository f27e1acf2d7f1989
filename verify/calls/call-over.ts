import type { ClusterAnswer } from "../../facts/facts.ts";
import type { Settings } from "../../settings/settings.ts";
import { simulatedPods } from "../check.ts";
import { makeCalls, type CallsOptions, type MadeCalls } from "./make-calls.ts";
import { planCalls, type CallsPlan } from "./plan.ts";

/** What calls were to be made, and what came of them. */
export interface Calls {
  readonly plan: CallsPlan;
  readonly made: MadeCalls;
}

/** Clusters in which no pod of ours can run, and why. */
function absentClusters(answers: readonly ClusterAnswer[]): Map<string, string> {
  return new Map(
    answers.flatMap((answer): [string, string][] => {
      if (!("facts" in answer)) return [[answer.name, `${answer.name} can't be asked`]];
      return answer.facts.isSimulated ? [[answer.name, simulatedPods]] : [];
    }),
  );
}

/** Calls over every link, or over those of one cluster, as far as its ends can run pods. */
export async function callOver(
  settings: Settings,
  kubeconfigs: Readonly<Record<string, string>>,
  answers: readonly ClusterAnswer[],
  { only, ...options }: CallsOptions & { readonly only?: string | undefined },
): Promise<Calls> {
  const links = settings.links.filter(
    ({ source, target }) => only === undefined || [source, target].includes(only),
  );
  const about = { ...settings, links };
  const plan = planCalls(about, absentClusters(answers));
  const facts = new Map(
    answers.flatMap((answer) => ("facts" in answer ? [[answer.name, answer.facts] as const] : [])),
  );
  return { plan, made: await makeCalls(plan, about, kubeconfigs, facts, options) };
}
