import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import type { LinkSettings } from "../../settings/settings.ts";
import { configuration, existing, linkerd, simulated } from "../../settings/test-examples.ts";
import { record, types, valueOf } from "../../tests/record.ts";
import { Multicluster } from "./multicluster.ts";

type Block = Record<string, unknown>;
type Status = { ip?: string; hostname?: string }[];

interface Variation {
  readonly linkerd?: Block;
  readonly east?: Block;
  readonly mirroring?: Block;
  readonly links?: readonly Pick<LinkSettings, "target" | "carries">[];
  readonly probePorts?: Record<string, number>;
  /** Services that the chart renders, with what their load balancers say. */
  readonly services?: Record<string, { loadBalancer: { ingress?: Status } } | undefined>;
}

async function make(variation: Variation = {}) {
  const { east = existing(1), links = [], probePorts = {}, services = {} } = variation;
  const settings = parseSettings(
    configuration({
      linkerd: linkerd(variation.linkerd),
      clusters: { east },
      links: variation.mirroring ?? {},
    }),
  );
  const statuses = new Map(
    Object.entries(services).map(([name, status]) => [
      `extension-chart:linkerd-multicluster/${name}`,
      status,
    ]),
  );
  const { graph, result } = await record(
    () => {
      const [cluster] = settings.clusters;
      if (cluster === undefined) throw new Error("There is no cluster.");
      const provider = new k8s.Provider("east", {});
      const controlPlane = new k8s.helm.v4.Chart("control-plane", { chart: "x" }, { provider });
      return new Multicluster(
        "extension",
        {
          linkerd: settings.linkerd,
          cluster,
          links,
          probePorts,
          mirroring: settings.mirroring,
          trustFingerprint: pulumi.output("0123456789abcdef"),
          dependsOn: [controlPlane],
        },
        { providers: [provider] },
      );
    },
    {
      outputs: ({ name }) => {
        if (name === "extension-chart") {
          return { resources: [...statuses.keys()].map((service) => new k8s.core.v1.Service(service)) };
        }
        return statuses.has(name) ? { status: statuses.get(name) } : undefined;
      },
    },
  );
  const chart = graph.named("extension-chart");
  return { graph, result, chart, values: chart.inputs["values"] as Block };
}

const base = {
  linkerdNamespace: "linkerd",
  identityTrustDomain: "cluster.local",
  createNamespaceMetadataJob: false,
  remoteMirrorServiceAccount: false,
  podAnnotations: { "mesh/trust": "LATE-VALUE-trust-fingerprint" },
  gateway: {
    enabled: true,
    serviceType: "LoadBalancer",
    deploymentAnnotations: { "mesh/trust": "LATE-VALUE-trust-fingerprint" },
    serviceAnnotations: { "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}" },
    port: 4143,
    probe: { port: 4191 },
  },
  controllers: [],
  enableNamespaceCreation: true,
  localServiceMirror: {
    excludedLabels:
      "app.kubernetes.io/managed-by,argocd.argoproj.io/*,helm.toolkit.fluxcd.io/*,kustomize.toolkit.fluxcd.io/*",
    excludedAnnotations:
      "argocd.argoproj.io/*,helm.toolkit.fluxcd.io/*,kubectl.kubernetes.io/*,kustomize.toolkit.fluxcd.io/*,meta.helm.sh/*,pulumi.com/*",
  },
};

describe("the multicluster extension", () => {
  test("is its namespace and its chart, on its cluster", async () => {
    const { graph, result } = await make();
    expect(graph.children("extension")).toEqual({
      "extension-namespace": types.namespace,
      "extension-chart": types.chart,
    });
    expect([graph.provider("extension-namespace"), graph.provider("extension-chart")]).toEqual([
      "east",
      "east",
    ]);
    expect(await valueOf(result.namespace)).toBe("linkerd-multicluster");
  });

  test("comes after the control plane, whose webhooks its objects meet", async () => {
    const { graph, result } = await make();
    expect(graph.dependencies("extension-chart")).toEqual(["control-plane", "extension-namespace"]);
    expect(await valueOf(result.chart.urn)).toBe(graph.named("extension-chart").urn);
  });

  test("is marked as an extension for linkerd check", async () => {
    const { graph } = await make({ linkerd: { cni: true } });
    expect(graph.named("extension-namespace").inputs["metadata"]).toEqual({
      name: "linkerd-multicluster",
      labels: { "linkerd.io/extension": "multicluster", "pod-security.kubernetes.io/enforce": "restricted" },
      annotations: {},
    });
  });
});

