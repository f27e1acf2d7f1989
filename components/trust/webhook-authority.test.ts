import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { pem, record, types, valueOf } from "../../tests/record.ts";
import { WebhookAuthority } from "./webhook-authority.ts";

const make = () => record(() => new WebhookAuthority("webhooks", { cluster: "east" }));

test("a cluster's webhooks have an authority of their own", async () => {
  const { graph } = await make();
  expect(graph.children("webhooks")).toEqual({
    "webhooks-key": types.privateKey,
    "webhooks-certificate": types.selfSignedCertificate,
  });
  expect(graph.named("webhooks-key").inputs).toEqual({ algorithm: "ECDSA", ecdsaCurve: "P256" });
  expect(graph.named("webhooks-certificate").inputs).toEqual({
    privateKeyPem: pem("EC PRIVATE KEY", "webhooks-key"),
    subject: { commonName: "webhooks.linkerd.east" },
    isCaCertificate: true,
    allowedUses: ["cert_signing", "crl_signing"],
    validityPeriodHours: 87_600,
    setSubjectKeyId: true,
    setAuthorityKeyId: true,
  });
});

test("one that an older version made to live shorter isn't replaced for that", async () => {
  const { graph } = await make();
  expect(graph.named("webhooks-certificate").ignoreChanges).toEqual(["validityPeriodHours"]);
});

test("its bundle has no last newline and is no secret; its signer's key is one", async () => {
  const { result } = await make();
  const certificate = pem("CERTIFICATE", "webhooks-certificate");
  expect(await valueOf(result.caBundle)).toBe(certificate.trimEnd());
  expect(await pulumi.isSecret(result.caBundle)).toBe(false);
  expect(await valueOf(result.signer.certificate)).toBe(certificate);
  expect(await valueOf(result.signer.privateKey)).toBe(pem("EC PRIVATE KEY", "webhooks-key"));
  expect(await pulumi.isSecret(result.signer.privateKey)).toBe(true);
});
