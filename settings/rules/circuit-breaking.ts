import type { Problem } from "../problem.ts";
import type { CircuitBreaking } from "../settings.ts";

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

function toMilliseconds(duration: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h)$/.exec(duration) ?? [];
  return Number(count) * milliseconds[unit as keyof typeof milliseconds];
}

/** Linkerd's policy controller takes no configuration whose first wait is longer than its longest. */
export function penaltyProblems(path: string, breaking: CircuitBreaking | undefined): Problem[] {
  if (breaking === undefined) return [];
  const { minPenalty, maxPenalty } = breaking;
  if (toMilliseconds(minPenalty) <= toMilliseconds(maxPenalty)) return [];
  return [
    {
      path: `${path}.circuitBreaking.minPenalty`,
      value: minPenalty,
      problem: `is longer than maxPenalty, which is ${maxPenalty}`,
      remedy: "shorten minPenalty, or set a longer maxPenalty",
    },
  ];
}
