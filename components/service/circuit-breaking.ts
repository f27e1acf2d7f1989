import type { CircuitBreaking } from "../../settings/settings.ts";

const prefix = "balancer.linkerd.io/failure-accrual";

/** Annotations of a Service whose failing endpoints get no calls for a while (linkerd.io/reference/circuit-breaking). */
export function circuitBreakingAnnotations(breaking: CircuitBreaking | undefined): Record<string, string> {
  if (breaking === undefined) return {};
  return {
    [prefix]: "consecutive",
    [`${prefix}-consecutive-max-failures`]: breaking.maxFailures.toString(),
    [`${prefix}-consecutive-min-penalty`]: breaking.minPenalty,
    [`${prefix}-consecutive-max-penalty`]: breaking.maxPenalty,
    [`${prefix}-consecutive-jitter-ratio`]: breaking.jitterRatio.toString(),
  };
}
