import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import type { K3dAnswer, K3dNode } from "./components/cluster/k3d-cluster.ts";
import { exclusionsOf, exclusionVariable } from "./settings/left-out.ts";
import { clustersNamed, configuration, existing, k3d, simulated } from "./settings/test-examples.ts";
import {
  kubeconfigOf,
  pem,
  record,
  types,
  valueOf,
  type Graph,
  type RecordOptions,
  type Registered,
} from "./tests/record.ts";

// Some of the graphs are large, and other tests run at the same time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Runs index.ts anew with a stack's configuration. */
async function run(settings: Record<string, unknown>, options?: RecordOptions) {
  vi.resetModules();
  vi.stubEnv("LINKERD_CHARTS_DIR", undefined);
  const { graph, result } = await record(() => {
    pulumi.runtime.setAllConfig(
      Object.fromEntries(
        Object.entries(configuration(settings)).map(([key, value]) => [
          `mesh:${key}`,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      ),
    );
    return import("./index.ts");
  }, options);
  return { graph, outputs: result };
}

const carries = ["gateway", "pod-to-pod", "federated"];

/** Two simulated clusters, linked both ways for everything, each with a service. */
const twoClusters = {
  clusters: {
    east: simulated(1),
    west: simulated(2, { gateway: { addresses: ["10.0.0.7", "west.example"] } }),
  },
  links: { topology: "mesh", carries },
  services: [
    { cluster: "east", namespace: "shop", name: "cart", export: ["gateway", "federated"], clients: "any" },
    {
      cluster: "west",
      namespace: "shop",
      name: "search",
      export: "pod-to-pod",
      clients: ["east/shop/web"],
      ports: 8080,
    },
  ],
  routes: [
    { cluster: "east", namespace: "shop", service: "search", port: 8080, backends: [{ from: "west" }] },
  ],
};

let graph: Graph;
let outputs: Awaited<ReturnType<typeof run>>["outputs"];

beforeAll(async () => {
  ({ graph, outputs } = await run(twoClusters));
});

afterAll(() => {
  vi.unstubAllEnvs();
});

/** Names of the components and providers at the top, and the cluster that each one is on. */
const home: Record<string, string | undefined> = {
  tls: undefined,
  command: undefined,
  "trust-anchor": undefined,
  east: "east",
  west: "west",
  "east-linkerd": "east",
  "west-linkerd": "west",
  "east-to-west": "east",
  "west-to-east": "west",
  "east-to-west-access": "west",
  "west-to-east-access": "east",
  "east-to-west-gateway": "west",
  "west-to-east-gateway": "east",
  "east/shop/cart": "east",
  "west/shop/search": "west",
  "west/shop/search-authorization": "west",
  "east/shop/search-route": "east",
};

function isProvider({ type }: Registered): boolean {
  return type.startsWith("pulumi:providers:");
}

function countByType(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of graph.resources) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Names of what is at the top of everything that must exist before a component's resources. */
function needs(root: string): string[] {
  const own = graph.resources.filter((resource) => graph.root(resource).name === root);
  const before = own.flatMap(({ urn }) => [...graph.ancestors(urn)]);
  const roots = before.map((urn) => graph.root(graph.withUrn(urn)).name);
  return [...new Set(roots)].filter((name) => name !== root).sort();
}

describe("two clusters, linked both ways", () => {
  test("are one component each for cluster, install, access, link and service", () => {
    expect(graph.children()).toEqual({
      tls: "pulumi:providers:tls",
      command: "pulumi:providers:command",
      "trust-anchor": "mesh:trust:TrustAnchor",
      east: "mesh:cluster:SimulatedCluster",
      west: "mesh:cluster:SimulatedCluster",
      "east-linkerd": "mesh:linkerd:Linkerd",
      "west-linkerd": "mesh:linkerd:Linkerd",
      "east-to-west": "mesh:link:Link",
      "west-to-east": "mesh:link:Link",
      "east-to-west-access": "mesh:link:RemoteAccess",
      "west-to-east-access": "mesh:link:RemoteAccess",
      "east-to-west-gateway": "mesh:link:GatewayAuthorization",
      "west-to-east-gateway": "mesh:link:GatewayAuthorization",
      "east/shop/cart": "mesh:service:ExportedService",
      "west/shop/search": "mesh:service:ExportedService",
      "west/shop/search-authorization": "mesh:service:ServiceAuthorization",
      "east/shop/search-route": "mesh:service:TrafficRoute",
    });
    expect(Object.keys(graph.children()).sort()).toEqual(Object.keys(home).sort());
  });

  test("are so many resources of each type", () => {
    expect(countByType()).toEqual({
      "pulumi:providers:tls": 1,
      "pulumi:providers:command": 1,
      [types.kubernetesProvider]: 2,
      "mesh:trust:TrustAnchor": 1,
      "mesh:cluster:SimulatedCluster": 2,
      "mesh:linkerd:Linkerd": 2,
      "mesh:trust:ClusterIssuer": 2,
      "mesh:trust:WebhookAuthority": 2,
      "mesh:linkerd:CustomResourceDefinitions": 2,
      "mesh:linkerd:ControlPlane": 2,
      "mesh:linkerd:Multicluster": 2,
      "mesh:linkerd:Viz": 2,
      "mesh:trust:WebhookCertificate": 10,
      "mesh:link:RemoteAccess": 2,
      "mesh:link:Link": 2,
      "mesh:link:GatewayAuthorization": 2,
      "mesh:service:ExportedService": 2,
      "mesh:service:ServiceAuthorization": 1,
      "mesh:service:TrafficRoute": 1,
      // The anchor; on each cluster the issuer, the webhooks' authority and five webhooks.
      [types.privateKey]: 15,
      [types.selfSignedCertificate]: 3,
      [types.request]: 12,
      [types.certificate]: 12,
      // For each cluster its identity, processes, nodes and a clean-up of definitions, for each link one of mirrors.
      [types.command]: 12,
      [types.namespace]: 6,
      [types.release]: 2,
      [types.chart]: 6,
      // On each cluster an issuer and five webhooks, for each link a token and two credentials.
      [types.configMap]: 2,
      [types.secret]: 18,
      [types.serviceAccount]: 2,
      [types.role]: 2,
      [types.binding]: 2,
      [types.link]: 2,
      [types.servicePatch]: 2,
      // For each gateway who may pass it; for the closed service its callers, and who is here.
      [types.meshTlsAuthentication]: 3,
      [types.networkAuthentication]: 2,
      [types.authorizationPolicy]: 4,
      [types.server]: 1,
      [types.httpRoute]: 1,
    });
  });

  test("have every resource made by a provider that is named, on its own cluster", () => {
    const wrong = graph.resources
      .filter((resource) => (resource.custom || resource.remote) && !isProvider(resource))
      .filter((resource) => {
        const provider = resource.provider === undefined ? "none" : graph.withUrn(resource.provider).name;
        if (resource.type.startsWith("tls:")) return provider !== "tls";
        if (resource.type.startsWith("command:")) return provider !== "command";
        return provider !== home[graph.root(resource).name];
      });
    expect(wrong.map(({ name }) => name)).toEqual([]);
    expect(graph.kubernetes).toHaveLength(55);
  });

  test("take along everything on them when they go", () => {
    const wrong = graph.resources.filter((resource) => {
      const root = graph.root(resource).name;
      const isCluster = root === "east" || root === "west";
      const cluster = home[root];
      const isOn = !isCluster || resource.name.endsWith("-nodes");
      const expected = cluster === undefined || !isOn ? undefined : `${cluster}-processes`;
      return graph.deletedWith(resource.name, resource.type) !== expected;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test("export and name what they offer", async () => {
    const gateway = ["10.0.0.7", "west.example"];
    expect(await valueOf(pulumi.output(outputs.mesh))).toEqual({
      environment: "test",
      clusters: {
        east: {
          source: "simulated",
          version: "2026.8.3",
          trustDomain: "cluster.local",
          apiServer: "https://east-processes.test:6443",
          gateway: [],
        },
        west: {
          source: "simulated",
          version: "2026.8.3",
          trustDomain: "cluster.local",
          apiServer: "https://west-processes.test:6443",
          gateway,
        },
      },
      links: [
        { source: "east", target: "west", carries, gateway: gateway.join(",") },
        { source: "west", target: "east", carries, gateway: "" },
      ],
      services: [
        {
          service: "east/shop/cart",
          mirrors: ["west/shop/cart-east", "east/shop/cart-federated", "west/shop/cart-federated"],
        },
        { service: "west/shop/search", mirrors: ["east/shop/search-west"] },
      ],
      routes: [{ service: "east/shop/search", backends: ["search-west 1"] }],
    });
  });

  test("say when each certificate ends", async () => {
    const webhooks = (cluster: string) => ({
      "linkerd-proxy-injector": `end of ${cluster}-linkerd-control-plane-linkerd-proxy-injector-certificate`,
      "linkerd-sp-validator": `end of ${cluster}-linkerd-control-plane-linkerd-sp-validator-certificate`,
      "linkerd-policy-validator": `end of ${cluster}-linkerd-control-plane-linkerd-policy-validator-certificate`,
      tap: `end of ${cluster}-linkerd-viz-tap-certificate`,
      "tap-injector": `end of ${cluster}-linkerd-viz-tap-injector-certificate`,
    });
    expect(await valueOf(pulumi.output(outputs.expires))).toEqual({
      anchors: { "1": "end of trust-anchor-certificate" },
      issuers: {
        east: "end of east-linkerd-issuer-certificate",
        west: "end of west-linkerd-issuer-certificate",
      },
      webhooks: { east: webhooks("east"), west: webhooks("west") },
      webhookAuthorities: {
        east: { "1": "end of east-linkerd-webhooks-certificate" },
        west: { "1": "end of west-linkerd-webhooks-certificate" },
      },
    });
  });
});

describe("trust", () => {
  test("is an output that the next update compares itself with", async () => {
    const first = { asked: undefined, id: undefined };
    const dated = { ...first, since: "2026-01-01T00:00:00Z" };
    expect(await valueOf(pulumi.output(outputs.trust))).toEqual({
      trusted: ["1"],
      signers: { east: "1", west: "1" },
      issuers: { east: first, west: first },
      webhooks: { east: dated, west: dated },
      webhookAuthorities: { east: ["1"], west: ["1"] },
      credentials: { "east-to-west": dated, "west-to-east": dated },
      anchors: { "1": pem("CERTIFICATE", "trust-anchor-certificate").trimEnd() },
    });
    expect(await pulumi.isSecret(pulumi.output(outputs.trust))).toBe(false);
  });

  const deployed = (trust: object) => ({
    answers: () => ({ outputs: { trust: { renewals: {}, anchors: {}, ...trust } } }),
  });
  const one = { clusters: { east: simulated(1) } };

  test("is a resource for each generation, of which the first has its old name", async () => {
    const { graph: both, outputs: found } = await run(
      { ...one, trust: { generations: ["1", "2"], signer: "2", protect: true, issuerRenewals: { east: 3 } } },
      deployed({ trusted: ["1", "2"], signers: { east: "2" } }),
    );
    expect(Object.keys(both.children()).filter((name) => name.startsWith("trust"))).toEqual([
      "trust-anchor",
      "trust-anchor-2",
    ]);
    expect(both.resources.filter(({ protect }) => protect).map(({ name }) => name)).toEqual([
      "trust-anchor-2",
      "trust-anchor-2-key",
      "trust-anchor-2-certificate",
    ]);
    const certificate = (name: string) => pem("CERTIFICATE", name).trimEnd();
    expect(await valueOf(pulumi.output(found.trust))).toMatchObject({
      anchors: {
        "1": certificate("trust-anchor-certificate"),
        "2": certificate("trust-anchor-2-certificate"),
      },
    });
    expect(both.named("east-linkerd-issuer-certificate-3").inputs["caCertPem"]).toBe(
      pem("CERTIFICATE", "trust-anchor-2-certificate"),
    );
  });

  test("that skips a step is refused before anything is made", async () => {
    await expect(
      run({ ...one, trust: { generations: ["2"] } }, deployed({ trusted: ["1"], signers: { east: "1" } })),
    ).rejects.toThrow(/skips a step: one update trusts 2 and signs with 2 and drops 1/);
  });
});

describe("credentials of links", () => {
  test("are renewed on demand, by age, and end in an output where they have one", async () => {
    const credentials = { renewals: { "west-to-east": 2 }, lifetime: "720h" };
    const trust = {
      trusted: ["1"],
      signers: { east: "1", west: "1" },
      anchors: {},
      credentials: { "east-to-west": { since: "2026-01-01T00:00:00Z" } },
    };
    const { graph: renewed, outputs: found } = await run(
      { ...twoClusters, links: { ...twoClusters.links, credentials } },
      { answers: () => ({ outputs: { trust } }) },
    );
    const tokens = renewed.ofType(types.secret).map(({ name }) => name);
    expect(tokens.filter((name) => name.includes("-token")).sort()).toEqual([
      "east-to-west-access-token-20260131t000000z",
      "west-to-east-access-token-2",
    ]);
    expect(await valueOf(pulumi.output(found.expires))).toMatchObject({
      credentials: { "east-to-west": "2026-01-31T00:00:00.000Z" },
    });
  });

  test("that are revoked open nothing on the target, and leave the other direction alone", async () => {
    const links = { ...twoClusters.links, credentials: { revoked: ["east-to-west"] } };
    const { graph: revoked } = await run({ ...twoClusters, links });
    const names = revoked.resources.map(({ name }) => name);
    const gone = graph.resources.map(({ name }) => name).filter((name) => !names.includes(name));
    expect(gone.sort()).toEqual([
      "east-to-west-access-binding",
      "east-to-west-gateway",
      "east-to-west-gateway-identities",
      "east-to-west-gateway-policy",
      "west/shop/search-authorization-AuthorizationPolicy-search-8080-from-east",
      "west/shop/search-authorization-MeshTLSAuthentication-search-from-east",
      "west/shop/search-authorization-NetworkAuthentication-search-from-east",
    ]);
  });
});

describe("secrets", () => {
  test("private keys, tokens and kubeconfigs are never in the open", () => {
    for (const text of ["PRIVATE KEY", "token of ", "-processes-token"]) {
      expect(graph.containing(text)).not.toEqual([]);
      expect(graph.exposing(text)).toEqual([]);
    }
  });

  test("no chart has one, not even a secret one", () => {
    const charts = graph.resources.filter(({ type }) => type === types.chart || type === types.release);
    expect(charts).toHaveLength(8);
    expect(charts.flatMap(({ secrets }) => secrets)).toEqual([]);
    const names = charts.map(({ name }) => name);
    expect(graph.containing("PRIVATE KEY").filter((name) => names.includes(name))).toEqual([]);
  });

  test("kubeconfigs are a secret output, the others are none", async () => {
    expect(await pulumi.isSecret(outputs.kubeconfigs)).toBe(true);
    expect(await valueOf(outputs.kubeconfigs)).toEqual({
      east: kubeconfigOf("east-processes"),
      west: kubeconfigOf("west-processes"),
    });
    expect(await pulumi.isSecret(pulumi.output(outputs.mesh))).toBe(false);
    expect(await pulumi.isSecret(pulumi.output(outputs.expires))).toBe(false);
  });
});

describe("order", () => {
  test("an install waits for its own cluster and the anchor, never for a peer or a link", () => {
    expect(needs("east-linkerd")).toEqual(["command", "east", "tls", "trust-anchor"]);
    expect(needs("west-linkerd")).toEqual(["command", "tls", "trust-anchor", "west"]);
  });

  test("access waits for nothing of its source, a link for both ends and its own access", () => {
    expect(needs("east-to-west-access")).toEqual(["command", "tls", "trust-anchor", "west", "west-linkerd"]);
    expect(needs("east-to-west")).toEqual([
      "command",
      "east",
      "east-linkerd",
      "east-to-west-access",
      "tls",
      "trust-anchor",
      "west",
      "west-linkerd",
    ]);
  });

  test("a link comes after the extension on both ends, which serve and read it", () => {
    const charts = ["east-linkerd-multicluster-chart", "west-linkerd-multicluster-chart"];
    for (const name of ["mirror-credentials", "destination-credentials", "link"]) {
      expect(graph.dependencies(`east-to-west-${name}`)).toEqual(expect.arrayContaining(charts));
      expect(graph.dependencies(`west-to-east-${name}`)).toEqual(expect.arrayContaining(charts));
    }
  });

  test("an export waits for the links that carry it", async () => {
    const { graph: three } = await run({
      ...twoClusters,
      clusters: { ...twoClusters.clusters, north: simulated(3) },
      links: {
        oneWay: [
          { source: "west", target: "east", carries: ["gateway"] },
          { source: "north", target: "east", carries: ["federated"] },
          { source: "east", target: "west", carries: ["pod-to-pod"] },
          { source: "north", target: "west", carries: ["gateway"] },
        ],
      },
    });
    expect(three.dependencies("east/shop/cart-labels")).toEqual(["north-to-east-link", "west-to-east-link"]);
    expect(three.dependencies("west/shop/search-labels")).toEqual(["east-to-west-link"]);
  });

  test("nothing waits for itself", () => {
    expect(graph.urns.filter((urn) => graph.ancestors(urn).has(urn))).toEqual([]);
  });

  test("pod-to-pod links between k3d clusters come after the routes of both", async () => {
    const node = { name: "x", address: "172.18.0.2", podNetwork: "10.1.0.0/24", started: "now" };
    const { graph: routed } = await run(
      {
        clusters: { east: k3d(1), west: k3d(2) },
        links: { oneWay: [{ source: "east", target: "west", carries: ["pod-to-pod"] }] },
      },
      { answers: () => ({ stdout: JSON.stringify({ found: [node] } satisfies K3dAnswer<K3dNode[]>) }) },
    );
    expect(routed.dependencies("east-to-west-link")).toEqual([
      "east-linkerd-multicluster-chart",
      "east-linkerd-multicluster-namespace",
      "east-routes",
      // Its spec says which credentials are to be read.
      "east-to-west-access-token",
      "east-to-west-mirrors",
      "west-kubeconfig",
      "west-linkerd-multicluster-chart",
      "west-routes",
    ]);
  });
});

describe("access", () => {
  test("is one ServiceAccount for each source, on the target, and its token goes to that source only", () => {
    const token = "token of east-to-west-access-token";
    // In the kubeconfig that east has of west, twice.
    expect(graph.containing(token).sort()).toEqual([
      "east-to-west-destination-credentials",
      "east-to-west-mirror-credentials",
    ]);
    expect(graph.named("east-to-west-access-service-account").inputs["metadata"]).toMatchObject({
      name: "linkerd-service-mirror-remote-access-east",
    });
  });
});

describe("a stack that grows", () => {
  const mesh = (...names: string[]) => ({
    clusters: clustersNamed(names),
    links: { topology: "mesh", carries },
  });

  test("leaves what is there in place: a third cluster only adds resources", async () => {
    const { graph: before } = await run(mesh("east", "west"));
    const { graph: after } = await run(mesh("east", "west", "north"));
    expect(before.urns.filter((urn) => !after.urns.includes(urn))).toEqual([]);
    const added = after.resources.filter(({ urn }) => !before.urns.includes(urn));
    expect([...new Set(added.map((resource) => after.root(resource).name))].sort()).toEqual([
      "east-to-north",
      "east-to-north-access",
      "east-to-north-gateway",
      "north",
      "north-linkerd",
      "north-to-east",
      "north-to-east-access",
      "north-to-east-gateway",
      "north-to-west",
      "north-to-west-access",
      "north-to-west-gateway",
      "west-to-north",
      "west-to-north-access",
      "west-to-north-gateway",
    ]);
  });

  test("changes one chart on each old cluster, which gets a controller for the new link", async () => {
    const { graph: before } = await run(mesh("east", "west"));
    const { graph: after } = await run(mesh("east", "west", "north"));
    const changed = before.resources.filter(
      ({ urn, inputs }) => JSON.stringify(after.withUrn(urn).inputs) !== JSON.stringify(inputs),
    );
    expect(changed.map(({ name }) => name).sort()).toEqual([
      "east-linkerd-multicluster-chart",
      "west-linkerd-multicluster-chart",
    ]);
    const { values } = after.named("east-linkerd-multicluster-chart").inputs as {
      values: { controllers: { link: { ref: { name: string } } }[] };
    };
    expect(values.controllers.map(({ link }) => link.ref.name)).toEqual(["north", "west"]);
  });

  test("doesn't care in which order its clusters are written", async () => {
    const { graph: one } = await run({
      ...twoClusters,
      clusters: { east: simulated(1), west: simulated(2) },
    });
    const { graph: other } = await run({
      ...twoClusters,
      clusters: { west: simulated(2), east: simulated(1) },
    });
    expect(one.urns).toEqual(other.urns);
  });
});

describe("topologies", () => {
  const links = (found: Graph) => found.ofType("mesh:link:Link").map(({ name }) => name);

  test("hub and spoke of four clusters are six links", async () => {
    const { graph: other } = await run({
      clusters: clustersNamed(["hub", "a", "b", "c"]),
      links: { topology: "hub-and-spoke", hub: "hub", carries: ["gateway"] },
    });
    expect(links(other).sort()).toEqual([
      "a-to-hub",
      "b-to-hub",
      "c-to-hub",
      "hub-to-a",
      "hub-to-b",
      "hub-to-c",
    ]);
    expect(other.ofType("mesh:link:RemoteAccess")).toHaveLength(6);
  });

  test("without links, clusters are installed all the same", async () => {
    const { graph: other } = await run({ clusters: clustersNamed(["a", "b"]) });
    expect(links(other)).toEqual([]);
    expect(other.ofType("mesh:linkerd:Linkerd").map(({ name }) => name)).toEqual(["a-linkerd", "b-linkerd"]);
  });
});

describe("clusters that others made", () => {
  const { context: _context, ...adopted } = existing(2, { kubeconfig: kubeconfigOf("west") });

  test("don't take anything along, but clusters made here do", async () => {
    const { graph: other } = await run({
      clusters: { east: simulated(1), west: adopted },
      links: { topology: "mesh", carries },
    });
    const onWest = other.kubernetes.filter(({ name, type }) => other.provider(name, type) === "west");
    expect(onWest).toHaveLength(23);
    expect(onWest.map(({ name, type }) => other.deletedWith(name, type))).toEqual(
      onWest.map(() => undefined),
    );
    expect(other.deletedWith("east-to-west-link")).toBe("east-processes");
  });
});

describe("services", () => {
  test("are told apart however their names are put together", async () => {
    const service = (cluster: string, namespace: string, name: string) => ({
      cluster,
      namespace,
      name,
      export: "gateway",
    });
    const { graph: other } = await run({
      clusters: clustersNamed(["east", "east-shop", "west"]),
      links: { topology: "mesh", carries: ["gateway"] },
      services: [
        service("east", "shop", "cart-api"),
        service("east", "shop-cart", "api"),
        service("east-shop", "cart", "api"),
      ],
    });
    expect(other.ofType(types.servicePatch).map(({ inputs }) => inputs["metadata"])).toMatchObject([
      { namespace: "shop", name: "cart-api" },
      { namespace: "shop-cart", name: "api" },
      { namespace: "cart", name: "api" },
    ]);
  });
});

describe("what crosses", () => {
  const everywhere = { clusters: clustersNamed(["east", "west"]), links: { topology: "mesh", carries } };

  test("a gateway admits the identities of each linked cluster, from the networks that are given", async () => {
    const { graph: other } = await run({
      clusters: {
        east: simulated(1, { trustDomain: "east.example", egressNetworks: "192.0.2.0/24" }),
        west: simulated(2),
      },
      links: { oneWay: [{ source: "east", target: "west", clients: ["shop/web"] }] },
    });
    expect(other.named("east-to-west-gateway-identities").inputs["spec"]).toEqual({
      identities: ["web.shop.serviceaccount.identity.linkerd.east.example"],
    });
    expect(other.named("east-to-west-gateway-networks").inputs["spec"]).toEqual({
      networks: [{ cidr: "192.0.2.0/24" }],
    });
    expect(other.provider("east-to-west-gateway-policy")).toBe("west");
  });

  test("a link without gateway opens none", async () => {
    const { graph: other } = await run({
      ...everywhere,
      links: { topology: "mesh", carries: ["pod-to-pod"] },
    });
    expect(other.ofType("mesh:link:GatewayAuthorization")).toEqual([]);
  });

  test("a service that anyone may call is not closed, nor one that only a gateway calls", async () => {
    const { graph: other } = await run({
      ...everywhere,
      services: [
        { cluster: "east", namespace: "shop", name: "cart", export: "pod-to-pod", clients: "any" },
        { cluster: "east", namespace: "shop", name: "search", export: "gateway" },
      ],
    });
    expect(other.ofType("mesh:service:ServiceAuthorization")).toEqual([]);
  });

  test("a closed service is closed to the pods of every other cluster, linked or not", async () => {
    const { graph: other } = await run({
      clusters: clustersNamed(["east", "west", "north"]),
      links: { pairs: [{ clusters: ["east", "west"], carries: ["pod-to-pod"] }] },
      services: [
        {
          cluster: "east",
          namespace: "shop",
          name: "cart",
          export: "pod-to-pod",
          clients: ["west/shop/web"],
          ports: 80,
        },
      ],
    });
    const here = "east/shop/cart-authorization-NetworkAuthentication-cart-from-here";
    expect(other.named(here).inputs["spec"]).toMatchObject({
      networks: [{ except: ["10.2.0.0/16", "10.3.0.0/16"] }, {}],
    });
  });

  test("members of a federated service join one after the other", async () => {
    const member = { namespace: "shop", name: "cart", export: "federated", clients: "any" };
    const { graph: other } = await run({
      ...everywhere,
      services: [
        { ...member, cluster: "east" },
        { ...member, cluster: "west" },
      ],
    });
    expect(other.dependencies("east/shop/cart-labels")).toEqual(["west-to-east-link"]);
    expect(other.dependencies("west/shop/cart-labels")).toEqual([
      "east-to-west-link",
      "east/shop/cart-labels",
    ]);
  });

  test("a route comes after what exports its backends", () => {
    expect(graph.dependencies("east/shop/search-route-route")).toContain("west/shop/search-labels");
  });
});

describe("emojivoto", () => {
  const split = (emojivoto: unknown) => ({
    clusters: clustersNamed(["east", "west"]),
    links: { topology: "mesh", carries },
    emojivoto,
  });

  test("is web here, its back ends there, exports between them and routes to them", async () => {
    const { graph: other } = await run(split(true));
    const names = (type: string) =>
      other
        .ofType(type)
        .map(({ name }) => name)
        .sort();
    expect(names("mesh:emojivoto:Emojivoto")).toEqual(["east/emojivoto", "west/emojivoto"]);
    expect(names("mesh:service:ExportedService")).toEqual([
      "east/emojivoto/web-svc",
      "west/emojivoto/emoji-svc",
      "west/emojivoto/voting-svc",
    ]);
    expect(names("mesh:service:TrafficRoute")).toEqual([
      "east/emojivoto/emoji-svc-route",
      "east/emojivoto/voting-svc-route",
    ]);
    expect(names("mesh:service:ServiceAuthorization")).toEqual([]);
    expect(other.dependencies("east/emojivoto/emoji-svc-route-placeholder")).toContain(
      "east/emojivoto-namespace",
    );
    expect(other.dependencies("west/emojivoto/emoji-svc-service")).toContain("west/emojivoto-namespace");
    // Who calls the other cluster starts when there is something to call.
    expect(other.dependencies("east/emojivoto-web-deployment")).toEqual(
      expect.arrayContaining(["west/emojivoto/emoji-svc-service", "west/emojivoto/voting-svc-service"]),
    );
    expect(other.dependencies("west/emojivoto-vote-bot-deployment")).toContain(
      "east/emojivoto/web-svc-service",
    );
  });

  test("pod-to-pod, closes its services to all but who calls them", async () => {
    const { graph: other } = await run(split({ mode: "pod-to-pod" }));
    const identities = other
      .ofType(types.meshTlsAuthentication)
      .filter(({ name }) => name.includes("emojivoto"))
      .map(({ inputs }) => (inputs["spec"] as { identities: string[] }).identities)
      .sort();
    const suffix = "emojivoto.serviceaccount.identity.linkerd.cluster.local";
    expect(identities).toEqual([[`vote-bot.${suffix}`], [`web.${suffix}`], [`web.${suffix}`]]);
  });

  test("is off unless it is asked for", async () => {
    const { graph: other } = await run(split(false));
    expect(other.ofType("mesh:emojivoto:Emojivoto")).toEqual([]);
  });
});

test("every output is there, since the engine warns of each that isn't", () => {
  const missing = Object.entries(outputs).filter(([, output]) => (output as unknown) === undefined);
  expect(missing).toEqual([]);
});

test("settings that are wrong stop the program before it makes anything", async () => {
  await expect(run({ clusters: {} })).rejects.toThrow(
    "The settings have 1 problem; nothing was created or changed.\n\n  clusters\n    is empty",
  );
});

describe("a cluster that can't be reached", () => {
  const three = {
    clusters: { east: simulated(1), north: simulated(3), west: simulated(2) },
    links: { topology: "mesh", carries },
    services: twoClusters.services,
    routes: twoClusters.routes,
    emojivoto: true,
  };
  const exclusions = exclusionsOf({ name: "west", source: "simulated" });
  // As the engine reads them (pulumi pkg/resource/deploy/deployment.go, getMatcher).
  const quoted = (text: string) => text.replace(/[$()+./?[\\\]^{|}-]/g, "\\$&");
  const matches = exclusions.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split("**")
          .map((part) => part.split("*").map(quoted).join("[^:]*"))
          .join(".*")}$`,
      ),
  );
  const isExcluded = (urn: string) => matches.some((pattern) => pattern.test(urn));
  const roots = (all: Graph) => Object.keys(all.children()).sort();

  test("is left out with its links, and nothing else is; what the engine leaves out is exactly that", async () => {
    const { graph: whole } = await run(three);
    vi.stubEnv(exclusionVariable, exclusions.join(","));
    const { graph: without } = await run(three, { answers: () => ({ outputs: {} }) });
    vi.stubEnv(exclusionVariable, undefined);
    const leftOut = whole.resources.filter(({ urn }) => isExcluded(urn));
    expect([...new Set(leftOut.map((resource) => whole.root(resource).name))].sort()).toEqual([
      "east-to-west",
      "east-to-west-access",
      "east-to-west-gateway",
      "north-to-west",
      "north-to-west-access",
      "north-to-west-gateway",
      "west",
      "west-linkerd",
      "west-to-east",
      "west-to-east-access",
      "west-to-east-gateway",
      "west-to-north",
      "west-to-north-access",
      "west-to-north-gateway",
      "west/shop/search",
      "west/shop/search-authorization",
    ]);
    // Parts of a component are never left out without it, nor without its other parts.
    const rest = whole.resources.filter(({ urn }) => !isExcluded(urn)).map(({ urn }) => urn);
    const added = without.resources.filter(({ urn }) => !rest.includes(urn));
    expect(added.map(({ name }) => name)).toEqual(["west-left-out"]);
    expect(added.every(({ urn }) => isExcluded(urn))).toBe(true);
    expect(rest.filter((urn) => !without.urns.includes(urn))).toEqual([]);
    expect(roots(without)).toContain("east-to-north");
  });

  test("leaves the others as they are: their inputs don't change", async () => {
    const { graph: whole } = await run(three);
    vi.stubEnv(exclusionVariable, exclusions.join(","));
    const { graph: without } = await run(three, { answers: () => ({ outputs: {} }) });
    vi.stubEnv(exclusionVariable, undefined);
    const changed = without.resources
      .filter(({ name }) => name !== "west-left-out")
      .filter(({ urn, inputs }) => JSON.stringify(inputs) !== JSON.stringify(whole.withUrn(urn).inputs));
    expect(changed.map(({ name }) => name)).toEqual([]);
  });

  test("is still known to the outputs", async () => {
    const west = {
      source: "simulated",
      trustDomain: "cluster.local",
      apiServer: "https://w",
      gateway: ["a"],
    };
    const link = { source: "east", target: "west", carries: ["gateway"], gateway: "a" };
    const last = {
      mesh: { clusters: { west }, links: [link] },
      trust: {
        trusted: ["1"],
        signers: { west: "1" },
        issuers: { west: { asked: "3", id: "3" } },
        anchors: {},
      },
      expires: {
        issuers: { west: "2100-01-01T00:00:00Z" },
        webhooks: { west: { tap: "2100-01-01T00:00:00Z" } },
      },
      kubeconfigs: { west: "its kubeconfig" },
    };
    vi.stubEnv(exclusionVariable, exclusions.join(","));
    const { outputs: found } = await run(three, { answers: () => ({ outputs: last }) });
    vi.stubEnv(exclusionVariable, undefined);
    const mesh = await valueOf(pulumi.output(found.mesh));
    expect(mesh.clusters).toMatchObject({ west, east: { source: "simulated" } });
    expect(mesh.links.filter(({ target }) => target === "west")).toEqual([link]);
    expect(await valueOf(found.trust)).toMatchObject({
      signers: { west: "1" },
      issuers: { west: { asked: "3", id: "3" } },
    });
    expect(await valueOf(pulumi.output(found.expires))).toMatchObject({
      issuers: { west: "2100-01-01T00:00:00Z" },
      webhooks: { west: { tap: "2100-01-01T00:00:00Z" } },
    });
    expect(await valueOf(found.kubeconfigs)).toMatchObject({ west: "its kubeconfig" });
    expect(await pulumi.isSecret(found.kubeconfigs)).toBe(true);
  });
});

describe("a cluster that went missing from the stack file", () => {
  const deployed = { answers: () => ({ outputs: { mesh: { clusters: { east: {}, west: {} } } } }) };
  const one = { clusters: { east: simulated(1) } };

  test("is refused before anything is made, unless it is retired", async () => {
    await expect(run(one, deployed)).rejects.toThrow(
      /clusters.west\n {4}is deployed, but no longer there[^]*adding west to retired/,
    );
    const { graph: retired } = await run({ ...one, retired: ["west"] }, deployed);
    expect(Object.keys(retired.children())).toContain("east-linkerd");
  });
});

describe("a new version of Linkerd", () => {
  const clusters = (version?: string) => ({
    clusters: { east: simulated(1), west: simulated(2, version === undefined ? {} : { version }) },
    links: { topology: "mesh", carries },
  });

  test("on a first cluster changes its charts, its definitions and what it says of its own Links", async () => {
    const { graph: before } = await run(clusters());
    const { graph: after } = await run(clusters("2026.9.1"));
    const changed = after.resources.filter(
      ({ urn, inputs }) => JSON.stringify(inputs) !== JSON.stringify(before.withUrn(urn).inputs),
    );
    expect(after.urns).toEqual(before.urns);
    expect(changed.map(({ name }) => name).sort()).toEqual([
      "west-linkerd",
      "west-linkerd-control-plane-chart",
      "west-linkerd-crds-release",
      "west-linkerd-multicluster-chart",
      "west-linkerd-viz-chart",
      "west-to-east-link",
    ]);
    expect(after.named("west-to-east-link").inputs).toMatchObject({
      metadata: { annotations: { "linkerd.io/created-by": "linkerd/cli edge-26.9.1" } },
    });
  });

  test("comes with its definitions first, then the control plane, then the extensions", async () => {
    const { graph } = await run(clusters("2026.9.1"));
    const controlPlane = graph.named("west-linkerd-control-plane-chart");
    expect(controlPlane.dependencies).toContain(graph.named("west-linkerd-crds-release").urn);
    for (const name of ["west-linkerd-multicluster-chart", "west-linkerd-viz-chart"]) {
      expect(graph.named(name).dependencies).toContain(controlPlane.urn);
    }
  });

  test("doesn't skip the one in between, of which the last update tells", async () => {
    const { outputs: first } = await run(clusters("2026.6.3"));
    const mesh = await valueOf(pulumi.output(first.mesh));
    expect(mesh.clusters).toMatchObject({ east: { version: "2026.8.3" }, west: { version: "2026.6.3" } });
    const older = { mesh: { clusters: { east: {}, west: { version: "2025.4.4" } } } };
    await expect(run(clusters(), { answers: () => ({ outputs: older }) })).rejects.toThrow(
      /clusters.west.version = "2026.8.3"\n {4}skips a version of Linkerd: west runs 2025.4.4 \(Linkerd 2.18\)/,
    );
  });
});