describe("its chart", () => {
  test("runs no hook and makes no remote access of its own", async () => {
    const { chart } = await make();
    expect(chart.inputs).toEqual({
      chart: "linkerd-multicluster",
      version: "2026.8.3",
      repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
      name: "linkerd-multicluster",
      namespace: "linkerd-multicluster",
      values: base,
    });
  });

  test("has values that are known before anything runs", async () => {
    const { chart } = await make({ links: [{ target: "west", carries: ["gateway"] }] });
    expect(chart.propertyDependencies["values"]).toBeUndefined();
    expect(chart.secrets).toEqual([]);
  });

  test("follows its cluster", async () => {
    const { values } = await make({
      east: existing(1, { controlPlaneNamespace: "mesh", trustDomain: "east.example" }),
    });
    expect(values).toEqual({ ...base, linkerdNamespace: "mesh", identityTrustDomain: "east.example" });
  });

  test("is highly available when asked for", async () => {
    const { values } = await make({ linkerd: { highAvailability: true } });
    expect(values).toEqual({
      ...base,
      gateway: { ...base.gateway, replicas: 3 },
      enablePodAntiAffinity: true,
      controllerDefaults: { replicas: 3, enablePodAntiAffinity: true },
      localServiceMirror: { ...base.localServiceMirror, replicas: 3 },
    });
  });

  test("takes every image from our registry, also the gateway's pause container", async () => {
    const { values } = await make({
      linkerd: { registry: "registry.example", pullSecrets: [{ name: "registry" }] },
    });
    const image = { name: "registry.example/controller" };
    expect(values).toEqual({
      ...base,
      imagePullSecrets: [{ name: "registry" }],
      gateway: { ...base.gateway, pauseImage: "registry.example/pause:3.2" },
      namespaceMetadata: { image: { registry: "registry.example" } },
      localServiceMirror: { ...base.localServiceMirror, image },
      controllerDefaults: { image },
    });
  });

  test("takes values of the environment over ours, and of the cluster over both", async () => {
    const { values } = await make({
      linkerd: { values: { multicluster: { gateway: { UID: 1, GID: 1 }, proxyOutboundPort: 1 } } },
      east: existing(1, { values: { multicluster: { gateway: { UID: 2 } } } }),
    });
    expect(values).toEqual({
      ...base,
      gateway: { ...base.gateway, UID: 2, GID: 1 },
      proxyOutboundPort: 1,
    });
  });
});

describe("a controller", () => {
  test("runs for each link from here, with a gateway only where the link carries it", async () => {
    const { values } = await make({
      links: [
        { target: "north", carries: ["gateway", "pod-to-pod", "federated"] },
        { target: "south", carries: ["pod-to-pod"] },
        { target: "west", carries: ["federated"] },
      ],
      probePorts: { north: 4191, south: 4191, west: 4191 },
    });
    expect(values["controllers"]).toEqual([
      { link: { ref: { name: "north" } }, gateway: { enabled: true, probe: { port: 4191 } } },
      { link: { ref: { name: "south" } }, gateway: { enabled: false } },
      { link: { ref: { name: "west" } }, gateway: { enabled: false } },
    ]);
  });

  test("probes the port of the target's gateway, which node ports change", async () => {
    const { values } = await make({
      links: [
        { target: "north", carries: ["gateway"] },
        { target: "west", carries: ["gateway"] },
      ],
      probePorts: { north: 30191, west: 4191 },
    });
    expect(values["controllers"]).toEqual([
      { link: { ref: { name: "north" } }, gateway: { enabled: true, probe: { port: 30191 } } },
      { link: { ref: { name: "west" } }, gateway: { enabled: true, probe: { port: 4191 } } },
    ]);
  });
});

describe("the gateway", () => {
  const gateway = async (settings: Block) =>
    (await make({ east: existing(1, { gateway: settings }) })).values["gateway"];

  test("is left out where it isn't wanted", async () => {
    expect(await gateway({ enabled: false })).toEqual({ ...base.gateway, enabled: false });
  });

  test("has its own ports and annotations", async () => {
    expect(
      await gateway({ port: 5143, probePort: 5191, annotations: { "example.com/internal": "true" } }),
    ).toEqual({
      ...base.gateway,
      port: 5143,
      probe: { port: 5191 },
      serviceAnnotations: { "example.com/internal": "true", ...base.gateway.serviceAnnotations },
    });
  });

  test("by node ports keeps the chart's own Service ports", async () => {
    const settings = {
      serviceType: "NodePort",
      port: 30143,
      probePort: 30191,
      addresses: ["192.168.1.7"],
      annotations: { "example.com/internal": "true" },
    };
    expect(await gateway(settings)).toEqual({
      enabled: true,
      serviceType: "NodePort",
      deploymentAnnotations: base.gateway.deploymentAnnotations,
      serviceAnnotations: { "example.com/internal": "true", "pulumi.com/skipAwait": "true" },
      nodePort: 30143,
      probe: { nodePort: 30191 },
    });
  });

  test("isn't waited for where its addresses are declared", async () => {
    expect(await gateway({ addresses: ["10.0.0.7"] })).toEqual({
      ...base.gateway,
      serviceAnnotations: { "pulumi.com/skipAwait": "true" },
    });
  });
});

