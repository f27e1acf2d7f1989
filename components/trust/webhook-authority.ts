import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { subjectKeys } from "./certificate.ts";
import type { Signer } from "./trust-anchor.ts";

export interface WebhookAuthorityArgs {
  /** The cluster whose API server trusts it. */
  readonly cluster: string;
}

/** Hours; ten years, so that the certificates it signs can be renewed many times without it. */
const lifetime = 87_600;

/**
 * The CA behind one cluster's webhooks. Charts would make a new self-signed certificate for each webhook at every
 * rendering; this keeps previews empty and lets a webhook's certificate be renewed without touching `caBundle`.
 */
export class WebhookAuthority extends pulumi.ComponentResource {
  /** PEM for the webhooks' `caBundle`, without a trailing newline. */
  readonly caBundle: pulumi.Output<string>;
  readonly signer: Signer;
  /** When the certificate expires, RFC 3339. */
  readonly expires: pulumi.Output<string>;

  constructor(name: string, args: WebhookAuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:trust:WebhookAuthority", name, args, opts);

    const key = new tls.PrivateKey(
      `${name}-key`,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this },
    );
    const certificate = new tls.SelfSignedCert(
      `${name}-certificate`,
      {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName: `webhooks.linkerd.${args.cluster}` },
        isCaCertificate: true,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: lifetime,
        ...subjectKeys,
      },
      // One that lives shorter, as older versions made it, isn't replaced for that.
      { parent: this, ignoreChanges: ["validityPeriodHours"] },
    );
    this.caBundle = certificate.certPem.apply((pem) => pem.trim());
    this.signer = { certificate: certificate.certPem, privateKey: key.privateKeyPem };
    this.expires = certificate.validityEndTime;
    this.registerOutputs({ caBundle: this.caBundle });
  }
}
