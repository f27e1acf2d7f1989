import { z } from "zod";

import type { Renewal, Renewals, TokenRenewal } from "./renewal.ts";
import type { TrustState } from "./rotation.ts";

const dates = z.record(z.string(), z.string());

const which = z.object({ asked: z.string().optional(), id: z.string().optional() });

const renewal = which.transform(({ asked, id }): Renewal => ({ asked, id }));

/** Renewed at a known time: `since` of a certificate is when it was signed. */
const dated = which.extend({ since: z.string() }).transform(({ asked, id, since }) => ({ asked, id, since }));

const token = which
  .extend({ before: z.string().optional(), since: z.string() })
  .transform(({ asked, id, before, since }) => ({ asked, id, before, since }));

function withoutEmpty(value: unknown): unknown {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0 ? undefined : value;
}

/** The outputs of the last update that went through, as far as the next one wants to know them. */
const outputsSchema = z.object({
  // A part of the environment that only has links says nothing of trust.
  trust: z.preprocess(
    withoutEmpty,
    z
      .object({
        trusted: z.array(z.string()),
        signers: z.record(z.string(), z.string()),
        anchors: z.record(z.string(), z.string()),
        issuers: z.record(z.string(), renewal).default({}),
        webhooks: z.record(z.string(), dated).default({}),
        webhookAuthorities: z.record(z.string(), z.array(z.string())).default({}),
        credentials: z.record(z.string(), token).default({}),
        // Of a stack that was last updated before anything was renewed by age.
        renewals: z.record(z.string(), z.string()).default({}),
      })
      .optional(),
  ),
  expires: z
    .object({
      anchors: dates.default({}),
      issuers: dates.default({}),
      webhooks: z.record(z.string(), dates).default({}),
      webhookAuthorities: z.record(z.string(), dates).default({}),
      // Of a stack that was last updated before anchors had generations.
      anchor: z.string().optional(),
    })
    .prefault({}),
  mesh: z
    .object({
      clusters: z.record(z.string(), z.unknown()),
      links: z.array(z.looseObject({ source: z.string(), target: z.string() })).default([]),
      parts: z.record(z.string(), z.unknown()).optional(),
      services: z.array(z.object({ mirrors: z.array(z.string()).default([]) })).default([]),
    })
    .optional(),
  kubeconfigs: z.record(z.string(), z.string()).default({}),
});

export type Dates = Readonly<Record<string, string>>;

/** One direction of a link, with whatever else the output says of it. */
export interface DeployedLink extends Readonly<Record<string, unknown>> {
  readonly source: string;
  readonly target: string;
}

/** What is deployed, as the last update that went through left it. */
export interface Deployed {
  /** What the output `mesh` says of each cluster. */
  readonly clusters: Readonly<Record<string, unknown>>;
  readonly links: readonly DeployedLink[];
  /** What a part of a split environment tells the others; in it are secrets. */
  readonly parts: Readonly<Record<string, unknown>> | undefined;
  /** Services that Linkerd makes from exported ones: `cluster/namespace/name`. */
  readonly mirrors: readonly string[];
  /** Undefined before the first update, and where nothing is known of the anchors. */
  readonly trust: TrustState | undefined;
  /** By cluster. */
  readonly issuers: Renewals;
  /** By cluster, with the time at which the certificates were signed. */
  readonly webhooks: Readonly<Record<string, Renewal & { readonly since: string }>>;
  /** By cluster; the last one signs. */
  readonly webhookAuthorities: Readonly<Record<string, readonly string[]>>;
  /** By link, with the time at which the token was made. */
  readonly credentials: Readonly<Record<string, TokenRenewal & { readonly since: string }>>;
  /** Certificates of the anchors, PEM, by id. */
  readonly anchors: Readonly<Record<string, string>>;
  /** RFC 3339, by id, by cluster, and by cluster and what it is of. */
  readonly ends: {
    readonly anchors: Dates;
    readonly issuers: Dates;
    readonly webhooks: Readonly<Record<string, Dates>>;
    readonly webhookAuthorities: Readonly<Record<string, Dates>>;
  };
  /** Secret. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

const nothing = { issuers: {}, webhooks: {}, webhookAuthorities: {}, credentials: {}, anchors: {} };

/** Reads the stack's own last outputs; what an older or a failed update left out is missing. */
export function parseDeployed(outputs: unknown): Deployed {
  const { trust, expires, mesh, kubeconfigs } = outputsSchema.parse(outputs);
  const { anchor, ...ends } = expires;
  const common = {
    ...nothing,
    ends,
    kubeconfigs,
    clusters: mesh?.clusters ?? {},
    links: mesh?.links ?? [],
    parts: mesh?.parts,
    mirrors: [...new Set(mesh?.services.flatMap(({ mirrors }) => mirrors))],
  };
  if (trust !== undefined) {
    const { trusted, signers, renewals, issuers, ...rest } = trust;
    const older = Object.keys(signers).map((name) => [name, { asked: renewals[name], id: renewals[name] }]);
    return {
      ...common,
      ...rest,
      trust: { trusted, signers },
      issuers: { ...(Object.fromEntries(older) as Renewals), ...issuers },
    };
  }
  if (anchor === undefined || mesh === undefined) return { ...common, trust: undefined };
  const clusters = Object.keys(mesh.clusters);
  return {
    ...common,
    trust: { trusted: ["1"], signers: Object.fromEntries(clusters.map((name) => [name, "1"])) },
    issuers: Object.fromEntries(clusters.map((name) => [name, { asked: undefined, id: undefined }])),
    ends: { ...ends, anchors: { "1": anchor } },
  };
}

/**
 * What the stacks of a split environment say together: trusted is what all of its clusters trust. Stacks that were never
 * updated say nothing.
 */
export function mergeDeployed(parts: readonly Deployed[]): Deployed {
  const known = parts.flatMap(({ trust }) => (trust === undefined ? [] : [trust]));
  const [first] = known;
  const merge = <T>(of: (part: Deployed) => Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(parts.flatMap((part) => Object.entries(of(part))));
  return {
    clusters: merge(({ clusters }) => clusters),
    links: parts.flatMap(({ links }) => links),
    parts: undefined,
    mirrors: [...new Set(parts.flatMap(({ mirrors }) => mirrors))],
    trust: first && {
      trusted: first.trusted.filter((id) => known.every(({ trusted }) => trusted.includes(id))),
      signers: Object.fromEntries(known.flatMap(({ signers }) => Object.entries(signers))),
    },
    issuers: merge(({ issuers }) => issuers),
    webhooks: merge(({ webhooks }) => webhooks),
    webhookAuthorities: merge(({ webhookAuthorities }) => webhookAuthorities),
    credentials: merge(({ credentials }) => credentials),
    anchors: merge(({ anchors }) => anchors),
    ends: {
      anchors: merge(({ ends }) => ends.anchors),
      issuers: merge(({ ends }) => ends.issuers),
      webhooks: merge(({ ends }) => ends.webhooks),
      webhookAuthorities: merge(({ ends }) => ends.webhookAuthorities),
    },
    kubeconfigs: merge(({ kubeconfigs }) => kubeconfigs),
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
