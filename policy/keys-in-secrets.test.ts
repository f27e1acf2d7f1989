import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { keysInSecrets } from "./keys-in-secrets.ts";
import { resource, unknown, violations } from "./test-resources.ts";

const key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n-----END EC PRIVATE KEY-----\n";
const token = `${Buffer.from('{"alg":"RS256","kid":"x"}').toString("base64url")}.e30.c2ln`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

const holding = (type: string, props: Record<string, unknown>) =>
  violations(keysInSecrets, [resource({ types: [type], name: "it", props })]);

const configMap = "kubernetes:core/v1:ConfigMap";

describe("what may hold keys", () => {
  test.each([
    ["kubernetes:core/v1:Secret", { data: { "tls.key": base64(key) } }],
    ["kubernetes:core/v1:Secret", { stringData: { token } }],
    ["tls:index/certRequest:CertRequest", { privateKeyPem: key }],
    ["pulumi:providers:kubernetes", { kubeconfig: `client-key-data: ${base64(key)}` }],
    ["command:local:Command", { environment: { MESH_KUBECONFIG: `client-key-data: ${base64(key)}` } }],
  ])("%s", async (type, props) => {
    expect(await holding(type, props)).toEqual([]);
  });
});

test.each([
  [configMap, "data", { "tls.key": key }],
  [configMap, "data", { "tls.key": base64(key) }],
  [configMap, "binaryData", { nested: [{ kubeconfig: base64(`client-key-data: ${base64(key)}`) }] }],
  [configMap, "data", { token }],
  ["kubernetes:helm.sh/v4:Chart", "values", { identity: { issuer: { tls: { keyPEM: key } } } }],
  ["command:local:Command", "create", `echo '${key}'`],
  ["mesh:trust:TrustAnchor", "privateKey", key],
])("%s with a key in its %s is refused, and the key isn't shown", async (type, property, value) => {
  const found = await holding(type, { [property]: value, other: "text" });
  expect(found).toEqual([
    `it: There is a private key or a token in its ${property}: put it into a Secret, and refer to that by name.`,
  ]);
});

test("a key is found wherever it stands in what was encoded", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), async (before, after) => {
      expect(await holding(configMap, { data: base64(before + key + after) })).toHaveLength(1);
      expect(await holding(configMap, { data: base64(base64(before + key) + after) })).toHaveLength(1);
    }),
    { numRuns: 50 },
  );
});

test("certificates, public keys and what isn't known yet are no keys", async () => {
  const certificate =
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\n";
  const data = { one: certificate, two: base64(certificate), three: unknown };
  expect(await holding(configMap, { data, more: unknown })).toEqual([]);
});
