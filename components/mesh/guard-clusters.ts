import * as pulumi from "@pulumi/pulumi";

import type { Deployed } from "../../settings/deployed.ts";
import type { Part } from "../../settings/part.ts";
import { SettingsError } from "../../settings/problem.ts";
import { retirementProblems } from "../../settings/rules/retirement.ts";
import { upgradeProblems } from "../../settings/rules/versions.ts";
import type { Settings } from "../../settings/settings.ts";

/**
 * Refuses to take down a cluster that went missing from the stack file, or that others still depend on, and to skip a
 * version of Linkerd. To be called before any resource is made. `forgotten` are clusters that are gone for good,
 * `leftOut` those that can't be reached.
 *
 * @throws pulumi.RunError that names each of them.
 */
export function guardClusters(
  settings: Settings,
  deployed: Deployed,
  { forgotten, leftOut }: { readonly forgotten: readonly string[]; readonly leftOut: readonly string[] },
): void {
  const problems = [
    ...retirementProblems(deployed, settings, forgotten),
    ...upgradeProblems(deployed, settings, leftOut),
  ];
  if (problems.length > 0) throw new pulumi.RunError(new SettingsError(problems).message);
}

/**
 * Refuses to take down the extension of a cluster whose stack still has it: it became a part of its own later, and must be
 * moved there.
 *
 * @throws pulumi.RunError that says how.
 */
export function guardExtension(part: Part, base: string, { parts }: Deployed): void {
  if (part.kind !== "cluster" || parts === undefined || !("accesses" in parts)) return;
  throw new pulumi.RunError(
    `The stack of ${part.cluster} still has its multicluster extension, which is a part of its own now. Move it without ` +
      `touching a cluster: take mesh:split out of Pulumi.${base}.yaml, npm run join -- ${base}, npm run up -- ${base}; then ` +
      `set mesh:split to true again, npm run split -- ${base}.`,
  );
}
