import * as command from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import type { GivenCertificate } from "../../settings/settings.ts";
import { configuration, existing, linkerd } from "../../settings/test-examples.ts";
import { pem, record, types, valueOf, type Graph } from "../../tests/record.ts";
import { Linkerd } from "./linkerd.ts";

type Block = Record<string, unknown>;

const anchor = pem("CERTIFICATE", "anchor").trim();

interface Variation {
  readonly linkerd?: Block;
  readonly east?: Block;
  readonly peers?: Record<string, Block>;
  readonly issuer?: GivenCertificate;
}

/** Linkerd on east, with the peers that are given, everything through east's own providers. */
async function make({ linkerd: more = {}, east = {}, peers = {}, issuer }: Variation = {}) {
  const settings = parseSettings(
    configuration({ linkerd: linkerd(more), clusters: { east: existing(1, east), ...peers } }),
  );
  return record(() => {
    const cluster = settings.clusters.find(({ name }) => name === "east");
    if (cluster === undefined) throw new Error("There is no east.");
    return new Linkerd(
      "east-linkerd",
      {
        linkerd: settings.linkerd,
        cluster: { ...cluster, issuer },
        access: { kubeconfig: pulumi.secret("kubeconfig of east") },
        trustBundle: pulumi.output(anchor),
        signerId: "1",
        signer: {
          certificate: pulumi.output(anchor),
          privateKey: pulumi.secret(pem("EC PRIVATE KEY", "anchor")),
        },
        trust: { ...settings.trust, issuerLifetime: 48, webhookLifetime: 24 },
        renewals: { issuer: undefined, webhooks: undefined },
        peers: settings.clusters.filter(({ name }) => name !== "east"),
      },
      { providers: [new k8s.Provider("east", {}), new tls.Provider("tls"), new command.Provider("command")] },
    );
  });
}

function valuesOf(graph: Graph, chart: string): unknown {
  return graph.named(`east-linkerd-${chart}-chart`).inputs["values"];
}

describe("Linkerd on a cluster", () => {
  test("is certificates, definitions, control plane and viz", async () => {
    const { graph } = await make();
    expect(graph.children("east-linkerd")).toEqual({
      "east-linkerd-issuer": "mesh:trust:ClusterIssuer",
      "east-linkerd-webhooks": "mesh:trust:WebhookAuthority",
      "east-linkerd-namespace": types.namespace,
      "east-linkerd-crds": "mesh:linkerd:CustomResourceDefinitions",
      "east-linkerd-control-plane": "mesh:linkerd:ControlPlane",
      "east-linkerd-viz": "mesh:linkerd:Viz",
    });
    expect(graph.named("east-linkerd").inputs).toEqual({ version: "2026.8.3" });
  });

  test("has the CNI plugin when asked for, and no viz when not", async () => {
    const { graph } = await make({ linkerd: { cni: true, viz: false } });
    expect(graph.children("east-linkerd")).toEqual({
      "east-linkerd-issuer": "mesh:trust:ClusterIssuer",
      "east-linkerd-webhooks": "mesh:trust:WebhookAuthority",
      "east-linkerd-namespace": types.namespace,
      "east-linkerd-crds": "mesh:linkerd:CustomResourceDefinitions",
      "east-linkerd-cni": "mesh:linkerd:Cni",
      "east-linkerd-control-plane": "mesh:linkerd:ControlPlane",
    });
  });

  test("makes everything through the cluster's own provider", async () => {
    const { graph } = await make({ linkerd: { cni: true } });
    expect(new Set(graph.kubernetes.map(({ name }) => graph.provider(name)))).toEqual(new Set(["east"]));
  });

  test("names everything after itself, so that a second cluster clashes with nothing", async () => {
    const { graph } = await make({
      linkerd: { cni: true, pullSecrets: [{ name: "a", dockerConfigJson: "{}" }] },
    });
    const names = graph.resources.filter(({ parent }) => parent !== undefined).map(({ name }) => name);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !name.startsWith("east-linkerd-"))).toEqual([]);
  });

  test("keeps its namespace out of its own injection", async () => {
    const { graph } = await make({ east: { controlPlaneNamespace: "mesh" } });
    expect(graph.named("east-linkerd-namespace").inputs["metadata"]).toEqual({
      name: "mesh",
      labels: {
        "linkerd.io/is-control-plane": "true",
        "linkerd.io/control-plane-ns": "mesh",
        "config.linkerd.io/admission-webhooks": "disabled",
        "pod-security.kubernetes.io/enforce": "privileged",
      },
      annotations: { "linkerd.io/inject": "disabled" },
    });
  });
});

