import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { pem, record, types, valueOf } from "../../tests/record.ts";
import { TrustAnchor } from "./trust-anchor.ts";

const environment = "test";

describe("a trust anchor made here", () => {
  const make = () => record(() => new TrustAnchor("trust-anchor", { environment, lifetime: 87_600 }));

  test("is a key and a certificate signed with it", async () => {
    const { graph } = await make();
    expect(graph.children()).toEqual({ "trust-anchor": "mesh:trust:TrustAnchor" });
    expect(graph.children("trust-anchor")).toEqual({
      "trust-anchor-key": types.privateKey,
      "trust-anchor-certificate": types.selfSignedCertificate,
    });
    expect(graph.resources).toHaveLength(3);
    expect(graph.named("trust-anchor-certificate").propertyDependencies).toEqual({
      privateKeyPem: [graph.named("trust-anchor-key").urn],
    });
  });

  test("has a P-256 key, as Linkerd's own anchors", async () => {
    const { graph } = await make();
    expect(graph.named("trust-anchor-key").inputs).toEqual({ algorithm: "ECDSA", ecdsaCurve: "P256" });
  });

  test("is a certificate authority that names its environment", async () => {
    const { graph } = await make();
    const certificate = graph.named("trust-anchor-certificate");
    expect(certificate.inputs).toEqual({
      privateKeyPem: pem("EC PRIVATE KEY", "trust-anchor-key"),
      subject: { commonName: "root.linkerd.cluster.local", organization: "test" },
      isCaCertificate: true,
      allowedUses: ["cert_signing", "crl_signing"],
      validityPeriodHours: 87_600,
      setSubjectKeyId: true,
      setAuthorityKeyId: true,
    });
    expect(certificate.secrets).toEqual(["privateKeyPem"]);
  });

  test("never changes, whatever is asked of the next one", async () => {
    const { graph } = await make();
    expect(graph.named("trust-anchor-key").ignoreChanges).toEqual(["*"]);
    expect(graph.named("trust-anchor-certificate").ignoreChanges).toEqual(["*"]);
  });

  test("offers its certificate without the last newline, a signer and its end", async () => {
    const { result } = await make();
    expect(await valueOf(result.bundle)).toBe(pem("CERTIFICATE", "trust-anchor-certificate").trimEnd());
    expect(await valueOf(result.signer)).toEqual({
      certificate: pem("CERTIFICATE", "trust-anchor-certificate"),
      privateKey: pem("EC PRIVATE KEY", "trust-anchor-key"),
    });
    expect(await valueOf(result.expires)).toBe("end of trust-anchor-certificate");
  });

  test("keeps its key secret and its certificate readable", async () => {
    const { result } = await make();
    expect(await pulumi.isSecret(pulumi.output(result.signer?.privateKey))).toBe(true);
    expect(await pulumi.isSecret(result.bundle)).toBe(false);
  });
});

describe("a trust anchor given from outside", () => {
  const certificate = `${pem("CERTIFICATE", "old")}${pem("CERTIFICATE", "new")}\n`;
  const privateKey = pem("EC PRIVATE KEY", "given");
  const make = (key?: string) =>
    record(() => new TrustAnchor("trust-anchor", { environment, lifetime: 1, certificate, privateKey: key }));

  test("makes nothing", async () => {
    const { graph } = await make(privateKey);
    expect(graph.resources.map(({ name }) => name)).toEqual(["trust-anchor"]);
  });

  test("is trimmed at its ends only", async () => {
    const { result } = await make();
    expect(await valueOf(result.bundle)).toBe(
      `${pem("CERTIFICATE", "old")}${pem("CERTIFICATE", "new").trimEnd()}`,
    );
    expect(result.expires).toBeUndefined();
  });

  test("signs with the key that comes with it, which stays secret", async () => {
    const { result } = await make(privateKey);
    expect(await valueOf(result.signer)).toEqual({ certificate: certificate.trim(), privateKey });
    expect(await pulumi.isSecret(pulumi.output(result.signer?.privateKey))).toBe(true);
  });

  test("can't sign without a key", async () => {
    const { result } = await make();
    expect(result.signer).toBeUndefined();
  });

  test("doesn't put its key into the state", async () => {
    const { graph } = await make(privateKey);
    expect(graph.containing("PRIVATE KEY")).toEqual([]);
    expect(graph.named("trust-anchor").inputs).toEqual({
      environment,
      lifetime: 1,
      certificate,
    });
  });
});
