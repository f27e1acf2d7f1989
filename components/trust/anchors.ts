import * as pulumi from "@pulumi/pulumi";

import { anchorId, givenAnchors } from "../../settings/rotation.ts";
import type { Settings } from "../../settings/settings.ts";
import { TrustAnchor, type Signer } from "./trust-anchor.ts";

/** What all clusters of one environment trust. */
export interface Anchors {
  /** PEM certificates that every proxy trusts, without a trailing newline: Linkerd compares the text. */
  readonly bundle: pulumi.Output<string>;
  /** Signs the clusters' issuers; undefined where the key isn't here. */
  readonly signer: Signer | undefined;
  /** PEM, by id. */
  readonly certificates: Readonly<Record<string, pulumi.Input<string>>>;
  /** When each expires, RFC 3339, by id. */
  readonly expires: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The first generation has the name that the only anchor had before there were generations. */
function nameOf(generation: string): string {
  return generation === "1" ? "trust-anchor" : `trust-anchor-${generation}`;
}

function createGenerations({ environment, trust }: Settings, opts: pulumi.ComponentResourceOptions): Anchors {
  const made = trust.generations.map((generation) => {
    const anchor = new TrustAnchor(
      nameOf(generation),
      { environment, lifetime: trust.anchorLifetime },
      // Protection must be gone from the state before a resource can go, and a generation that signs no more may go.
      { ...opts, protect: trust.protect && generation === trust.signer },
    );
    return { generation, anchor };
  });
  const expires = made.flatMap(({ generation, anchor }) =>
    anchor.expires === undefined ? [] : [[generation, anchor.expires] as const],
  );
  return {
    bundle: pulumi.all(made.map(({ anchor }) => anchor.bundle)).apply((bundles) => bundles.join("\n")),
    signer: made.find(({ generation }) => generation === trust.signer)?.anchor.signer,
    certificates: Object.fromEntries(made.map(({ generation, anchor }) => [generation, anchor.bundle])),
    expires: Object.fromEntries(expires),
  };
}

/** The anchors that are trusted: one for each generation, or those that are given. */
export function createAnchors(settings: Settings, opts: pulumi.ComponentResourceOptions): Anchors {
  const { environment, trust } = settings;
  if (trust.givenAnchor === undefined) return createGenerations(settings, opts);
  const { bundle, signer } = new TrustAnchor(
    nameOf("1"),
    { environment, lifetime: trust.anchorLifetime, ...trust.givenAnchor },
    opts,
  );
  const given = givenAnchors(trust);
  return {
    bundle,
    signer,
    certificates: Object.fromEntries(given.map((anchor) => [anchorId(anchor), anchor.toString().trim()])),
    expires: Object.fromEntries(given.map((anchor) => [anchorId(anchor), anchor.validToDate.toISOString()])),
  };
}
