import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { pem, record, toBase64, types, valueOf } from "../../tests/record.ts";
import { WebhookCertificate } from "./webhook-certificate.ts";

const host = "linkerd-sp-validator.linkerd.svc";
const plain = { host, namespace: "linkerd", secretName: "linkerd-sp-validator-k8s-tls", lifetime: 720 };

const make = (renewal?: string) =>
  record(
    () =>
      new WebhookCertificate("validator", {
        ...plain,
        ...(renewal === undefined ? {} : { renewal }),
        signer: {
          certificate: pulumi.output(pem("CERTIFICATE", "authority")),
          privateKey: pulumi.secret(pem("EC PRIVATE KEY", "authority")),
        },
      }),
  );

test("a webhook's certificate is a key, a request, a certificate and the Secret that its pods mount", async () => {
  const { graph, result } = await make();
  expect(graph.children("validator")).toEqual({
    "validator-key": types.privateKey,
    "validator-request": types.request,
    "validator-certificate": types.certificate,
    "validator-secret": types.secret,
  });
  expect(graph.dependencies("validator-secret")).toEqual(["validator-certificate", "validator-key"]);
  expect(await valueOf(result.secret.urn)).toBe(graph.named("validator-secret").urn);
});

test("it is for the name by which the API server calls the webhook", async () => {
  const { graph, result } = await make();
  expect(graph.named("validator-request").inputs).toEqual({
    privateKeyPem: pem("EC PRIVATE KEY", "validator-key"),
    subject: { commonName: host },
    dnsNames: [host],
  });
  expect(graph.named("validator-certificate").inputs).toEqual({
    certRequestPem: pem("CERTIFICATE REQUEST", "validator-request"),
    caCertPem: pem("CERTIFICATE", "authority"),
    caPrivateKeyPem: pem("EC PRIVATE KEY", "authority"),
    allowedUses: ["digital_signature", "key_encipherment", "server_auth"],
    validityPeriodHours: 720,
  });
  expect(await valueOf(result.expires)).toBe("end of validator-certificate");
});

test("the Secret has the key as PKCS#8, which is all that the policy controller reads", async () => {
  const { graph } = await make();
  expect(graph.named("validator-secret").inputs).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "linkerd-sp-validator-k8s-tls", namespace: "linkerd" },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": toBase64(pem("CERTIFICATE", "validator-certificate")),
      "tls.key": toBase64(pem("PRIVATE KEY", "validator-key")),
    },
  });
  expect(graph.named("validator-secret").secrets).toEqual(["data"]);
});

test("a renewal makes key and certificate anew before the old ones go, in the same Secret", async () => {
  const { graph, result } = await make("2");
  expect(Object.keys(graph.children("validator"))).toEqual([
    "validator-key-2",
    "validator-request-2",
    "validator-certificate-2",
    "validator-secret",
  ]);
  expect(await valueOf(result.signed)).toBe("2026-01-01T00:00:00Z");
});

test("the component itself carries neither key", async () => {
  const { graph } = await make();
  expect(graph.named("validator").inputs).toEqual(plain);
});
