import { ownReference } from "./references.ts";
import { tokenType } from "./secrets.ts";

type Plain = Record<string, unknown>;

/** What a command answers that makes a cluster. */
const madeCluster = JSON.stringify({
  clusters: [{ name: "made", cluster: { server: "https://made" } }],
  users: [{ name: "made", user: {} }],
  contexts: [{ name: "made", context: { cluster: "made", user: "made" } }],
  "current-context": "made",
});

/** What the providers would answer beside `inputs`, in texts that stand for what only they know. */
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
    case "command:local:Command":
      return { stdout: madeCluster };
    case "kubernetes:helm.sh/v4:Chart":
      return { resources: [] };
    case "kubernetes:core/v1:Secret":
      return inputs["type"] === tokenType ? { data: { token: "", "ca.crt": "" } } : {};
    case "kubernetes:core/v1:ServicePatch":
      return { spec: { selector: {} } };
    default:
      return {};
  }
}
