import type { Dates, Deployed } from "./deployed.ts";
import type { Expiry } from "./expiry.ts";
import { scopeOf, type Part } from "./part.ts";
import { renewalOf, tokenRenewalOf, type Renewal, type Renewals, type TokenRenewals } from "./renewal.ts";
import { desiredTrust, type TrustState } from "./rotation.ts";
import type { Settings } from "./settings.ts";

/** What an update is to leave of each kind. */
export interface Planned extends TrustState {
  readonly issuers: Renewals;
  readonly webhooks: Renewals;
  readonly credentials: TokenRenewals;
}

const hour = 3_600_000;

function earlier(end: string | undefined, hours: number): Date | undefined {
  return end === undefined ? undefined : new Date(new Date(end).getTime() - hours * hour);
}

function firstOf(ends: Dates | undefined): string | undefined {
  return Object.values(ends ?? {}).sort((one, other) => Date.parse(one) - Date.parse(other))[0];
}

/** What is made anew because it is asked for, or because its time has come, and what stays as it is. */
export function plannedRenewals(
  deployed: Deployed,
  { trust, clusters, links, credentials }: Pick<Settings, "trust" | "clusters" | "links" | "credentials">,
  now: Date,
  { isSplit = false } = {},
): Omit<Planned, keyof TrustState> {
  const { ends } = deployed;
  const byCluster = (
    asked: Readonly<Record<string, string>>,
    known: Renewals,
    due: (cluster: string) => Date | undefined,
  ): Renewals =>
    Object.fromEntries(
      clusters.map(({ name }) => [name, renewalOf(asked[name], known[name], due(name), now)]),
    );
  const { lifetime, renewals } = credentials;
  return {
    issuers: byCluster(trust.issuerRenewals, deployed.issuers, (name) =>
      earlier(ends.issuers[name], trust.issuerRenewBefore),
    ),
    webhooks: byCluster(trust.webhookRenewals, deployed.webhooks, (name) =>
      earlier(firstOf(ends.webhooks[name]), trust.webhookRenewBefore),
    ),
    credentials: Object.fromEntries(
      links.map(({ name }) => {
        const known = deployed.credentials[name];
        const due = lifetime === undefined ? undefined : earlier(known?.since, -lifetime);
        const renewal = renewalOf(renewals[name], known, due, now);
        return [name, tokenRenewalOf(known, renewal, { stays: isSplit })];
      }),
    ),
  };
}

/** Of the settings, the clusters that a part makes, and the links whose tokens it makes. */
export function ownOf(settings: Settings, part: Part): Settings {
  const { clusters, extensions } = scopeOf(part, settings);
  return {
    ...settings,
    clusters: settings.clusters.filter(({ name }) => clusters.includes(name)),
    links: settings.links.filter(({ target }) => extensions.includes(target)),
  };
}

/** What the next update of a part leaves, after the one that left `deployed`. */
export function plannedOf(settings: Settings, part: Part, deployed: Deployed, now: Date): Planned {
  const own = ownOf(settings, part);
  // The proxies of an extension trust what those of its cluster do, which another part makes.
  const { clusters, extensions } = scopeOf(part, settings);
  const trusting = settings.clusters.filter(({ name }) => [...clusters, ...extensions].includes(name));
  const isSplit = part.kind !== "whole";
  return {
    ...desiredTrust({ ...own, clusters: trusting }),
    ...plannedRenewals(deployed, own, now, { isSplit }),
  };
}

function isSame(one: Renewal | undefined, other: Renewal | undefined): boolean {
  return one !== undefined && one.id === other?.id;
}

/** The deployed certificates and tokens that stay when `planned` is deployed. */
export function remainingExpiries(
  deployed: Deployed,
  planned: Planned,
  { environment, credentials, trust }: Pick<Settings, "environment" | "credentials" | "trust">,
): Expiry[] {
  const { ends } = deployed;
  const anchors = planned.trusted.map((id) => {
    const signs = Object.values(planned.signers).includes(id);
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
  const clusters = Object.keys(planned.signers);
  const issuers = clusters
    .filter(
      (name) =>
        deployed.trust?.signers[name] === planned.signers[name] &&
        isSame(deployed.issuers[name], planned.issuers[name]),
    )
    .map((name) => ({
      path: `trust.issuerRenewals.${name}`,
      what: `The issuer of ${name}`,
      end: ends.issuers[name] ?? "",
      remedy: `set trust.issuerRenewals.${name} to another value, or give a new clusters.${name}.issuer`,
      afterEnd: undefined,
    }));
  const webhooks = clusters
    .filter((name) => isSame(deployed.webhooks[name], planned.webhooks[name]))
    .flatMap((name) =>
      Object.entries(ends.webhooks[name] ?? {}).map(([service, end]) => ({
        path: `trust.webhookRenewals.${name}`,
        what: `The webhook certificate of ${service} on ${name}`,
        end,
        remedy: `set trust.webhookRenewals.${name} to another value`,
        afterEnd: "this update makes a new one",
      })),
    );
  const authorities = clusters.flatMap((name) =>
    (trust.webhookAuthorities[name] ?? ["1"]).map((id) => ({
      path: `trust.webhookAuthorities.${name}`,
      what: `The CA ${id} of the webhooks of ${name}`,
      end: ends.webhookAuthorities[name]?.[id] ?? "",
      remedy: `list another one after it in trust.webhookAuthorities.${name}, as docs/trust.md says`,
      afterEnd: "this update makes a new one",
    })),
  );
  const { lifetime } = credentials;
  const tokens = Object.entries(lifetime === undefined ? {} : planned.credentials)
    .filter(([name, renewal]) => isSame(deployed.credentials[name], renewal))
    .map(([name]) => ({
      path: "links.credentials.lifetime",
      what: `The token of the link ${name}`,
      end: earlier(deployed.credentials[name]?.since, -(lifetime ?? 0))?.toISOString() ?? "",
      remedy: "the first update after that makes it anew",
      afterEnd: undefined,
      // What is renewed every few weeks isn't warned of all the time.
      warning: (lifetime ?? 0) / 10,
    }));
  return [...anchors, ...issuers, ...webhooks, ...authorities, ...tokens];
}
