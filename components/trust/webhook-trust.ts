import * as pulumi from "@pulumi/pulumi";

import { WebhookAuthority } from "./webhook-authority.ts";
import type { WebhookCertificateArgs } from "./webhook-certificate.ts";

export interface WebhookTrustArgs {
  /** The cluster whose API server calls the webhooks. */
  readonly cluster: string;
  /** Names of the CAs that it trusts, the last of which signs. */
  readonly authorities: readonly string[];
  /** Hours that the webhooks' certificates are valid. */
  readonly lifetime: number;
  /** What tells the certificates from the ones before. */
  readonly renewal: string | undefined;
}

/** Why one cluster's API server believes Linkerd's webhooks. */
export interface WebhookTrust {
  /** PEM for the webhooks' `caBundle`, without a trailing newline. */
  readonly caBundle: pulumi.Output<string>;
  /** How each webhook's certificate is made. */
  readonly certificates: Pick<WebhookCertificateArgs, "lifetime" | "renewal" | "signer">;
  /** When each CA expires, RFC 3339, by name. */
  readonly expires: Readonly<Record<string, pulumi.Output<string>>>;
}

/** The CAs of one cluster's webhooks, and what the last of them signs. */
export function createWebhookTrust(
  name: string,
  { cluster, authorities, lifetime, renewal }: WebhookTrustArgs,
  opts: pulumi.ComponentResourceOptions,
): WebhookTrust {
  const made = authorities.map((id) => {
    // The first one has the name that the only CA had before there could be several.
    const authority = new WebhookAuthority(id === "1" ? name : `${name}-${id}`, { cluster }, opts);
    return { id, authority };
  });
  const last = made.at(-1);
  if (last === undefined) throw new pulumi.RunError(`The webhooks of ${cluster} have no CA.`);
  return {
    caBundle: pulumi
      .all(made.map(({ authority }) => authority.caBundle))
      .apply((bundles) => bundles.join("\n")),
    certificates: { lifetime, renewal, signer: last.authority.signer },
    expires: Object.fromEntries(made.map(({ id, authority }) => [id, authority.expires])),
  };
}
