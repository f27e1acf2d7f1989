import * as pulumi from "@pulumi/pulumi";

import type { Planned } from "../../settings/planned.ts";
import type { Settings } from "../../settings/settings.ts";
import type { MeshResources } from "./create-mesh.ts";

const hour = 3_600_000;

function latest(times: readonly string[]): string {
  return [...times].sort((one, other) => Date.parse(one) - Date.parse(other)).at(-1) ?? "";
}

/**
 * Which anchors every cluster trusts, which one signed its issuer, and which issuers, certificates and tokens there are:
 * the next update is compared with it. Known once all clusters are done, so that a failed update leaves what the last
 * one wrote.
 */
export function trustOutput(
  settings: Settings,
  planned: Planned,
  { anchors, installs, accesses }: MeshResources,
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
  if (anchors === undefined) return undefined;
  return pulumi.all([...installs.values()].map(({ done }) => done)).apply(() => ({
    trusted: planned.trusted,
    signers: planned.signers,
    anchors: anchors.certificates,
    issuers: planned.issuers,
    webhooks: Object.fromEntries(webhooks),
    webhookAuthorities: Object.fromEntries(authorities),
    credentials: Object.fromEntries(credentials),
  }));
}

/** When each certificate that is made here ends, and each token that is renewed by age, RFC 3339. */
export function expiresOutput(
  { credentials: { lifetime } }: Settings,
  { anchors, installs, accesses }: MeshResources,
) {
  if (anchors === undefined) return undefined;
  const perCluster = [...installs];
  const certificates = perCluster.map(([name, { webhookCertificates }]) => {
    const ends = Object.entries(webhookCertificates).map(
      ([service, { expires }]) => [service, expires] as const,
    );
    return [name, Object.fromEntries(ends)] as const;
  });
  const tokens = accesses.map(({ name, access }) => {
    const end = (since: string) => new Date(Date.parse(since) + (lifetime ?? 0) * hour).toISOString();
    return [name, access.since.apply(end)] as const;
  });
  return {
    anchors: anchors.expires,
    issuers: Object.fromEntries(perCluster.map(([name, { issuer }]) => [name, issuer.expires])),
    webhooks: Object.fromEntries(certificates),
    webhookAuthorities: Object.fromEntries(
      perCluster.map(([name, { webhookTrust }]) => [name, webhookTrust.expires]),
    ),
    ...(lifetime === undefined ? {} : { credentials: Object.fromEntries(tokens) }),
  };
}
