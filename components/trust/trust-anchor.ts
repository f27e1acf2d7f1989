import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { subjectKeys } from "./certificate.ts";

export interface TrustAnchorArgs {
  /** The environment it belongs to; part of the certificate's subject, so that anchors can be told apart. */
  readonly environment: string;
  /** Hours that the certificate is valid. */
  readonly lifetime: number;
  /** PEM of an anchor (or a bundle of them) given from outside; nothing is created then. */
  readonly certificate?: string | undefined;
  /** Its private key, PEM, where this stack is to sign issuers with it. */
  readonly privateKey?: string | undefined;
}

/** What an issuer needs to be signed. Absent where the anchor's key is kept elsewhere. */
export interface Signer {
  readonly certificate: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
}

/**
 * A root of trust that all clusters of one environment share. Once made it never changes: another certificate would be
 * one that nobody trusts, so a new anchor is a new generation, beside this one.
 */
export class TrustAnchor extends pulumi.ComponentResource {
  /** PEM certificates that every proxy trusts, without a trailing newline: Linkerd compares the text. */
  readonly bundle: pulumi.Output<string>;
  /** Signs the clusters' issuers; undefined where the key isn't here. */
  readonly signer: Signer | undefined;
  /** When the certificate made here expires, RFC 3339; undefined for a given one. */
  readonly expires: pulumi.Output<string> | undefined;

  constructor(name: string, args: TrustAnchorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { privateKey, ...plain } = args;
    super("mesh:trust:TrustAnchor", name, plain, opts);

    if (args.certificate !== undefined) {
      this.bundle = pulumi.output(args.certificate.trim());
      this.signer =
        privateKey === undefined
          ? undefined
          : { certificate: this.bundle, privateKey: pulumi.secret(privateKey) };
    } else {
      const key = new tls.PrivateKey(
        `${name}-key`,
        { algorithm: "ECDSA", ecdsaCurve: "P256" },
        { parent: this, ignoreChanges: ["*"] },
      );
      const certificate = new tls.SelfSignedCert(
        `${name}-certificate`,
        {
          privateKeyPem: key.privateKeyPem,
          subject: { commonName: "root.linkerd.cluster.local", organization: args.environment },
          isCaCertificate: true,
          allowedUses: ["cert_signing", "crl_signing"],
          validityPeriodHours: args.lifetime,
          ...subjectKeys,
        },
        { parent: this, ignoreChanges: ["*"] },
      );
      this.bundle = certificate.certPem.apply((pem) => pem.trim());
      this.signer = { certificate: certificate.certPem, privateKey: key.privateKeyPem };
      this.expires = certificate.validityEndTime;
    }
    this.registerOutputs({ bundle: this.bundle, expires: this.expires });
  }
}
