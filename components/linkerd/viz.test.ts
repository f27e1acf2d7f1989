import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing, linkerd } from "../../settings/test-examples.ts";
import { pem, record, toBase64, types, valueOf } from "../../tests/record.ts";
import { createWebhookTrust } from "../trust/webhook-trust.ts";
import { highAvailabilityValues } from "./values.ts";
import { Viz } from "./viz.ts";

type Block = Record<string, unknown>;

async function make(more: Block = {}, east: Block = existing(1)) {
  const settings = parseSettings(configuration({ linkerd: linkerd(more), clusters: { east } }));
  const { graph, result } = await record(() => {
    const [cluster] = settings.clusters;
    if (cluster === undefined) throw new Error("There is no cluster.");
    const provider = new k8s.Provider("east", {});
    const controlPlane = new k8s.helm.v4.Chart("control-plane", { chart: "x" }, { provider });
    return new Viz(
      "viz",
      {
        linkerd: settings.linkerd,
        cluster,
        trustFingerprint: pulumi.output("0123456789abcdef"),
        webhookTrust: createWebhookTrust(
          "webhooks",
          { cluster: "east", authorities: ["1"], lifetime: 720, renewal: undefined },
          {},
        ),
        dependsOn: [controlPlane],
      },
      { providers: [provider] },
    );
  });
  const chart = graph.named("viz-chart");
  return { graph, result, chart, values: chart.inputs["values"] };
}

const webhook = { externalSecret: true, caBundle: "LATE-VALUE-webhook-ca" };

const base = {
  linkerdNamespace: "linkerd",
  clusterDomain: "cluster.local",
  identityTrustDomain: "cluster.local",
  createNamespaceMetadataJob: false,
  podAnnotations: { "mesh/trust": "LATE-VALUE-trust-fingerprint" },
  tap: webhook,
  tapInjector: webhook,
};

describe("viz", () => {
  test("is a namespace, two webhook certificates and a chart, all on its cluster", async () => {
    const { graph } = await make();
    expect(graph.children("viz")).toEqual({
      "viz-namespace": types.namespace,
      "viz-tap": "mesh:trust:WebhookCertificate",
      "viz-tap-injector": "mesh:trust:WebhookCertificate",
      "viz-chart": types.chart,
    });
    expect(graph.kubernetes.map(({ name }) => graph.provider(name))).toEqual(
      graph.kubernetes.map(() => "east"),
    );
  });

  test("comes after the control plane and the Secrets that its pods mount", async () => {
    const { graph } = await make();
    expect(graph.dependencies("viz-chart")).toEqual([
      "control-plane",
      "viz-namespace",
      "viz-tap-injector-secret",
      "viz-tap-secret",
    ]);
  });

  test("is marked as an extension for linkerd check", async () => {
    const { graph } = await make();
    expect(graph.named("viz-namespace").inputs["metadata"]).toEqual({
      name: "linkerd-viz",
      labels: { "linkerd.io/extension": "viz", "pod-security.kubernetes.io/enforce": "privileged" },
      annotations: {},
    });
  });

  test("has a certificate for each webhook's Service", async () => {
    const { graph, result } = await make();
    expect(
      ["viz-tap", "viz-tap-injector"].map((name) => [
        graph.named(`${name}-request`).inputs["dnsNames"],
        graph.named(`${name}-secret`).inputs["metadata"],
      ]),
    ).toEqual([
      [["tap.linkerd-viz.svc"], { name: "tap-k8s-tls", namespace: "linkerd-viz" }],
      [["tap-injector.linkerd-viz.svc"], { name: "tap-injector-k8s-tls", namespace: "linkerd-viz" }],
    ]);
    const ends = Object.entries(result.webhookCertificates).map(([service, { expires }]) => [
      service,
      expires,
    ]);
    expect(await valueOf(pulumi.output(Object.fromEntries(ends)))).toEqual({
      tap: "end of viz-tap-certificate",
      "tap-injector": "end of viz-tap-injector-certificate",
    });
  });
});

describe("its chart", () => {
  test("makes no certificate and runs no hook", async () => {
    const { chart } = await make();
    expect(chart.inputs).toEqual({
      chart: "linkerd-viz",
      version: "2026.8.3",
      repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
      name: "linkerd-viz",
      namespace: "linkerd-viz",
      values: base,
    });
    expect(chart.propertyDependencies["values"]).toBeUndefined();
  });

  test("follows its cluster", async () => {
    const { values } = await make(
      {},
      existing(1, {
        controlPlaneNamespace: "mesh",
        clusterDomain: "east.local",
        trustDomain: "east.example",
      }),
    );
    expect(values).toEqual({
      ...base,
      linkerdNamespace: "mesh",
      clusterDomain: "east.local",
      identityTrustDomain: "east.example",
    });
  });

  test("is highly available when asked for, its webhooks still ours", async () => {
    const { values } = await make({ highAvailability: true });
    const { tap, ...rest } = highAvailabilityValues.viz;
    expect(values).toEqual({ ...rest, ...base, tap: { ...tap, ...webhook } });
  });

  test("takes every image from our registry, Prometheus too", async () => {
    const { values } = await make({ registry: "registry.example", pullSecrets: [{ name: "registry" }] });
    expect(values).toEqual({
      ...base,
      imagePullSecrets: [{ name: "registry" }],
      defaultRegistry: "registry.example",
      prometheus: { image: { registry: "registry.example" } },
    });
  });

  test("takes values of the environment over ours, and of the cluster over both", async () => {
    const { values } = await make(
      { values: { viz: { prometheus: { enabled: false }, prometheusUrl: "a" } } },
      existing(1, { values: { viz: { prometheusUrl: "b" } } }),
    );
    expect(values).toEqual({ ...base, prometheus: { enabled: false }, prometheusUrl: "b" });
  });

  test("renders the webhooks' authority in the API service of tap", async () => {
    const { chart } = await make();
    const props = { spec: { caBundle: toBase64(webhook.caBundle) } };
    const result = await chart.transforms[0]?.({ name: "x", type: "x", custom: true, props, opts: {} });
    expect(await valueOf(result?.props)).toEqual({
      spec: { caBundle: toBase64(pem("CERTIFICATE", "webhooks-certificate").trim()) },
    });
  });
});
