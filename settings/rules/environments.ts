import type { Problem } from "../problem.ts";
import { givenAnchors } from "../rotation.ts";
import type { TrustSettings } from "../settings.ts";

/**
 * Environments never share trust: who trusts an anchor of production can be told apart from it by no policy. Anchors
 * made here can't be shared; those that are given can.
 */
export function sharedTrustProblems(
  environments: readonly {
    readonly environment: string;
    readonly trust: Pick<TrustSettings, "givenAnchor">;
  }[],
): Problem[] {
  const owners = new Map<string, string>();
  return environments.flatMap(({ environment, trust }) =>
    givenAnchors(trust).flatMap(({ fingerprint256, subject }) => {
      const owner = owners.get(fingerprint256) ?? environment;
      owners.set(fingerprint256, owner);
      if (owner === environment) return [];
      return [
        {
          path: "trust.anchor.certificate",
          value: subject.replaceAll("\n", ", "),
          problem: `is trusted in ${owner} and in ${environment}, which must not share trust`,
          remedy: `give ${environment} an anchor of its own, or let it make one by leaving this out`,
        },
      ];
    }),
  );
}
