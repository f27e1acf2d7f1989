import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { policies } from "../policy/policies.ts";
import { Engine } from "./engine.ts";

/** Registers what the policies look at, with every rule kept or every rule broken, on clusters that needn't be there. */
const program = `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

const isBroken = new pulumi.Config().requireBoolean("broken");
const ifBroken = (broken, kept) => (isBroken ? broken : kept);

class Component extends pulumi.ComponentResource {
  constructor(type, name, args, opts) {
    super(type, name, args, opts);
    this.registerOutputs({});
  }
}

const provider = (name) => new k8s.Provider(name, { renderYamlToDirectory: "rendered/" + name });
const [east, west] = [provider("east"), provider("west")];
const tlsProvider = new tls.Provider("tls");
new Component("mesh:cluster:ExistingCluster", "adopted", {});

const anchor = new Component("mesh:trust:TrustAnchor", "trust-anchor", {}, { providers: [tlsProvider], protect: !isBroken });
const key = new tls.PrivateKey("trust-anchor-key", { algorithm: "ECDSA", ecdsaCurve: "P256" }, { parent: anchor });
const certificate = new tls.SelfSignedCert(
  "trust-anchor-certificate",
  {
    privateKeyPem: key.privateKeyPem,
    isCaCertificate: true,
    allowedUses: ["cert_signing"],
    validityPeriodHours: ifBroken(90000, 87600),
  },
  { parent: anchor },
);
const issuer = new Component("mesh:trust:ClusterIssuer", "east-issuer", {}, { providers: [tlsProvider] });
const request = new tls.CertRequest("east-issuer-request", { privateKeyPem: key.privateKeyPem }, { parent: issuer });
new tls.LocallySignedCert(
  "east-issuer-certificate",
  {
    certRequestPem: request.certRequestPem,
    caCertPem: certificate.certPem,
    caPrivateKeyPem: key.privateKeyPem,
    allowedUses: ["cert_signing"],
    validityPeriodHours: 8760,
  },
  { parent: issuer },
);

new k8s.core.v1.Namespace("east-shop", { metadata: { name: "shop" } }, { provider: ifBroken(west, east) });
const text = ifBroken("-----BEGIN EC PRIVATE KEY-----\\nMHcCAQ\\n", "nothing secret");
new k8s.core.v1.ConfigMap("east-settings", { metadata: { name: "settings" }, data: { text } }, { provider: east });
const loadBalancerSourceRanges = ifBroken([], ["10.0.0.0/8"]);
new k8s.core.v1.Service(
  "east-gateway",
  { metadata: { name: "gateway" }, spec: { type: "LoadBalancer", ports: [{ port: 4143 }], loadBalancerSourceRanges } },
  { provider: east },
);
new k8s.apiextensions.CustomResource(
  "east-to-west-link",
  {
    apiVersion: "multicluster.linkerd.io/v1alpha3",
    kind: "Link",
    metadata: { name: "west" },
    spec: {
      targetClusterName: ifBroken("elsewhere", "west"),
      selector: ifBroken({}, { matchLabels: { "mirror.linkerd.io/exported": "true" } }),
    },
  },
  { provider: east },
);
new Component("mesh:linkerd:Linkerd", "east-linkerd", { version: ifBroken("2026.8", "2026.8.3") });
new k8s.helm.v4.Chart("east-chart", { chart: "./chart", name: "chart" }, { providers: [east] });
`;

const chart = "apiVersion: v2\nname: chart\nversion: 1.0.0\n";

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.create("e2e-policies", { broken: "false" });
  await mkdir(path.join(engine.folder, "chart"));
  await writeFile(path.join(engine.folder, "chart/Chart.yaml"), chart);
  await rm(path.join(engine.folder, "index.ts"));
  await writeFile(path.join(engine.folder, "index.ts"), program);
});

afterAll(async () => {
  await engine.dispose();
});

/** A preview with the policies at these levels. */
async function preview(broken: boolean, levels: object = {}) {
  const file = path.join(engine.folder, "levels.json");
  await writeFile(file, JSON.stringify(levels));
  await engine.configure({ broken: broken.toString() });
  const flags = ["--policy-pack", "policy", "--policy-pack-config", file];
  return engine.run(["preview", "--stack", engine.stack, ...flags]);
}

function reported(output: string, level: string): string[] {
  const found = [...output.matchAll(new RegExp(`\\[${level}\\]\\s+([a-z-]+)`, "g"))];
  return [...new Set(found.map(([, name = ""]) => name))].sort();
}

const names = policies.map(({ name }) => name).sort();

test("a stack that keeps every rule passes", async () => {
  const { code, output } = await preview(false);
  expect(output).not.toMatch(/\[(mandatory|advisory)\]/);
  expect(code).toBe(0);
});

test("one that breaks them all is told so of each, and nothing of what it holds", async () => {
  const { code, output } = await preview(true);
  expect(reported(output, "mandatory")).toEqual(names);
  expect(output).not.toContain("MHcCAQ");
  expect(code).toBe(1);
});

test("levels decide what stops a pipeline", async () => {
  const { code, output } = await preview(true, { all: "advisory", "pinned-charts": "disabled" });
  expect(reported(output, "advisory")).toEqual(names.filter((name) => name !== "pinned-charts"));
  expect(reported(output, "mandatory")).toEqual([]);
  expect(code).toBe(0);
});
