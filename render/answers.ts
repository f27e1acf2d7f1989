import { ownReference } from "./references.ts";

type Plain = Record<string, unknown>;

/** What the providers would answer, in texts that stand for what only they know. */
export function answer(type: string, inputs: Plain, webhookAuthority: string): Plain {
  switch (type) {
    case "tls:index/privateKey:PrivateKey":
      return { privateKeyPem: ownReference, privateKeyPemPkcs8: ownReference };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: ownReference };
    case "tls:index/selfSignedCert:SelfSignedCert":
      return { certPem: webhookAuthority, validityEndTime: "" };
    case "tls:index/locallySignedCert:LocallySignedCert":
      return { certPem: ownReference, validityEndTime: "" };
    case "kubernetes:helm.sh/v4:Chart":
      return { resources: [] };
    default:
      return inputs;
  }
}
