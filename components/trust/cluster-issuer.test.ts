import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { pem, record, types, valueOf } from "../../tests/record.ts";
import { ClusterIssuer } from "./cluster-issuer.ts";

const anchor = pem("CERTIFICATE", "anchor");
const anchorKey = pem("EC PRIVATE KEY", "anchor");
const plain = { trustDomain: "east.example", lifetime: 8_760 };

function signer() {
  return { certificate: pulumi.output(anchor), privateKey: pulumi.secret(anchorKey) };
}

describe("an issuer signed here", () => {
  const make = () => record(() => new ClusterIssuer("issuer", { ...plain, signer: signer() }));

  test("is a key, a request and a certificate", async () => {
    const { graph } = await make();
    expect(graph.children("issuer")).toEqual({
      "issuer-key": types.privateKey,
      "issuer-request": types.request,
      "issuer-certificate": types.certificate,
    });
    expect(graph.resources).toHaveLength(4);
    expect(graph.dependencies("issuer-request")).toEqual(["issuer-key"]);
    expect(graph.dependencies("issuer-certificate")).toEqual(["issuer-request"]);
  });

  test("is asked for by the name that Linkerd's identity has in the trust domain", async () => {
    const { graph } = await make();
    expect(graph.named("issuer-key").inputs).toEqual({ algorithm: "ECDSA", ecdsaCurve: "P256" });
    expect(graph.named("issuer-request").inputs).toEqual({
      privateKeyPem: pem("EC PRIVATE KEY", "issuer-key"),
      subject: { commonName: "identity.linkerd.east.example" },
    });
  });

  test("may sign proxies and no further authority", async () => {
    const { graph } = await make();
    expect(graph.named("issuer-certificate").inputs).toEqual({
      certRequestPem: pem("CERTIFICATE REQUEST", "issuer-request"),
      caCertPem: anchor,
      caPrivateKeyPem: anchorKey,
      isCaCertificate: true,
      maxPathLength: 0,
      allowedUses: ["cert_signing", "crl_signing"],
      validityPeriodHours: 8_760,
      setSubjectKeyId: true,
    });
    expect(graph.named("issuer-certificate").secrets).toEqual(["caPrivateKeyPem"]);
  });

  test("offers its certificate, its key as a secret, and its end", async () => {
    const { result } = await make();
    expect(await valueOf(result.certificate)).toBe(pem("CERTIFICATE", "issuer-certificate"));
    expect(await valueOf(result.privateKey)).toBe(pem("EC PRIVATE KEY", "issuer-key"));
    expect(await valueOf(result.expires)).toBe("end of issuer-certificate");
    expect(await pulumi.isSecret(result.privateKey)).toBe(true);
    expect(await pulumi.isSecret(result.certificate)).toBe(false);
  });

  test("leaves the anchor's key out of its own inputs", async () => {
    const { graph } = await make();
    expect(graph.named("issuer").inputs).toEqual(plain);
  });
});

describe("an issuer given from outside", () => {
  const given = { certificate: pem("CERTIFICATE", "given"), privateKey: pem("PRIVATE KEY", "given") };
  const make = () => record(() => new ClusterIssuer("issuer", { ...plain, signer: signer(), given }));

  test("is used as it is, even where this stack could sign one", async () => {
    const { graph, result } = await make();
    expect(graph.resources.map(({ name }) => name)).toEqual(["issuer"]);
    expect(await valueOf(result.certificate)).toBe(given.certificate);
    expect(await valueOf(result.privateKey)).toBe(given.privateKey);
    expect(result.expires).toBeUndefined();
  });

  test("keeps its key secret and out of the state", async () => {
    const { graph, result } = await make();
    expect(await pulumi.isSecret(result.privateKey)).toBe(true);
    expect(graph.containing("PRIVATE KEY")).toEqual([]);
  });
});

test("an issuer that nobody signs and nobody gives is refused", async () => {
  await expect(record(() => new ClusterIssuer("issuer", plain))).rejects.toThrow(
    "An issuer needs a signer, or must be given.",
  );
});

test("a renewal is another key and another certificate, beside the ones before", async () => {
  const { graph } = await record(
    () => new ClusterIssuer("issuer", { ...plain, signer: signer(), renewal: "2" }),
  );
  expect(graph.children("issuer")).toEqual({
    "issuer-key-2": types.privateKey,
    "issuer-request-2": types.request,
    "issuer-certificate-2": types.certificate,
  });
});
