import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing, linkerd, simulated } from "../../settings/test-examples.ts";
import { pem, record, toBase64, types, valueOf } from "../../tests/record.ts";
import { ClusterIssuer } from "../trust/cluster-issuer.ts";
import { createWebhookTrust } from "../trust/webhook-trust.ts";
import { ControlPlane } from "./control-plane.ts";
import { highAvailabilityValues } from "./values.ts";

const trustBundle = pem("CERTIFICATE", "anchor").trim();
const given = { certificate: pem("CERTIFICATE", "issuer"), privateKey: pem("EC PRIVATE KEY", "issuer") };
const caBundle = pem("CERTIFICATE", "webhooks-certificate").trim();

type Block = Record<string, unknown>;

interface Variation {
  readonly linkerd?: Block;
  readonly east?: Block;
  readonly podNetworks?: string[];
}

async function make({ linkerd: more = {}, east = existing(1), podNetworks = [] }: Variation = {}) {
  const settings = parseSettings(configuration({ linkerd: linkerd(more), clusters: { east } }));
  const { graph, result } = await record(() => {
    const [cluster] = settings.clusters;
    if (cluster === undefined) throw new Error("There is no cluster.");
    const provider = new k8s.Provider("east", {});
    const options = { providers: [provider] };
    const definitions = new k8s.helm.v3.Release("definitions", { chart: "linkerd-crds" }, { provider });
    const cni = new k8s.helm.v4.Chart("cni", { chart: "linkerd2-cni" }, { provider });
    return new ControlPlane(
      "plane",
      {
        linkerd: settings.linkerd,
        cluster,
        namespace: cluster.controlPlaneNamespace,
        trustBundle: pulumi.output(trustBundle),
        trustFingerprint: pulumi.output("0123456789abcdef"),
        issuer: new ClusterIssuer("issuer", { trustDomain: "x", lifetime: 1, given }),
        webhookTrust: createWebhookTrust(
          "webhooks",
          { cluster: "east", authorities: ["1"], lifetime: 720, renewal: undefined },
          {},
        ),
        podNetworks,
        dependsOn: [definitions, cni],
      },
      options,
    );
  });
  const chart = graph.named("plane-chart");
  return { graph, result, chart, values: chart.inputs["values"] as Block };
}

const webhooks = ["linkerd-proxy-injector", "linkerd-sp-validator", "linkerd-policy-validator"];

describe("the control plane", () => {
  test("is an issuer Secret, the trust roots, three webhook certificates and a chart", async () => {
    const { graph } = await make();
    expect(graph.children("plane")).toEqual({
      "plane-issuer": types.secret,
      "plane-trust-roots": types.configMap,
      "plane-linkerd-proxy-injector": "mesh:trust:WebhookCertificate",
      "plane-linkerd-sp-validator": "mesh:trust:WebhookCertificate",
      "plane-linkerd-policy-validator": "mesh:trust:WebhookCertificate",
      "plane-chart": types.chart,
    });
    expect(graph.kubernetes.map(({ name }) => graph.provider(name))).toEqual(
      graph.kubernetes.map(() => "east"),
    );
  });

  test("comes after its definitions, the CNI plugin and everything that its pods read when they start", async () => {
    const { graph } = await make();
    expect(graph.dependencies("plane-chart")).toEqual(
      [
        "cni",
        "definitions",
        "plane-issuer",
        "plane-trust-roots",
        ...webhooks.map((name) => `plane-${name}-secret`),
      ].sort(),
    );
  });

  test("waits for one chart, so that what depends on it has one edge", async () => {
    const { graph, result } = await make();
    expect(await valueOf(result.chart.urn)).toBe(graph.named("plane-chart").urn);
  });
});

