import { expect, test } from "vitest";

import { SettingsError } from "./problem.ts";
import { configuration, existing, k3d, linkerd, refusal } from "./test-examples.ts";

test("the message says where, what was found, what is wrong and the way out", () => {
  const error = new SettingsError([
    { path: "links.hub", value: "north", problem: "is not a cluster", remedy: "use one of east, west" },
    { path: "environment", problem: "is missing", remedy: "set it" },
  ]);
  expect(error.message).toBe(
    [
      "The settings have 2 problems; nothing was created or changed.",
      "",
      '  links.hub = "north"',
      "    is not a cluster",
      "    -> use one of east, west",
      "",
      "  environment",
      "    is missing",
      "    -> set it",
      "",
    ].join("\n"),
  );
});

test("a single problem is counted as one", () => {
  const error = new SettingsError([{ path: "clusters", problem: "is empty", remedy: "name one" }]);
  expect(error.message).toMatch(/^The settings have 1 problem; /);
});

test("a long value is cut after 80 characters", () => {
  const error = new SettingsError([{ path: "x", value: "a".repeat(500), problem: "is long", remedy: "cut" }]);
  expect(error.message).toContain(`  x = "${"a".repeat(79)}…\n`);
});

const secret = "hunter2-c2VjcmV0";
const secretNumber = 47_112_323;
const blocks = { name: "pull", dockerConfigJson: secret };
const pair = { certificate: secret, privateKey: secret };
const withCluster = (east: unknown) => configuration({ clusters: { east } });
const withLinkerd = (more: Record<string, unknown>) => configuration({ linkerd: linkerd(more) });

test.each<[string, unknown]>([
  ["a kubeconfig is a block", withCluster(existing(1, { context: undefined, kubeconfig: { key: secret } }))],
  ["a kubeconfig is a list", withCluster(existing(1, { context: undefined, kubeconfig: [secret] }))],
  ["a kubeconfig stands beside a context", withCluster(existing(1, { kubeconfig: secret }))],
  [
    "a kubeconfig stands beside an unknown key",
    withCluster(existing(1, { kubeconfig: secret, kubconfig: 1 })),
  ],
  ["a kubeconfig is given to a k3d cluster", withCluster(k3d(1, { kubeconfig: secret }))],
  ["its key is misspelt", withCluster(existing(1, { kubeConfig: secret }))],
  ["the source is missing beside it", withCluster({ kubeconfig: secret })],
  ["the source is unknown beside it", withCluster({ source: "gke", kubeconfig: secret })],
  ["the cluster's name is wrong", configuration({ clusters: { Not_a_name: { kubeconfig: secret } } })],
  ["a cluster with a wrong name is only a text", configuration({ clusters: { Not_a_name: secret } })],
  ["the clusters are a list", configuration({ clusters: [existing(1, { kubeconfig: secret })] })],
  ["a cluster is a list", withCluster([{ kubeconfig: secret }])],
  ["a cluster is only a text", withCluster(secret)],
  [
    "two clusters have the same kubeconfig",
    configuration({
      clusters: {
        east: existing(1, { context: undefined, kubeconfig: secret }),
        west: existing(2, { context: undefined, kubeconfig: secret }),
      },
    }),
  ],
  ["an anchor's key isn't PEM", configuration({ trust: { anchor: pair } })],
  ["an anchor's key is a number", configuration({ trust: { anchor: { privateKey: secretNumber } } })],
  ["an anchor is only a text", configuration({ trust: { anchor: secret } })],
  ["an anchor is a list", configuration({ trust: { anchor: [pair] } })],
  ["trust is only a text", configuration({ trust: secret })],
  ["an issuer's key isn't PEM", withCluster(k3d(1, { issuer: pair }))],
  ["an issuer has an unknown key", withCluster(k3d(1, { issuer: { ...pair, key: secret } }))],
  ["an issuer is only a text", withCluster(k3d(1, { issuer: secret }))],
  ["an issuer is a list", withCluster(k3d(1, { issuer: [pair] }))],
  ["a key of the anchor has no PEM body", configuration({ trust: { anchor: pem(secret) } })],
  ["a pull secret is not in a list", withLinkerd({ pullSecrets: blocks })],
  ["the pull secrets are only a text", withLinkerd({ pullSecrets: secret })],
  ["a pull secret is only a text", withLinkerd({ pullSecrets: [secret] })],
  [
    "a pull secret's content is a block",
    withLinkerd({ pullSecrets: [{ ...blocks, dockerConfigJson: blocks }] }),
  ],
  [
    "a pull secret's content is a number",
    withLinkerd({ pullSecrets: [{ ...blocks, dockerConfigJson: secretNumber }] }),
  ],
  ["a pull secret has an unknown key", withLinkerd({ pullSecrets: [{ ...blocks, user: secret }] })],
  ["a pull secret has no name", withLinkerd({ pullSecrets: [{ dockerConfigJson: secret }] })],
  ["the chart values are only a text", withLinkerd({ values: { controlPlane: secret } })],
  ["the whole configuration is a text", secret],
  ["the whole configuration is a list", [configuration({ trust: { anchor: pair } })]],
])("no secret is shown when %s", (_, raw) => {
  const { message, problems } = refusal(raw);
  for (const text of [message, JSON.stringify(problems)]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(secretNumber.toString());
  }
});

function pem(body: string) {
  const block = (label: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
  return { certificate: block("CERTIFICATE"), privateKey: block("PRIVATE KEY") };
}

test("a secret path hides its value, whoever reports it", () => {
  const error = new SettingsError([
    { path: "clusters.east.kubeconfig", value: secret, problem: "is wrong", remedy: "change it" },
  ]);
  expect(error.message).not.toContain(secret);
  expect(error.problems).toEqual([
    { path: "clusters.east.kubeconfig", problem: "is wrong", remedy: "change it" },
  ]);
});

test.each([
  [withCluster(k3d(1, { apiServer: "http://admin:hunter2@10.0.0.1:6443" })), "clusters.east.apiServer"],
  [
    withLinkerd({ charts: { repository: "ftp://admin:hunter2@charts.example" } }),
    "linkerd.charts.repository",
  ],
])("an address is shown without its user and password", (raw, path) => {
  const { message, problems } = refusal(raw);
  expect(problems.map((problem) => problem.path)).toEqual([path]);
  expect(message).toMatch(/ = "(http|ftp):\/\/…@/);
  expect(JSON.stringify([message, problems])).not.toMatch(/admin|hunter2/);
});
