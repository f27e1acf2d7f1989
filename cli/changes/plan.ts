/** As much of a plan of the engine as is read here. */
interface Plan {
  readonly resourcePlans?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** How the engine writes a value that isn't known yet (pulumi sdk/go/common/resource/plugin/rpc.go). */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The stack's outputs follow from what is done. */
const outputs = ["mesh", "trust", "expires", "kubeconfigs"];

/**
 * Of outputs that aren't known in a preview, the engine plans that they stay, and then refuses, without a word, that they
 * change (pulumi pkg/resource/deploy/plan.go, checkDiff). So whatever they will be is planned.
 */
function withAnyOutputs(plan: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const adds = Object.fromEntries(outputs.map((name) => [name, unknown]));
  return { ...plan, goal: { ...(plan["goal"] as object), outputDiff: { adds } } };
}

/**
 * A plan without the state that each resource would have: no update looks at it (pulumi pkg/resource/deploy/plan.go), and
 * it has every secret of the stack, if encrypted.
 */
export function withoutState(text: string): string {
  const plan = JSON.parse(text) as Plan;
  const resourcePlans = Object.fromEntries(
    Object.entries(plan.resourcePlans ?? {}).map(([urn, { state: _, ...rest }]) => [
      urn,
      urn.includes("::pulumi:pulumi:Stack::") ? withAnyOutputs(rest) : rest,
    ]),
  );
  return `${JSON.stringify({ ...plan, resourcePlans }, undefined, 1)}\n`;
}
