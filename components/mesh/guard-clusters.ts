import * as pulumi from "@pulumi/pulumi";

import type { Deployed } from "../../settings/deployed.ts";
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
