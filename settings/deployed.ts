import { z } from "zod";

import type { Expiry } from "./expiry.ts";
import type { TrustState } from "./rotation.ts";

const dates = z.record(z.string(), z.string());

/** The outputs of the last update that went through, as far as the next one wants to know them. */
const outputsSchema = z.object({
  trust: z
    .object({
      trusted: z.array(z.string()),
      signers: z.record(z.string(), z.string()),
      renewals: z.record(z.string(), z.string()),
      anchors: z.record(z.string(), z.string()),
    })
    .optional(),
  expires: z
    .object({
      anchors: dates.default({}),
      issuers: dates.default({}),
      webhooks: z.record(z.string(), dates).default({}),
      // Of a stack that was last updated before anchors had generations.
      anchor: z.string().optional(),
    })
    .prefault({}),
  mesh: z.object({ clusters: z.record(z.string(), z.unknown()) }).optional(),
  kubeconfigs: z.record(z.string(), z.string()).default({}),
});

/** What is deployed, as the last update that went through left it. */
export interface Deployed {
  /** Undefined before the first update, and where nothing is known of the anchors. */
  readonly trust: TrustState | undefined;
  /** By cluster what told its issuer from the one before. */
  readonly renewals: Readonly<Record<string, string>>;
  /** Certificates of the anchors, PEM, by id. */
  readonly anchors: Readonly<Record<string, string>>;
  /** RFC 3339, by id and by cluster. */
  readonly ends: {
    readonly anchors: Readonly<Record<string, string>>;
    readonly issuers: Readonly<Record<string, string>>;
    readonly webhooks: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  /** Secret. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

/** Reads the stack's own last outputs; what an older or a failed update left out is missing. */
export function parseDeployed(outputs: unknown): Deployed {
  const { trust, expires, mesh, kubeconfigs } = outputsSchema.parse(outputs);
  const { anchor, ...ends } = expires;
  const common = { ends, kubeconfigs };
  if (trust !== undefined) {
    const { trusted, signers, renewals, anchors } = trust;
    return { ...common, trust: { trusted, signers }, renewals, anchors };
  }
  if (anchor === undefined || mesh === undefined) {
    return { ...common, trust: undefined, renewals: {}, anchors: {} };
  }
  const signers = Object.fromEntries(Object.keys(mesh.clusters).map((name) => [name, "1"]));
  return {
    ...common,
    trust: { trusted: ["1"], signers },
    renewals: {},
    anchors: {},
    ends: { ...ends, anchors: { "1": anchor } },
  };
}

/** Whether no anchor that signs is valid any more: nobody trusts anybody, and there is nothing left to break. */
export function isOver({ trust, ends }: Deployed, now: Date): boolean {
  const signers = Object.values(trust?.signers ?? {});
  return (
    signers.length > 0 &&
    signers.every((id) => id !== undefined && new Date(ends.anchors[id] ?? "").getTime() <= now.getTime())
  );
}

interface Asked extends TrustState {
  readonly renewals: Readonly<Record<string, string>>;
}

/** The deployed certificates that stay when `desired` is deployed. */
export function remainingExpiries(deployed: Deployed, desired: Asked, environment: string): Expiry[] {
  const { ends, trust, renewals } = deployed;
  const anchors = desired.trusted.map((id) => {
    const signs = Object.values(desired.signers).includes(id);
    const drop = "drop it, as nothing is signed with it";
    return {
      path: id.startsWith("sha256:") ? "trust.anchor.certificate" : "trust.generations",
      what: `The trust anchor ${id} of ${environment}`,
      end: ends.anchors[id] ?? "",
      remedy: signs ? "trust and sign with another one, as docs/trust.md says" : drop,
      // It can only be dropped after an update in which it doesn't sign.
      afterEnd: signs ? undefined : drop,
    };
  });
  const clusters = Object.keys(desired.signers);
  const issuers = clusters
    .filter(
      (name) => trust?.signers[name] === desired.signers[name] && renewals[name] === desired.renewals[name],
    )
    .map((name) => ({
      path: `trust.issuerRenewals.${name}`,
      what: `The issuer of ${name}`,
      end: ends.issuers[name] ?? "",
      remedy: `set trust.issuerRenewals.${name} to another value, or give a new clusters.${name}.issuer`,
      afterEnd: undefined,
    }));
  const webhooks = clusters.flatMap((name) =>
    Object.entries(ends.webhooks[name] ?? {}).map(([service, end]) => ({
      path: "trust.webhookLifetime",
      what: `The webhook certificate of ${service} on ${name}`,
      end,
      remedy: "make the cluster's webhook certificates anew, as docs/trust.md says",
      afterEnd: "this update makes a new one",
    })),
  );
  return [...anchors, ...issuers, ...webhooks];
}
