import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { endsOf, subjectKeys } from "./certificate.ts";
import type { Signer } from "./trust-anchor.ts";

export interface ClusterIssuerArgs {
  /** Suffix of the identities it signs. */
  readonly trustDomain: string;
  /** Hours that the certificate is valid. */
  readonly lifetime: number;
  /** The trust anchor that signs it; not used where the issuer is given. */
  readonly signer?: Signer | undefined;
  /** What tells this issuer from the one before: another one makes key and certificate anew. */
  readonly renewal?: string | undefined;
  /** An issuer given from outside, PEM; nothing is created then. */
  readonly given?: { readonly certificate: string; readonly privateKey: string } | undefined;
}

/** The intermediate certificate with which one cluster's identity controller signs its proxies. */
export class ClusterIssuer extends pulumi.ComponentResource {
  readonly certificate: pulumi.Output<string>;
  /** Secret. */
  readonly privateKey: pulumi.Output<string>;
  /** When the certificate expires, RFC 3339; undefined where it can't be read. */
  readonly expires: pulumi.Output<string> | undefined;

  constructor(name: string, args: ClusterIssuerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { given, signer, ...plain } = args;
    super("mesh:trust:ClusterIssuer", name, plain, opts);

    // By name, not by replacement: the new pair is there before the old one goes.
    const suffix = args.renewal === undefined ? "" : `-${args.renewal}`;
    if (given !== undefined) {
      this.certificate = pulumi.output(given.certificate);
      this.privateKey = pulumi.secret(given.privateKey);
      const [end] = endsOf(given.certificate);
      this.expires = end === undefined ? undefined : pulumi.output(end);
    } else if (signer !== undefined) {
      const key = new tls.PrivateKey(
        `${name}-key${suffix}`,
        { algorithm: "ECDSA", ecdsaCurve: "P256" },
        { parent: this },
      );
      const request = new tls.CertRequest(
        `${name}-request${suffix}`,
        { privateKeyPem: key.privateKeyPem, subject: { commonName: `identity.linkerd.${args.trustDomain}` } },
        { parent: this },
      );
      const certificate = new tls.LocallySignedCert(
        `${name}-certificate${suffix}`,
        {
          certRequestPem: request.certRequestPem,
          caCertPem: signer.certificate,
          caPrivateKeyPem: signer.privateKey,
          isCaCertificate: true,
          maxPathLength: 0,
          allowedUses: ["cert_signing", "crl_signing"],
          validityPeriodHours: args.lifetime,
          setSubjectKeyId: subjectKeys.setSubjectKeyId,
        },
        { parent: this },
      );
      this.certificate = certificate.certPem;
      this.privateKey = key.privateKeyPem;
      this.expires = certificate.validityEndTime;
    } else {
      throw new pulumi.ResourceError("An issuer needs a signer, or must be given.", this);
    }
    this.registerOutputs({ certificate: this.certificate, expires: this.expires });
  }
}
