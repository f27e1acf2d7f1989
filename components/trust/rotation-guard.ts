import * as pulumi from "@pulumi/pulumi";

import { isOver, mergeDeployed, parseDeployed, type Deployed } from "../../settings/deployed.ts";
import { expiryFindings } from "../../settings/expiry.ts";
import { leftOutLinks, planHere, waitingProblems, withoutChangesOf } from "../../settings/left-out.ts";
import { stackOf, type Place } from "../../settings/part.ts";
import { ownOf, plannedOf, remainingExpiries, type Planned } from "../../settings/planned.ts";
import { SettingsError } from "../../settings/problem.ts";
import { rotationProblems, rotationStep, type TrustState } from "../../settings/rotation.ts";
import type { Settings } from "../../settings/settings.ts";
import { webhookProblems } from "../../settings/webhook-rotation.ts";
import { isolationProblems } from "./isolation.ts";
import { liveProblems } from "./proxies.ts";
import { readDeployed } from "./read-deployed.ts";

/** A cluster whose stack isn't there yet trusts nobody, and nobody trusts it. */
async function readPart(stack: string): Promise<Deployed> {
  try {
    return await readDeployed(stack);
  } catch (error) {
    if (error instanceof Error && error.message.includes("unknown stack")) return parseDeployed({});
    throw error;
  }
}

function isStep(deployed: TrustState | undefined, desired: TrustState): boolean {
  if (deployed === undefined) return true;
  return Object.values(rotationStep(deployed, desired)).some(({ length }) => length > 0);
}

/** What is deployed of the whole environment, as far as a step of this part could break it. */
async function readEnvironment(
  settings: Settings,
  { part, base }: Place,
  own: Deployed,
  desired: TrustState,
): Promise<Deployed> {
  if (part.kind === "whole" || !isStep(own.trust, desired)) return own;
  // The proxies of an extension come to trust something later than the rest of their cluster.
  const kinds = ["cluster", "multicluster"] as const;
  const stacks = settings.clusters.flatMap(({ name }) =>
    kinds.map((kind) => stackOf(base, { kind, cluster: name })),
  );
  return mergeDeployed(await Promise.all(stacks.map(readPart)));
}

/**
 * Compares what is deployed with what is asked, warns of certificates that end soon, and refuses what would break trust.
 * To be awaited before any resource is made.
 *
 * @returns what is trusted and what is made anew.
 * @throws pulumi.RunError with every problem.
 */
export async function guardRotation(
  settings: Settings,
  place: Place = { part: { kind: "whole" }, base: pulumi.getStack() },
  leftOut: readonly string[] = [],
): Promise<Planned> {
  const now = new Date();
  if (place.part.kind === "links") return plannedOf(settings, place.part, parseDeployed({}), now);
  const own = await readDeployed(pulumi.getStack());
  const wanted = plannedOf(settings, place.part, own, now);
  const mine = ownOf(settings, place.part);
  const links = leftOutLinks(mine.links, leftOut);
  const planned = {
    ...wanted,
    issuers: withoutChangesOf(leftOut, wanted.issuers, own.issuers),
    webhooks: withoutChangesOf(leftOut, wanted.webhooks, own.webhooks),
    credentials: withoutChangesOf(links, wanted.credentials, own.credentials),
  };
  // An extension follows its cluster, which was asked whether it may take the step.
  if (place.part.kind === "multicluster") return planned;
  // What ends on a cluster that can't be reached mustn't hold up the others.
  const here = planHere(planned, leftOut, links);
  const mineHere = { ...mine, clusters: mine.clusters.filter(({ name }) => !leftOut.includes(name)) };
  const deployed = await readEnvironment(settings, place, own, planned);
  const isFree = isOver(deployed, now);
  const { warnings, problems } = expiryFindings(
    remainingExpiries(own, here, settings),
    settings.trust.warning,
    now,
  );
  for (const warning of warnings) await pulumi.log.warn(warning);
  const steps = isFree ? [] : rotationProblems(deployed.trust, planned);
  const found = [
    ...(await isolationProblems(settings)),
    ...problems,
    ...waitingProblems(deployed.trust, planned, leftOut),
    ...steps,
    ...webhookProblems(own, mineHere, now),
  ];
  // A step that can't be done needs no look at the clusters.
  const all = found.length > 0 || isFree ? found : await liveProblems(deployed, planned, settings.clusters);
  if (all.length > 0) throw new pulumi.RunError(new SettingsError(all).message);
  return planned;
}
