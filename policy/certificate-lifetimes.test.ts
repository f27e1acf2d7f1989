import { describe, expect, test } from "vitest";

import { certify } from "../settings/test-certificates.ts";
import { certificateLifetimes } from "./certificate-lifetimes.ts";
import { resource, unknown, violations } from "./test-resources.ts";

const selfSigned = "tls:index/selfSignedCert:SelfSignedCert";
const signed = "tls:index/locallySignedCert:LocallySignedCert";

function made(component: string, type: string, validityPeriodHours: unknown) {
  return resource({ types: [component, type], name: "it", props: { validityPeriodHours } });
}

const check = (one: ReturnType<typeof made>, config?: object) =>
  violations(certificateLifetimes, [one], config);

describe.each([
  ["mesh:trust:TrustAnchor", selfSigned, "anchors", 87_600, "mesh:trust.anchor.lifetime"],
  ["mesh:trust:ClusterIssuer", signed, "issuers", 8_760, "mesh:trust.issuerLifetime"],
  ["mesh:trust:WebhookCertificate", signed, "webhooks", 8_760, "mesh:trust.webhookLifetime"],
])("a certificate of %s", (component, type, kind, most, setting) => {
  test("may be valid for as long as is allowed, and no longer", async () => {
    expect(await check(made(component, type, most))).toEqual([]);
    expect(await check(made(component, type, most + 1))).toEqual([
      `it: It is valid for ${(most + 1).toString()} hours, and ${most.toString()} are allowed: lower ${setting}.`,
    ]);
  });

  test("has the limit that is configured", async () => {
    expect(await check(made(component, type, most + 1), { [kind]: most + 1 })).toEqual([]);
    expect(await check(made(component, type, 25), { [kind]: 24 })).toHaveLength(1);
  });

  test("isn't judged before it is known", async () => {
    expect(await check(made(component, type, unknown))).toEqual([]);
  });
});

describe("a certificate given from outside", () => {
  const { certificate, privateKey } = certify("root.example", { validDays: 400 });
  const anchor = resource({
    types: ["mesh:trust:TrustAnchor"],
    name: "trust-anchor",
    props: { certificate },
  });
  const issuer = resource({
    types: ["mesh:linkerd:Linkerd", "mesh:linkerd:ControlPlane", "kubernetes:core/v1:Secret"],
    name: "issuer",
    props: {
      metadata: { name: "linkerd-identity-issuer" },
      data: {
        "tls.crt": Buffer.from(certificate).toString("base64"),
        "tls.key": Buffer.from(privateKey).toString("base64"),
      },
    },
  });

  test("is read, and nothing of it is shown", async () => {
    expect(await violations(certificateLifetimes, [anchor, issuer])).toEqual([
      "issuer: It is valid for 9600 hours, and 8760 are allowed: give one that ends sooner.",
    ]);
    expect(
      await violations(certificateLifetimes, [anchor, issuer], { anchors: 9000, issuers: 9600 }),
    ).toEqual(["trust-anchor: It is valid for 9600 hours, and 9000 are allowed: give one that ends sooner."]);
  });

  test("that isn't known yet is no problem", async () => {
    const props = { metadata: { name: "linkerd-identity-issuer" }, data: unknown };
    const secret = resource({ types: ["kubernetes:core/v1:Secret"], name: "issuer", props });
    expect(await violations(certificateLifetimes, [secret])).toEqual([]);
  });
});
