import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { base64 } from "../base64.ts";
import type { Signer } from "./trust-anchor.ts";

export interface WebhookCertificateArgs {
  /** The name by which the API server calls the webhook, `<service>.<namespace>.svc`. */
  readonly host: string;
  readonly namespace: pulumi.Input<string>;
  /** The Secret that the webhook's pods mount, as the chart names it. */
  readonly secretName: string;
  /** Hours that the certificate is valid. */
  readonly lifetime: number;
  readonly signer: Signer;
  /** What tells this certificate from the one before: another one makes key and certificate anew. */
  readonly renewal?: string | undefined;
}

/** A webhook's serving certificate, in the Secret that the chart expects with `externalSecret: true`. */
export class WebhookCertificate extends pulumi.ComponentResource {
  /** When the certificate expires, RFC 3339. */
  readonly expires: pulumi.Output<string>;
  /** When it was signed, RFC 3339. */
  readonly signed: pulumi.Output<string>;
  /** What the webhook's pods mount. */
  readonly secret: k8s.core.v1.Secret;

  constructor(name: string, args: WebhookCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    const { signer, ...plain } = args;
    super("mesh:trust:WebhookCertificate", name, plain, opts);

    const { host } = args;
    // By name, not by replacement: the new pair is there before the old one goes.
    const suffix = args.renewal === undefined ? "" : `-${args.renewal}`;
    const key = new tls.PrivateKey(
      `${name}-key${suffix}`,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this },
    );
    const request = new tls.CertRequest(
      `${name}-request${suffix}`,
      { privateKeyPem: key.privateKeyPem, subject: { commonName: host }, dnsNames: [host] },
      { parent: this },
    );
    const certificate = new tls.LocallySignedCert(
      `${name}-certificate${suffix}`,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: signer.certificate,
        caPrivateKeyPem: signer.privateKey,
        allowedUses: ["digital_signature", "key_encipherment", "server_auth"],
        validityPeriodHours: args.lifetime,
      },
      { parent: this },
    );
    this.secret = new k8s.core.v1.Secret(
      `${name}-secret`,
      {
        metadata: { name: args.secretName, namespace: args.namespace },
        type: "kubernetes.io/tls",
        // The policy controller reads PKCS#8 only (kubert src/server/tls_rustls.rs).
        data: { "tls.crt": base64(certificate.certPem), "tls.key": base64(key.privateKeyPemPkcs8) },
      },
      { parent: this },
    );
    this.expires = certificate.validityEndTime;
    this.signed = certificate.validityStartTime;
    this.registerOutputs({ expires: this.expires });
  }
}