describe("the gateway's addresses", () => {
  const addresses = async (variation: Variation) => valueOf((await make(variation)).result.gatewayAddresses);

  test("are what its load balancer says, in its order, IP addresses or names", async () => {
    const ingress = [
      { ip: "10.0.0.7" },
      { hostname: "lb.example" },
      { ip: "10.0.0.8", hostname: "b.example" },
    ];
    expect(
      await addresses({
        services: {
          "probe-west": { loadBalancer: { ingress: [{ ip: "10.9.9.9" }] } },
          "linkerd-gateway": { loadBalancer: { ingress } },
        },
      }),
    ).toEqual(["10.0.0.7", "lb.example", "10.0.0.8", "b.example"]);
  });

  test.each([
    ["there is no status", undefined],
    ["there is no load balancer yet", { loadBalancer: {} }],
  ])("are empty while %s", async (_case, status) => {
    expect(await addresses({ services: { "linkerd-gateway": status } })).toEqual([]);
  });

  test("are empty when the chart renders no gateway", async () => {
    expect(await addresses({ services: {} })).toEqual([]);
  });

  test("are those of a gateway by another name, where the cluster's values give it one", async () => {
    const ingress = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } });
    expect(
      await addresses({
        east: existing(1, { values: { multicluster: { gateway: { name: "door" } } } }),
        services: { "linkerd-gateway": ingress("10.0.0.1"), door: ingress("10.0.0.2") },
      }),
    ).toEqual(["10.0.0.2"]);
  });

  test("are the declared ones, whatever its Service says", async () => {
    expect(
      await addresses({
        east: existing(1, { gateway: { addresses: ["gateway.example", "10.0.0.9"] } }),
        services: { "linkerd-gateway": { loadBalancer: { ingress: [{ ip: "10.0.0.7" }] } } },
      }),
    ).toEqual(["gateway.example", "10.0.0.9"]);
  });

  test("are empty without a gateway", async () => {
    expect(
      await addresses({
        east: simulated(1, { gateway: { enabled: false, addresses: ["10.0.0.9"] } }),
      }),
    ).toEqual([]);
  });
});

describe("mirroring", () => {
  test("of headless services, into namespaces that are there, is what the links say", async () => {
    const { values } = await make({
      links: [{ target: "west", carries: ["gateway"] }],
      mirroring: { headless: true, createNamespaces: false },
    });
    expect(values).toMatchObject({
      enableNamespaceCreation: false,
      controllers: [{ link: { ref: { name: "west" } }, enableHeadlessServices: true }],
    });
  });

  test("leaves out the same labels and annotations for a cluster's own members of federated services", async () => {
    const { values } = await make({ mirroring: { excludedLabels: ["a", "b/*"], excludedAnnotations: [] } });
    expect(values).toMatchObject({
      localServiceMirror: { excludedLabels: "a,b/*", excludedAnnotations: "" },
    });
  });
});

describe("the gateway's own policy", () => {
  const object = (kind: string, name: string) => ({ kind, metadata: { name }, spec: { identities: ["*"] } });

  /** A rendered object as the chart's transforms leave it. */
  async function rendered(kind: string, name: string): Promise<unknown> {
    const { chart } = await make({ east: existing(1, { trustDomain: "east.example" }) });
    const props = object(kind, name);
    const changed = await chart.transforms[0]?.({ custom: true, type: "", name: "", props, opts: {} });
    return changed?.props ?? props;
  }

  test("admits the gateway itself and nobody else, where the chart admits everyone", async () => {
    expect(await rendered("MeshTLSAuthentication", "any-meshed")).toEqual({
      ...object("MeshTLSAuthentication", "any-meshed"),
      spec: {
        identities: ["linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.east.example"],
      },
    });
  });

  test.each([
    ["MeshTLSAuthentication", "other"],
    ["ServiceAccount", "any-meshed"],
  ])("is the only thing that is changed: not %s %s", async (kind, name) => {
    expect(await rendered(kind, name)).toEqual(object(kind, name));
  });
});
