import { describe, expect, test } from "vitest";

import { isUnknown, withoutEncrypted } from "./encrypted.ts";
import { parseSettings } from "./parse.ts";
import { clustersNamed, configuration, existing, problemsOf } from "./test-examples.ts";

const secure = { secure: "v1:AAAA:BBBB" };

describe("an encrypted value", () => {
  test("becomes a stand-in wherever it is, and no two are equal", () => {
    const found = withoutEncrypted({ a: secure, b: [{ c: secure }], d: 1, e: null }) as {
      a: string;
      b: [{ c: string }];
    };
    expect([isUnknown(found.a), isUnknown(found.b[0].c)]).toEqual([true, true]);
    expect(found.a).not.toBe(found.b[0].c);
    expect(found).toMatchObject({ d: 1, e: null });
    expect(JSON.stringify(found)).not.toContain("AAAA");
  });

  test.each([{ secure: 1 }, { secure: "v1", more: 2 }, "secure", ["secure"]])("isn't seen in %j", (value) => {
    expect(withoutEncrypted(value)).toEqual(value);
  });

  test("isn't a certificate or a key", () => {
    expect(isUnknown("-----BEGIN CERTIFICATE-----\nAAAA")).toBe(false);
    expect(isUnknown("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA")).toBe(false);
  });
});

test("settings are accepted with every secret encrypted", () => {
  const issuer = { certificate: secure, privateKey: secure };
  const settings = configuration({
    linkerd: { version: "2026.8.3", pullSecrets: [{ name: "registry", dockerConfigJson: secure }] },
    trust: { anchor: { certificate: secure, privateKey: secure } },
    clusters: {
      east: existing(1, { context: undefined, kubeconfig: secure, issuer }),
      west: existing(2, { context: undefined, kubeconfig: secure, issuer }),
    },
  });
  expect(() => parseSettings(withoutEncrypted(settings))).not.toThrow();
});

test("what is wrong beside a secret is still found", () => {
  const anchor = { privateKey: secure };
  const clusters = clustersNamed(["east", "west"]);
  expect(problemsOf(withoutEncrypted(configuration({ clusters, trust: { anchor } })))).toEqual([
    { path: "trust.anchor.privateKey", problem: "is given without the certificate it belongs to" },
  ]);
});
