import * as pulumi from "@pulumi/pulumi";

import { isOver, parseDeployed, type Deployed } from "../../settings/deployed.ts";
import { expiryFindings } from "../../settings/expiry.ts";
import { plannedRenewals, remainingExpiries, type Planned } from "../../settings/planned.ts";
import { SettingsError } from "../../settings/problem.ts";
import { desiredTrust, rotationProblems } from "../../settings/rotation.ts";
import type { Settings } from "../../settings/settings.ts";
import { webhookProblems } from "../../settings/webhook-rotation.ts";
import { isolationProblems } from "./isolation.ts";
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
 * @returns what is trusted and what is made anew.
 * @throws pulumi.RunError with every problem.
 */
export async function guardRotation(settings: Settings): Promise<Planned> {
  const deployed = await readDeployed();
  const now = new Date();
  const planned = { ...desiredTrust(settings), ...plannedRenewals(deployed, settings, now) };
  const isFree = isOver(deployed, now);
  const { warnings, problems } = expiryFindings(
    remainingExpiries(deployed, planned, settings),
    settings.trust.warning,
    now,
  );
  for (const warning of warnings) await pulumi.log.warn(warning);
  const steps = isFree ? [] : rotationProblems(deployed.trust, planned);
  const found = [
    ...(await isolationProblems(settings)),
    ...problems,
    ...steps,
    ...webhookProblems(deployed, settings, now),
  ];
  // A step that can't be done needs no look at the clusters.
  const all = found.length > 0 || isFree ? found : await liveProblems(deployed, planned, settings.clusters);
  if (all.length > 0) throw new pulumi.RunError(new SettingsError(all).message);
  return planned;
}