describe("its Secrets", () => {
  test("the issuer's has certificate, key and anchor, under the name that identity mounts", async () => {
    const { graph } = await make();
    const secret = graph.named("plane-issuer");
    expect(secret.inputs).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "linkerd-identity-issuer", namespace: "linkerd" },
      type: "kubernetes.io/tls",
      data: {
        "tls.crt": toBase64(given.certificate),
        "tls.key": toBase64(given.privateKey),
        "ca.crt": toBase64(trustBundle),
      },
    });
    expect(secret.secrets).toEqual(["data"]);
  });

  test("the trust roots are in a ConfigMap, under the name that identity and the injector mount", async () => {
    const { graph } = await make();
    expect(graph.named("plane-trust-roots").inputs).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "linkerd-identity-trust-roots",
        namespace: "linkerd",
        labels: {
          "linkerd.io/control-plane-component": "identity",
          "linkerd.io/control-plane-ns": "linkerd",
        },
      },
      data: { "ca-bundle.crt": trustBundle },
    });
  });

  test("each webhook's is for its Service in the control plane's namespace", async () => {
    const { graph, result } = await make({ east: existing(1, { controlPlaneNamespace: "mesh" }) });
    expect(
      webhooks.map((name) => {
        const { inputs } = graph.named(`plane-${name}-secret`);
        return [graph.named(`plane-${name}-request`).inputs["dnsNames"], inputs["metadata"]];
      }),
    ).toEqual([
      [["linkerd-proxy-injector.mesh.svc"], { name: "linkerd-proxy-injector-k8s-tls", namespace: "mesh" }],
      [["linkerd-sp-validator.mesh.svc"], { name: "linkerd-sp-validator-k8s-tls", namespace: "mesh" }],
      [
        ["linkerd-policy-validator.mesh.svc"],
        { name: "linkerd-policy-validator-k8s-tls", namespace: "mesh" },
      ],
    ]);
    const ends = Object.entries(result.webhookCertificates).map(([service, { expires }]) => [
      service,
      expires,
    ]);
    expect(await valueOf(pulumi.output(Object.fromEntries(ends)))).toEqual({
      "linkerd-proxy-injector": "end of plane-linkerd-proxy-injector-certificate",
      "linkerd-sp-validator": "end of plane-linkerd-sp-validator-certificate",
      "linkerd-policy-validator": "end of plane-linkerd-policy-validator-certificate",
    });
  });

  test("each webhook's certificate is signed by the cluster's own authority for as long as asked", async () => {
    const { graph } = await make();
    for (const name of webhooks) {
      expect(graph.named(`plane-${name}-certificate`).inputs).toMatchObject({
        caCertPem: pem("CERTIFICATE", "webhooks-certificate"),
        caPrivateKeyPem: pem("EC PRIVATE KEY", "webhooks-key"),
        validityPeriodHours: 720,
      });
    }
  });

  test("hold every private key of Kubernetes; no chart has one", async () => {
    const { graph } = await make();
    const kubernetes = graph
      .containing("PRIVATE KEY")
      .filter((name) => !graph.named(name).type.startsWith("tls:"));
    expect(kubernetes).toEqual(["plane-issuer", ...webhooks.map((name) => `plane-${name}-secret`)]);
  });
});

const webhook = { externalSecret: true, caBundle: "LATE-VALUE-webhook-ca" };

const base = {
  clusterDomain: "cluster.local",
  identityTrustDomain: "cluster.local",
  clusterNetworks: "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8",
  cniEnabled: false,
  identityTrustAnchorsPEM: "LATE-VALUE-trust-anchors",
  identity: { issuer: { scheme: "kubernetes.io/tls" }, externalCA: true },
  heartbeatSchedule: "0 0 * * *",
  proxyInjector: webhook,
  profileValidator: webhook,
  policyValidator: webhook,
  podAnnotations: { "mesh/trust": "LATE-VALUE-trust-fingerprint" },
};

