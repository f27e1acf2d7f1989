import type { ReportViolation, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";

import { parseBundle } from "../settings/rules/trust.ts";
import { isPartOf, known } from "./resource.ts";

/** The most hours that a certificate of each kind may be valid. */
interface Limits {
  readonly anchors?: number;
  readonly issuers?: number;
  readonly webhooks?: number;
}

const defaults = { anchors: 87_600, issuers: 8_760, webhooks: 8_760 } satisfies Limits;

type Kind = keyof typeof defaults;

const settings: Readonly<Record<Kind, string>> = {
  anchors: "mesh:trust.anchor.lifetime",
  issuers: "mesh:trust.issuerLifetime",
  webhooks: "mesh:trust.webhookLifetime",
};

function kindOf(resource: Pick<ResourceValidationArgs, "urn">): Kind | undefined {
  if (isPartOf(resource, "mesh:trust:TrustAnchor")) return "anchors";
  if (isPartOf(resource, "mesh:trust:ClusterIssuer")) return "issuers";
  // Not the CAs behind them, whose lifetime nobody chooses.
  if (isPartOf(resource, "mesh:trust:WebhookCertificate")) return "webhooks";
  return undefined;
}

/** Hours that the longest-lived certificate of a PEM bundle is valid, of those that can be read. */
function longestLifetime(bundle: string): number {
  const lifetimes = parseBundle(bundle).map((certificate) =>
    certificate === undefined
      ? 0
      : (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 3_600_000,
  );
  return Math.max(...lifetimes);
}

interface Props {
  readonly validityPeriodHours?: number;
  readonly certificate?: string;
  readonly type?: string;
  readonly metadata?: { readonly name?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** Of what is given from outside the certificate itself is looked at: nobody here chose its lifetime. */
function given({ type, props }: ResourceValidationArgs): [kind: Kind, hours: number] | undefined {
  const { certificate, metadata, data } = {
    certificate: known(() => (props as Props).certificate),
    metadata: known(() => (props as Props).metadata?.name),
    data: known(() => (props as Props).data?.["tls.crt"]),
  };
  if (type === "mesh:trust:TrustAnchor" && certificate !== undefined)
    return ["anchors", longestLifetime(certificate)];
  if (type === "kubernetes:core/v1:Secret" && metadata === "linkerd-identity-issuer" && data !== undefined)
    return ["issuers", longestLifetime(Buffer.from(data, "base64").toString())];
  return undefined;
}

function check(
  kind: Kind,
  hours: number,
  way: string,
  args: ResourceValidationArgs,
  report: ReportViolation,
) {
  const limit = args.getConfig<Limits>()[kind] ?? defaults[kind];
  if (hours <= limit) return;
  report(
    `It is valid for ${Math.round(hours).toString()} hours, and ${limit.toString()} are allowed: ${way}.`,
  );
}

const limit = (kind: string) => ({
  type: "integer" as const,
  minimum: 1,
  description: `The most hours that ${kind} may be valid.`,
});

export const certificateLifetimes: ResourceValidationPolicy = {
  name: "certificate-lifetimes",
  description: "No certificate is valid for longer than is allowed.",
  configSchema: {
    properties: {
      anchors: { ...limit("trust anchors"), default: defaults.anchors },
      issuers: { ...limit("issuers"), default: defaults.issuers },
      webhooks: { ...limit("the webhooks' certificates"), default: defaults.webhooks },
    },
  },
  validateResource: (args, report) => {
    const fromOutside = given(args);
    if (fromOutside !== undefined) {
      check(...fromOutside, "give one that ends sooner", args, report);
      return;
    }
    const hours = known(() => (args.props as Props).validityPeriodHours);
    const kind = kindOf(args);
    if (hours === undefined || kind === undefined) return;
    check(kind, hours, `lower ${settings[kind]}`, args, report);
  },
};
