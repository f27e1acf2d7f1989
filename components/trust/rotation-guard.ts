import * as pulumi from "@pulumi/pulumi";

import { isOver, parseDeployed, remainingExpiries, type Deployed } from "../../settings/deployed.ts";
import { expiryFindings } from "../../settings/expiry.ts";
import { SettingsError } from "../../settings/problem.ts";
import { desiredTrust, rotationProblems, type TrustState } from "../../settings/rotation.ts";
import type { Settings } from "../../settings/settings.ts";
import { liveProblems } from "./proxies.ts";

/**
 * The outputs of this stack's last update. A StackReference would do the same, but it stays in the state, where each
 * update makes it differ from the stack that it refers to: a refresh would always find drift.
 */
async function readDeployed(): Promise<Deployed> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const answer = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }, {})) as {
    outputs?: unknown;
  };
  return parseDeployed(answer.outputs ?? {});
}

/**
 * Compares what is deployed with what is asked, warns of certificates that end soon, and refuses what would break trust.
 * To be awaited before any resource is made.
 *
 * @throws pulumi.RunError with every problem.
 */
export async function guardRotation(settings: Settings): Promise<TrustState> {
  const desired = desiredTrust(settings);
  const deployed = await readDeployed();
  const now = new Date();
  const isFree = isOver(deployed, now);
  const asked = { ...desired, renewals: settings.trust.issuerRenewals };
  const { warnings, problems } = expiryFindings(
    remainingExpiries(deployed, asked, settings.environment),
    settings.trust.warning,
    now,
  );
  for (const warning of warnings) await pulumi.log.warn(warning);
  const steps = isFree ? [] : rotationProblems(deployed.trust, desired);
  const found = [...problems, ...steps];
  // A step that can't be done needs no look at the clusters.
  const all = found.length > 0 || isFree ? found : await liveProblems(deployed, desired, settings.clusters);
  if (all.length > 0) throw new pulumi.RunError(new SettingsError(all).message);
  return desired;
}