describe("its chart", () => {
  test("brings no certificate and no clock, so that two renderings are the same", async () => {
    const { chart } = await make();
    expect(chart.inputs).toEqual({
      chart: "linkerd-control-plane",
      version: "2026.8.3",
      repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
      name: "linkerd-control-plane",
      namespace: "linkerd",
      values: base,
    });
  });

  test("has values that are known before anything runs", async () => {
    const { chart } = await make();
    expect(chart.propertyDependencies["values"]).toBeUndefined();
    expect(chart.secrets).toEqual([]);
  });

  test("knows its cluster's domains, and the pod networks that aren't private", async () => {
    const { values } = await make({
      east: existing(1, { clusterDomain: "east.local", trustDomain: "east.example" }),
      podNetworks: ["10.1.0.0/16", "203.0.113.0/24"],
    });
    expect(values).toEqual({
      ...base,
      clusterDomain: "east.local",
      identityTrustDomain: "east.example",
      clusterNetworks: `${base.clusterNetworks},203.0.113.0/24`,
    });
  });

  test("leaves iptables to the CNI plugin where there is one", async () => {
    const { values } = await make({ linkerd: { cni: true } });
    expect(values).toEqual({ ...base, cniEnabled: true });
  });

  test("is highly available when asked for", async () => {
    const { values } = await make({ linkerd: { highAvailability: true } });
    expect(values).toEqual({ ...highAvailabilityValues.controlPlane, ...base });
  });

  test("takes images from our registry, with our pull secrets", async () => {
    const { values } = await make({
      linkerd: { registry: "registry.example", pullSecrets: [{ name: "registry" }] },
    });
    expect(values).toEqual({
      ...base,
      imagePullSecrets: [{ name: "registry" }],
      controllerImage: "registry.example/controller",
      proxy: { image: { name: "registry.example/proxy" } },
      debugContainer: { image: { name: "registry.example/debug" } },
    });
  });

  test("lets failing webhooks pass on simulated clusters, whose pods answer nothing, even highly available", async () => {
    const { values } = await make({ east: simulated(1) });
    expect(values).toEqual({ ...base, webhookFailurePolicy: "Ignore" });
    const { values: available } = await make({
      linkerd: { highAvailability: true },
      east: simulated(1, { nodes: 3 }),
    });
    expect(available["webhookFailurePolicy"]).toBe("Ignore");
  });

  test("takes values of the environment over ours, and of the cluster over both", async () => {
    const { values } = await make({
      linkerd: {
        values: { controlPlane: { heartbeatSchedule: "5 5 * * *", controllerLogLevel: "debug", logs: 1 } },
      },
      east: existing(1, { values: { controlPlane: { controllerLogLevel: "trace" } } }),
    });
    expect(values).toEqual({
      ...base,
      heartbeatSchedule: "5 5 * * *",
      controllerLogLevel: "trace",
      logs: 1,
    });
  });
});

describe("what the chart renders", () => {
  async function rendered(props: Block) {
    const { chart } = await make();
    const [transform] = chart.transforms;
    const result = await transform?.({ name: "x", type: "x", custom: true, props, opts: {} });
    return (await valueOf(result?.props)) as typeof props;
  }

  test("gets the trust anchors and the webhooks' authority instead of their placeholders", async () => {
    const trustRoots = { data: { "ca-bundle.crt": base.identityTrustAnchorsPEM } };
    expect(await rendered(trustRoots)).toEqual({ data: { "ca-bundle.crt": trustBundle } });
    const configuration = { webhooks: [{ clientConfig: { caBundle: toBase64(webhook.caBundle) } }] };
    expect(await rendered(configuration)).toEqual({
      webhooks: [{ clientConfig: { caBundle: toBase64(caBundle) } }],
    });
  });

  test("has the real values in linkerd-config, which linkerd check compares", async () => {
    const text = `identityTrustAnchorsPEM: ${base.identityTrustAnchorsPEM}\nproxyInjector:\n  caBundle: ${webhook.caBundle}\n`;
    const { values } = await rendered({ values: text });
    expect(parse(values as string)).toEqual({
      identityTrustAnchorsPEM: trustBundle,
      proxyInjector: { caBundle },
    });
  });
});
