/** As much of a plan of the engine as is read here. */
interface Plan {
  readonly resourcePlans?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * A plan without the state that each resource would have: no update looks at it (pulumi pkg/resource/deploy/plan.go), and
 * it has every secret of the stack, if encrypted.
 */
export function withoutState(text: string): string {
  const plan = JSON.parse(text) as Plan;
  const resourcePlans = Object.fromEntries(
    Object.entries(plan.resourcePlans ?? {}).map(([urn, { state: _, ...rest }]) => [urn, rest]),
  );
  return `${JSON.stringify({ ...plan, resourcePlans }, undefined, 1)}\n`;
}
