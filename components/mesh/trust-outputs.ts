import * as pulumi from "@pulumi/pulumi";

import type { Deployed } from "../../settings/deployed.ts";
import { leftOutLinks, withoutChangesOf } from "../../settings/left-out.ts";
import type { Planned } from "../../settings/planned.ts";
import type { Settings } from "../../settings/settings.ts";
import type { MeshResources } from "./create-mesh.ts";

const hour = 3_600_000;

/** What is remembered of clusters that are left out: what the last update knew. */
export interface Remembered {
  readonly deployed: Deployed;
  readonly leftOut: readonly string[];
}

function latest(times: readonly string[]): string {
  return [...times].sort((one, other) => Date.parse(one) - Date.parse(other)).at(-1) ?? "";
}

/** What the last update said; nothing of a part that never said anything of trust. */
function trustAsDeployed({ trust, ...deployed }: Deployed) {
  if (trust === undefined) return undefined;
  const { anchors, issuers, webhooks, webhookAuthorities, credentials } = deployed;
  return { ...trust, anchors, issuers, webhooks, webhookAuthorities, credentials };
}

/**
 * Which anchors every cluster trusts, which one signed its issuer, and which issuers, certificates and tokens there are:
 * the next update is compared with it. Known once all clusters are done, so that a failed update leaves what the last
 * one wrote.
 */
export function trustOutput(
  settings: Settings,
  planned: Planned,
  { anchors, installs, extensions, accesses }: MeshResources,
  { deployed, leftOut }: Remembered,
) {
  const webhooks = [...installs].map(([name, { webhookCertificates }]) => {
    const signed = Object.values(webhookCertificates).map((certificate) => certificate.signed);
    return [name, { ...planned.webhooks[name], since: pulumi.all(signed).apply(latest) }] as const;
  });
  const authorities = [...installs.keys()].map(
    (name) => [name, settings.trust.webhookAuthorities[name] ?? ["1"]] as const,
  );
  const credentials = accesses.map(
    ({ name, access }) => [name, { ...planned.credentials[name], since: access.since }] as const,
  );
  // A part whose cluster is left out knows what its last update did.
  if (anchors === undefined) return leftOut.length > 0 ? trustAsDeployed(deployed) : undefined;
  const done = [
    ...[...installs.values()].map((install) => install.done),
    ...[...extensions.values()].map(({ chart }) => chart.resources.apply(() => true)),
  ];
  return pulumi.all(done).apply(() => ({
    trusted: planned.trusted,
    signers: planned.signers,
    anchors: anchors.certificates,
    issuers: planned.issuers,
    webhooks: withoutChangesOf<unknown>(leftOut, Object.fromEntries(webhooks), deployed.webhooks),
    webhookAuthorities: withoutChangesOf(
      leftOut,
      Object.fromEntries<readonly string[]>(authorities),
      deployed.webhookAuthorities,
    ),
    credentials: withoutChangesOf<unknown>(
      leftOutLinks(settings.links, leftOut),
      Object.fromEntries(credentials),
      deployed.credentials,
    ),
  }));
}

/** When each certificate that is made here ends, and each token that is renewed by age, RFC 3339. */
export function expiresOutput(
  { credentials: { lifetime }, links }: Settings,
  { anchors, installs, accesses }: MeshResources,
  { deployed, leftOut }: Remembered,
) {
  const end = (since: string | undefined) => {
    const time = Date.parse(since ?? "");
    return Number.isNaN(time) ? undefined : new Date(time + (lifetime ?? 0) * hour).toISOString();
  };
  const lastTokens = Object.fromEntries(
    Object.entries(deployed.credentials).map(([name, { since }]) => [name, end(since)] as const),
  );
  if (anchors === undefined) {
    if (leftOut.length === 0 || deployed.trust === undefined) return undefined;
    return { ...deployed.ends, ...(lifetime === undefined ? {} : { credentials: lastTokens }) };
  }
  const perCluster = [...installs];
  const certificates = perCluster.map(([name, { webhookCertificates }]) => {
    const ends = Object.entries(webhookCertificates).map(
      ([service, { expires }]) => [service, expires] as const,
    );
    return [name, Object.fromEntries(ends)] as const;
  });
  const tokens = accesses.map(({ name, access }) => [name, access.since.apply(end)] as const);
  const byCluster = (
    current: readonly (readonly [string, unknown])[],
    last: Readonly<Record<string, unknown>>,
  ) => withoutChangesOf<unknown>(leftOut, Object.fromEntries(current), last);
  return {
    anchors: anchors.expires,
    issuers: byCluster(
      perCluster.map(([name, { issuer }]) => [name, issuer.expires]),
      deployed.ends.issuers,
    ),
    webhooks: byCluster(certificates, deployed.ends.webhooks),
    webhookAuthorities: byCluster(
      perCluster.map(([name, { webhookTrust }]) => [name, webhookTrust.expires]),
      deployed.ends.webhookAuthorities,
    ),
    ...(lifetime === undefined
      ? {}
      : {
          credentials: withoutChangesOf<unknown>(
            leftOutLinks(links, leftOut),
            Object.fromEntries(tokens),
            lastTokens,
          ),
        }),
  };
}