describe("order", () => {
  const webhookSecrets = ["proxy-injector", "sp-validator", "policy-validator"].map(
    (service) => `east-linkerd-control-plane-linkerd-${service}-secret`,
  );

  test.each([
    ["without", false, []],
    ["with", true, ["east-linkerd-cni-chart"]],
  ])(
    "the control plane comes after definitions, Secrets and trust roots, %s CNI plugin",
    async (_with, cni, plugin) => {
      const { graph } = await make({ linkerd: { cni } });
      expect(graph.dependencies("east-linkerd-control-plane-chart")).toEqual(
        [
          ...plugin,
          "east-linkerd-control-plane-issuer",
          "east-linkerd-control-plane-trust-roots",
          "east-linkerd-crds-release",
          "east-linkerd-namespace",
          ...webhookSecrets,
        ].sort(),
      );
    },
  );

  test("viz comes after the control plane", async () => {
    const { graph } = await make();
    expect(graph.dependencies("east-linkerd-viz-chart")).toEqual([
      "east-linkerd-control-plane-chart",
      "east-linkerd-viz-namespace",
      "east-linkerd-viz-tap-injector-secret",
      "east-linkerd-viz-tap-secret",
    ]);
  });

  test("namespaces come first: everything in one waits for it", async () => {
    const { graph } = await make();
    expect(graph.dependencies("east-linkerd-control-plane-issuer")).toContain("east-linkerd-namespace");
    expect(graph.dependencies("east-linkerd-crds-release")).toContain("east-linkerd-namespace");
  });
});

describe("certificates", () => {
  test("the issuer is signed by the anchor for the cluster's trust domain, for as long as asked", async () => {
    const { graph, result } = await make({ east: { trustDomain: "east.example" } });
    expect(graph.named("east-linkerd-issuer-request").inputs["subject"]).toEqual({
      commonName: "identity.linkerd.east.example",
    });
    expect(graph.named("east-linkerd-issuer-certificate").inputs).toMatchObject({
      caCertPem: anchor,
      validityPeriodHours: 48,
    });
    expect(await valueOf(result.issuer.expires)).toBe("end of east-linkerd-issuer-certificate");
  });

  test("a given issuer is used instead", async () => {
    const issuer = { certificate: pem("CERTIFICATE", "given"), privateKey: pem("EC PRIVATE KEY", "given") };
    const { graph } = await make({ issuer });
    expect(graph.children("east-linkerd-issuer")).toEqual({});
    expect(graph.containing(pem("EC PRIVATE KEY", "given").trim())).toEqual([
      "east-linkerd-control-plane-issuer",
    ]);
  });

  test("all five webhooks last as long as asked, their authority ten years", async () => {
    const { graph, result } = await make();
    const lifetimes = graph.resources
      .filter(
        ({ name, inputs }) => "validityPeriodHours" in inputs && name !== "east-linkerd-issuer-certificate",
      )
      .map(({ inputs }) => inputs["validityPeriodHours"]);
    expect(lifetimes).toEqual([87_600, 24, 24, 24, 24, 24]);
    expect(Object.keys(result.webhookCertificates)).toEqual([
      "linkerd-proxy-injector",
      "linkerd-sp-validator",
      "linkerd-policy-validator",
      "tap",
      "tap-injector",
    ]);
  });

  test("private keys are in Kubernetes Secrets and certificate requests, and nowhere else", async () => {
    const { graph } = await make({ linkerd: { cni: true } });
    const found = graph.containing("PRIVATE KEY").map((name) => graph.named(name));
    expect(new Set(found.map(({ type }) => type))).toEqual(
      new Set([types.secret, types.request, types.certificate, types.selfSignedCertificate]),
    );
    expect(graph.exposing("PRIVATE KEY")).toEqual([]);
  });
});

describe("peers", () => {
  test("their pod networks are discovered where they aren't private", async () => {
    const { graph } = await make({ peers: { west: existing(2, { podNetworks: "203.0.113.0/24" }) } });
    expect(valuesOf(graph, "control-plane")).toMatchObject({
      clusterNetworks: "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8,203.0.113.0/24",
    });
  });

  test("every chart is told the same registry", async () => {
    const { graph } = await make({ linkerd: { cni: true, registry: "registry.example" } });
    const charts = graph.ofType(types.chart).map(({ name }) => name);
    expect(charts).toHaveLength(3);
    expect(charts.filter((name) => !graph.containing("registry.example").includes(name))).toEqual([]);
  });
});
