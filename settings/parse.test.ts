import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parseSettings } from "./parse.ts";
import {
  clusterNames,
  clustersNamed,
  configuration,
  existing,
  k3d,
  linkerd,
  problemsOf,
  refusal,
  simulated,
  type Found,
} from "./test-examples.ts";

const noValues = { crds: {}, cni: {}, controlPlane: {}, multicluster: {}, viz: {} };

const facts = {
  version: "2026.8.3",
  podNetworks: ["10.1.0.0/16"],
  serviceNetworks: ["172.16.1.0/24"],
  clusterDomain: "cluster.local",
  trustDomain: "cluster.local",
  apiServer: undefined,
  controlPlaneNamespace: "linkerd",
  gateway: {
    enabled: true,
    serviceType: "LoadBalancer",
    annotations: {},
    addresses: [],
    port: 4143,
    probePort: 4191,
  },
  egressNetworks: [],
  issuer: undefined,
  values: noValues,
};

function onlyCluster(cluster: unknown) {
  return parseSettings(configuration({ clusters: { east: cluster } })).clusters[0];
}

describe("a valid configuration", () => {
  test("needs no more than an environment, a version and one cluster", () => {
    expect(parseSettings(configuration({ clusters: { east: simulated(1) } }))).toEqual({
      environment: "test",
      linkerd: {
        version: "2026.8.3",
        charts: { repository: "https://helm.linkerd.io/edge" },
        registry: undefined,
        pullSecrets: [],
        highAvailability: false,
        viz: true,
        cni: false,
        gatewayApi: true,
        values: noValues,
      },
      trust: {
        anchorLifetime: 87_600,
        issuerLifetime: 8_760,
        webhookLifetime: 8_760,
        givenAnchor: undefined,
        generations: ["1"],
        signer: "1",
        protect: false,
        issuerRenewals: {},
        issuerRenewBefore: 720,
        webhookRenewBefore: 720,
        webhookRenewals: {},
        webhookAuthorities: {},
        restart: [],
        warning: 1_440,
      },
      clusters: [{ ...facts, name: "east", source: "simulated", nodes: 1 }],
      links: [],
      credentials: { renewals: {}, lifetime: undefined, revoked: [] },
      mirroring: {
        headless: false,
        createNamespaces: true,
        excludedLabels: [
          "app.kubernetes.io/managed-by",
          "argocd.argoproj.io/*",
          "helm.toolkit.fluxcd.io/*",
          "kustomize.toolkit.fluxcd.io/*",
        ],
        excludedAnnotations: [
          "argocd.argoproj.io/*",
          "helm.toolkit.fluxcd.io/*",
          "kubectl.kubernetes.io/*",
          "kustomize.toolkit.fluxcd.io/*",
          "meta.helm.sh/*",
          "pulumi.com/*",
        ],
      },
      retired: [],
      services: [],
      routes: [],
      emojivoto: undefined,
      manifests: undefined,
      split: false,
    });
  });

  test("creates a k3d cluster of one node unless told otherwise", () => {
    expect(onlyCluster(k3d(1))).toEqual({
      ...facts,
      name: "east",
      source: "k3d",
      servers: 1,
      agents: 0,
      image: "rancher/k3s:v1.33.4-k3s1",
      dockerNetwork: "mc-network",
    });
  });

  test("adopts an existing cluster that says nothing about its networks", () => {
    expect(onlyCluster({ source: "existing", context: "admin@east" })).toEqual({
      ...facts,
      name: "east",
      source: "existing",
      podNetworks: [],
      serviceNetworks: [],
      kubeconfig: { from: "context", context: "admin@east", path: undefined },
      adopt: false,
      kubernetesVersion: undefined,
    });
  });

  test.each([
    [
      "a context of a given file",
      { context: "east", kubeconfigPath: "/etc/east" },
      { from: "context", context: "east", path: "/etc/east" },
    ],
    ["a kubeconfig", { kubeconfig: "text" }, { from: "secret", kubeconfig: "text" }],
    [
      "another stack",
      { stack: { name: "org/gke/prod" } },
      { from: "stack", stack: "org/gke/prod", output: "kubeconfig" },
    ],
    ["its output", { stack: { name: "s", output: "admin" } }, { from: "stack", stack: "s", output: "admin" }],
  ])("reaches an existing cluster through %s", (_, given, kubeconfig) => {
    expect(onlyCluster({ source: "existing", ...given })).toMatchObject({ kubeconfig });
  });

  test("takes a single network and a list of one for the same", () => {
    const listed = simulated(1, { podNetworks: ["10.1.0.0/16"], serviceNetworks: ["172.16.1.0/24"] });
    expect(onlyCluster(listed)).toEqual(onlyCluster(simulated(1)));
  });

  test("uses the cluster's domain as its trust domain unless one is given", () => {
    expect(onlyCluster(simulated(1, { clusterDomain: "east.local" }))).toMatchObject({
      trustDomain: "east.local",
    });
    expect(
      onlyCluster(simulated(1, { clusterDomain: "east.local", trustDomain: "example.org" })),
    ).toMatchObject({ clusterDomain: "east.local", trustDomain: "example.org" });
  });

  test("drops the slash behind an API server's address", () => {
    expect(onlyCluster(simulated(1, { apiServer: "https://10.0.0.1:6443/" }))).toMatchObject({
      apiServer: "https://10.0.0.1:6443",
    });
  });

  test("counts lifetimes in hours", () => {
    const trust = { anchor: { lifetime: "100h" }, issuerLifetime: "20h", webhookLifetime: "3h" };
    expect(parseSettings(configuration({ trust })).trust).toMatchObject({
      anchorLifetime: 100,
      issuerLifetime: 20,
      webhookLifetime: 3,
    });
  });

  test("exports a service in one way or several, always in the same order", () => {
    const web = { cluster: "east", namespace: "shop", name: "web", export: "gateway" };
    const cart = { ...web, name: "cart", export: ["federated", "gateway", "federated"], clients: "any" };
    const links = { topology: "mesh", carries: ["gateway", "federated"] };
    const asGiven = { headless: false, ports: [], circuitBreaking: undefined, spec: undefined };
    expect(parseSettings(configuration({ links, services: [web, cart] })).services).toEqual([
      {
        ...asGiven,
        path: "services.0",
        cluster: "east",
        namespace: "shop",
        name: "web",
        modes: ["gateway"],
        clients: [],
      },
      {
        ...asGiven,
        path: "services.1",
        cluster: "east",
        namespace: "shop",
        name: "cart",
        modes: ["gateway", "federated"],
        clients: "any",
      },
    ]);
  });

  test("takes a bare number for a port that the container has too, alone or in a list", () => {
    const portsOf = (ports: unknown) => parseSettings(withService({ ports })).services[0]?.ports;
    const web = { port: 8080, protocol: "unknown" };
    expect(portsOf(8080)).toEqual([web]);
    expect(portsOf([8080, { port: 80, targetPort: "http", protocol: "gRPC" }])).toEqual([
      web,
      { port: 80, targetPort: "http", protocol: "gRPC" },
    ]);
  });

  test("fills in what circuit breaking leaves out with Linkerd's own defaults", () => {
    const [service] = parseSettings(withService({ circuitBreaking: { maxFailures: 3 } })).services;
    expect(service?.circuitBreaking).toEqual({
      maxFailures: 3,
      minPenalty: "1s",
      maxPenalty: "1m",
      jitterRatio: 0.5,
    });
  });

  test("takes a single egress network and a list of one for the same", () => {
    const egress = (egressNetworks: unknown) => onlyCluster(simulated(1, { egressNetworks }));
    expect(egress("192.0.2.0/28")).toMatchObject({ egressNetworks: ["192.0.2.0/28"] });
    expect(egress(["192.0.2.0/28"])).toEqual(egress("192.0.2.0/28"));
  });

  test("means the same in whatever order its clusters are written", () => {
    const rewritten = clusterNames(1).chain((names) =>
      fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })),
    );
    fc.assert(
      fc.property(rewritten, ([names, shuffled]) => {
        const clusters = clustersNamed(names);
        const parse = (order: readonly string[]) =>
          parseSettings(
            configuration({
              clusters: Object.fromEntries(order.map((name) => [name, clusters[name]])),
              links: { topology: "mesh" },
            }),
          );
        const settings = parse(names);
        expect(parse(shuffled)).toEqual(settings);
        expect(settings.clusters.map(({ name }) => name)).toEqual([...names].sort());
      }),
    );
  });
});

const withEast = (east: unknown) => configuration({ clusters: { east } });
const withService = (more: object) =>
  configuration({
    links: { topology: "mesh" },
    services: [{ cluster: "east", namespace: "shop", name: "web", export: "gateway", ...more }],
  });

const withRoute = (more: object) =>
  configuration({
    routes: [
      {
        cluster: "east",
        namespace: "shop",
        service: "web",
        port: 80,
        backends: [{ from: "local" }],
        ...more,
      },
    ],
  });

describe("the shape of the configuration", () => {
  test.each<[string, unknown, Found[]]>([
    [
      "nothing at all",
      {},
      [
        { path: "environment", problem: "is missing" },
        { path: "linkerd", problem: "is missing" },
        { path: "clusters", problem: "is missing" },
      ],
    ],
    [
      "an unknown key at the top",
      configuration({ cluster: {} }),
      [{ path: "cluster", problem: "is not a setting" }],
    ],
    [
      "an unknown key further down",
      withEast(simulated(1, { gateway: { prot: 4143 } })),
      [{ path: "clusters.east.gateway.prot", problem: "is not a setting" }],
    ],
    [
      "several unknown keys",
      configuration({ linkerd: linkerd({ ha: true, vis: true }) }),
      [
        { path: "linkerd.ha", problem: "is not a setting" },
        { path: "linkerd.vis", problem: "is not a setting" },
      ],
    ],
    [
      "a setting of another kind of cluster",
      withEast(simulated(1, { agents: 2 })),
      [{ path: "clusters.east.agents", problem: "is not a setting" }],
    ],
    [
      "no environment",
      configuration({ environment: undefined }),
      [{ path: "environment", problem: "is missing" }],
    ],
    [
      "an environment that can't be part of a name",
      configuration({ environment: "Prod_EU" }),
      [{ path: "environment", value: "Prod_EU", problem: "is not a DNS label" }],
    ],
    [
      "no version of Linkerd",
      configuration({ linkerd: {} }),
      [{ path: "linkerd.version", problem: "is missing" }],
    ],
    ...["latest", "2026.8", "^2026.8.3", "edge-26.8.3"].map((version): [string, unknown, Found[]] => [
      `the version ${version}`,
      configuration({ linkerd: { version } }),
      [{ path: "linkerd.version", value: version, problem: "is not an exact chart version" }],
    ]),
    [
      "charts from nowhere",
      configuration({ linkerd: linkerd({ charts: {} }) }),
      [{ path: "linkerd.charts", problem: "is not a chart source" }],
    ],
    [
      "charts from two places",
      configuration({
        linkerd: linkerd({ charts: { oci: "oci://example.org/charts", directory: "charts" } }),
      }),
      [{ path: "linkerd.charts", problem: "is not a chart source" }],
    ],
    ["a cluster from nowhere", withEast({}), [{ path: "clusters.east.source", problem: "is missing" }]],
    [
      "a cluster from an unknown place",
      withEast({ source: "gke" }),
      [{ path: "clusters.east.source", value: "gke", problem: "is not a place where a cluster comes from" }],
    ],
    [
      "a cluster that is only a text",
      withEast("k3d"),
      [{ path: "clusters.east", problem: "is not a place where a cluster comes from" }],
    ],
    [
      "a cluster whose name is no DNS label",
      configuration({ clusters: { East_1: simulated(1) } }),
      [{ path: "clusters.East_1", problem: "is not a DNS label" }],
    ],
    [
      "a created cluster without networks",
      withEast({ source: "k3d" }),
      [
        { path: "clusters.east.podNetworks", problem: "is missing" },
        { path: "clusters.east.serviceNetworks", problem: "is missing" },
      ],
    ],
    [
      "a network without a prefix",
      withEast(simulated(1, { podNetworks: "10.1.0.0" })),
      [{ path: "clusters.east.podNetworks", value: "10.1.0.0", problem: "is not a network" }],
    ],
    [
      "a wrong network in a list",
      withEast(simulated(1, { podNetworks: ["10.1.0.0/16", "fd00::/200"] })),
      [{ path: "clusters.east.podNetworks.1", value: "fd00::/200", problem: "is not a network" }],
    ],
    [
      "a network that is a block",
      withEast(simulated(1, { podNetworks: { cidr: "10.1.0.0/16" } })),
      [{ path: "clusters.east.podNetworks", problem: "is not a network" }],
    ],
    [
      "a list without a network",
      withEast(simulated(1, { podNetworks: [] })),
      [{ path: "clusters.east.podNetworks", problem: "is empty" }],
    ],
    [
      "a network that names a host",
      withEast(simulated(1, { serviceNetworks: "172.16.1.7/24" })),
      [
        {
          path: "clusters.east.serviceNetworks",
          value: "172.16.1.7/24",
          problem: "has bits set behind its prefix",
        },
      ],
    ],
    [
      "an IPv6 network that names a host",
      withEast(simulated(1, { podNetworks: "fd00::1/64" })),
      [{ path: "clusters.east.podNetworks", value: "fd00::1/64", problem: "has bits set behind its prefix" }],
    ],
    [
      "a domain in capitals",
      withEast(simulated(1, { clusterDomain: "Cluster.Local" })),
      [{ path: "clusters.east.clusterDomain", value: "Cluster.Local", problem: "is not a domain" }],
    ],
    [
      "an API server without TLS",
      withEast(simulated(1, { apiServer: "http://10.0.0.1:6443" })),
      [
        {
          path: "clusters.east.apiServer",
          value: "http://10.0.0.1:6443",
          problem: "is not an https address",
        },
      ],
    ],
    ...["https://admin:hunter2@10.0.0.1:6443", "https://admin@10.0.0.1"].map(
      (apiServer): [string, unknown, Found[]] => [
        `the API server ${apiServer}`,
        withEast(simulated(1, { apiServer })),
        [
          {
            path: "clusters.east.apiServer",
            value: apiServer.replace(/admin.*@/, "…@"),
            problem: "holds a user or a password",
          },
        ],
      ],
    ),
    [
      "an egress network that names a host",
      withEast(simulated(1, { egressNetworks: ["192.0.2.0/28", "192.0.2.7/28"] })),
      [
        {
          path: "clusters.east.egressNetworks.1",
          value: "192.0.2.7/28",
          problem: "has bits set behind its prefix",
        },
      ],
    ],
    [
      "an egress address without a prefix",
      withEast(simulated(1, { egressNetworks: "192.0.2.7" })),
      [{ path: "clusters.east.egressNetworks", value: "192.0.2.7", problem: "is not a network" }],
    ],
    [
      "ports out of range",
      withEast(simulated(1, { gateway: { port: 0, probePort: 65536 } })),
      [
        { path: "clusters.east.gateway.port", value: 0, problem: "is not a port" },
        { path: "clusters.east.gateway.probePort", value: 65536, problem: "is not a port" },
      ],
    ],
    [
      "a gateway address with a port",
      withEast(simulated(1, { gateway: { addresses: ["10.0.0.1", "10.0.0.2:4143"] } })),
      [{ path: "clusters.east.gateway.addresses.1", value: "10.0.0.2:4143", problem: "is not an address" }],
    ],
    [
      "a cluster without servers",
      withEast(k3d(1, { servers: 0 })),
      [
        {
          path: "clusters.east.servers",
          value: 0,
          problem: "is wrong: Too small: expected number to be >=1",
        },
      ],
    ],
    [
      "a Kubernetes version that is no version",
      withEast(existing(1, { kubernetesVersion: "stable" })),
      [{ path: "clusters.east.kubernetesVersion", value: "stable", problem: "is not a Kubernetes version" }],
    ],
    [
      "a lifetime in days",
      configuration({ trust: { issuerLifetime: "365d" } }),
      [{ path: "trust.issuerLifetime", value: "365d", problem: "is not a number of hours" }],
    ],
    [
      "certificates that aren't PEM",
      withEast(simulated(1, { issuer: { certificate: "MIIB", privateKey: "MIIE" } })),
      [
        { path: "clusters.east.issuer.certificate", problem: "is not PEM text" },
        { path: "clusters.east.issuer.privateKey", problem: "is not PEM text" },
      ],
    ],
    [
      "an issuer without its key",
      withEast(simulated(1, { issuer: { certificate: "-----BEGIN CERTIFICATE-----" } })),
      [{ path: "clusters.east.issuer.privateKey", problem: "is missing" }],
    ],
    [
      "an unknown topology",
      configuration({ links: { topology: "ring" } }),
      [
        {
          path: "links.topology",
          value: "ring",
          problem: 'is wrong: Invalid option: expected one of "mesh"|"hub-and-spoke"',
        },
      ],
    ],
    [
      "links that carry nothing",
      configuration({ links: { topology: "mesh", carries: [] } }),
      [{ path: "links.carries", problem: "is empty" }],
    ],
    [
      "links that carry something unknown",
      configuration({ links: { topology: "mesh", carries: ["gateway", "flat"] } }),
      [{ path: "links.carries.1", value: "flat", problem: "is not something a link can carry" }],
    ],
    [
      "a link that carries one thing that is unknown",
      configuration({ links: { topology: "mesh", carries: "flat" } }),
      [{ path: "links.carries", value: "flat", problem: "is not something a link can carry" }],
    ],
    ...["web", "shop/web/x", "*/web", "Shop/web"].map((client): [string, unknown, Found[]] => [
      `${client} as a client of links`,
      configuration({ links: { topology: "mesh", clients: ["shop/cart", client] } }),
      [{ path: "links.clients.1", value: client, problem: "is not a workload" }],
    ]),
    [
      "a client of links that isn't in a list",
      configuration({ links: { pairs: [{ clusters: ["east", "west"], clients: "shop/web" }] } }),
      [{ path: "links.pairs.0.clients", value: "shop/web", problem: "doesn't say who may call" }],
    ],
    [
      "links without a client",
      configuration({ links: { topology: "mesh", clients: [] } }),
      [{ path: "links.clients", problem: "is empty" }],
    ],
    [
      "a label that can't be one among those that mirrors don't get",
      configuration({ links: { excludedLabels: ["team", "/team"], excludedAnnotations: ["team/**"] } }),
      [
        { path: "links.excludedLabels.1", value: "/team", problem: "is not a label or annotation" },
        { path: "links.excludedAnnotations.0", value: "team/**", problem: "is not a label or annotation" },
      ],
    ],
    [
      "a pair that carries nothing",
      configuration({ links: { pairs: [{ clusters: ["east", "west"], carries: [] }] } }),
      [{ path: "links.pairs.0.carries", problem: "is empty" }],
    ],
    [
      "a pair of three",
      configuration({ links: { pairs: [{ clusters: ["east", "west", "north"] }] } }),
      [{ path: "links.pairs.0.clusters", problem: "is not a pair" }],
    ],
    [
      "a service that is exported in an unknown way",
      withService({ export: "flat" }),
      [{ path: "services.0.export", value: "flat", problem: "is not a way to export" }],
    ],
    [
      "a service that isn't exported in any way",
      withService({ export: [] }),
      [{ path: "services.0.export", problem: "is empty" }],
    ],
    [
      "a service without a namespace",
      withService({ namespace: undefined }),
      [{ path: "services.0.namespace", problem: "is missing" }],
    ],
    [
      "a service whose client isn't in a list",
      withService({ clients: "west/shop/web" }),
      [{ path: "services.0.clients", value: "west/shop/web", problem: "doesn't say who may call" }],
    ],
    [
      "a service with an empty list of clients",
      withService({ clients: [] }),
      [{ path: "services.0.clients", problem: "is empty" }],
    ],
    [
      "a service's only port out of range",
      withService({ ports: 70_000 }),
      [{ path: "services.0.ports", value: 70_000, problem: "is not a port" }],
    ],
    [
      "a service's ports that are none",
      withService({ ports: [0, "http", { port: 80, targetPort: "8080" }, { port: 80, target: 8080 }] }),
      [
        { path: "services.0.ports.0", value: 0, problem: "is not a port" },
        { path: "services.0.ports.1", problem: "is not a port" },
        { path: "services.0.ports.2.targetPort", value: "8080", problem: "is not a container's port" },
        { path: "services.0.ports.3.target", problem: "is not a setting" },
      ],
    ],
    [
      "circuit breaking that is only switched on",
      withService({ circuitBreaking: true }),
      [{ path: "services.0.circuitBreaking", problem: "is not a block" }],
    ],
    [
      "a service's waits that are no durations",
      withService({ circuitBreaking: { minPenalty: "1", maxPenalty: "0s" } }),
      [
        { path: "services.0.circuitBreaking.minPenalty", value: "1", problem: "is not a duration" },
        { path: "services.0.circuitBreaking.maxPenalty", value: "0s", problem: "is not a duration" },
      ],
    ],
    ...[-1, 0.5, 1_000_001].map((weight): [string, unknown, Found[]] => [
      `a weight of ${weight.toString()}`,
      withRoute({ backends: [{ from: "local", weight }] }),
      [{ path: "routes.0.backends.0.weight", value: weight, problem: "is not a weight" }],
    ]),
    [
      "a route without backends",
      withRoute({ backends: [] }),
      [{ path: "routes.0.backends", problem: "is empty" }],
    ],
    [
      "a route with more backends than the Gateway API allows",
      withRoute({
        backends: Array.from({ length: 17 }, (_one, index) => ({ from: "local", port: index + 1 })),
      }),
      [{ path: "routes.0.backends", problem: "has more than the 16 backends that the Gateway API allows" }],
    ],
    [
      "a route's timeouts that are no durations",
      withRoute({ timeouts: { request: "5 s", response: "5d", idle: 5 } }),
      [
        { path: "routes.0.timeouts.request", value: "5 s", problem: "is not a duration" },
        { path: "routes.0.timeouts.response", value: "5d", problem: "is not a duration" },
        {
          path: "routes.0.timeouts.idle",
          value: 5,
          problem: "is not a duration",
        },
      ],
    ],
    ...["5XX", "600", "500-", "500,,503"].map((http): [string, unknown, Found[]] => [
      `retries of ${http}`,
      withRoute({ retries: { http } }),
      [{ path: "routes.0.retries.http", value: http, problem: "is not a list of statuses" }],
    ]),
    [
      "retries of a range that runs backwards",
      withRoute({ retries: { http: "5xx,429,504-500" } }),
      [
        {
          path: "routes.0.retries.http",
          value: "5xx,429,504-500",
          problem: "has a range that runs backwards",
        },
      ],
    ],
    [
      "retries of a gRPC status that isn't one to retry",
      withRoute({ kind: "GRPCRoute", retries: { grpc: "unavailable,not-found" } }),
      [
        {
          path: "routes.0.retries.grpc",
          value: "unavailable,not-found",
          problem: "is not a list of gRPC statuses",
        },
      ],
    ],
    [
      "matches of a method that there isn't, and of none",
      withRoute({ matches: [{ method: "FETCH" }, { method: {} }] }),
      [
        { path: "routes.0.matches.0.method", value: "FETCH", problem: "is not a method" },
        { path: "routes.0.matches.1.method", problem: "names neither a service nor a method" },
      ],
    ],
    [
      "a match of a path without its slash",
      withRoute({ matches: [{ path: { value: "/api" } }, { path: { type: "Exact", value: "api" } }] }),
      [{ path: "routes.0.matches.1.path.value", value: "api", problem: "doesn't start with a slash" }],
    ],
    [
      "emojivoto that is neither there nor not",
      configuration({ emojivoto: "yes" }),
      [{ path: "emojivoto", problem: "is not a way to ask for emojivoto" }],
    ],
    [
      "emojivoto in an unknown way",
      configuration({ emojivoto: { mode: "federated", webb: "east" } }),
      [
        { path: "emojivoto.mode", value: "federated", problem: "is not how its calls can cross" },
        { path: "emojivoto.webb", problem: "is not a setting" },
      ],
    ],
  ])("%s is refused", (_, raw, expected) => {
    expect(problemsOf(raw)).toEqual(expected);
  });

  test.each(["5xx", "gateway-error,429", "500-504,408"])("retries of %s are accepted", (http) => {
    expect(parseSettings(withRoute({ retries: { http } })).routes[0]?.retries).toEqual({ http });
  });

  test("a network that names a host is corrected in the remedy", () => {
    expect(refusal(withEast(simulated(1, { podNetworks: "10.1.2.3/16" }))).problems[0]?.remedy).toBe(
      "write 10.1.0.0/16",
    );
  });
});

describe("how an existing cluster is reached", () => {
  const unclear = "says in more than one way how to reach the cluster";

  test.each<[string, object, Found[]]>([
    [
      "in no way",
      { context: undefined },
      [{ path: "clusters.east", problem: "doesn't say how to reach the cluster" }],
    ],
    ["in two ways", { kubeconfig: "text" }, [{ path: "clusters.east", problem: unclear }]],
    [
      "in three ways",
      { kubeconfig: "text", stack: { name: "gke" } },
      [{ path: "clusters.east", problem: unclear }],
    ],
    [
      "through a file without a context",
      { context: undefined, stack: { name: "gke" }, kubeconfigPath: "/etc/east" },
      [{ path: "clusters.east.kubeconfigPath", value: "/etc/east", problem: "has no context beside it" }],
    ],
  ])("%s is refused", (_, more, expected) => {
    expect(problemsOf(withEast(existing(1, { ...more })))).toEqual(expected);
  });

  test("two clusters that don't say it aren't taken for the same cluster", () => {
    expect(
      problemsOf(configuration({ clusters: { east: { source: "existing" }, west: { source: "existing" } } })),
    ).toEqual([
      { path: "clusters.east", problem: "doesn't say how to reach the cluster" },
      { path: "clusters.west", problem: "doesn't say how to reach the cluster" },
    ]);
  });
});

describe("problems are reported together", () => {
  test("across every part of the configuration", () => {
    const clusters = {
      east: existing(1, { context: undefined }),
      local: simulated(2, { podNetworks: "172.16.0.0/16" }),
    };
    expect(
      problemsOf(
        configuration({
          clusters,
          trust: { issuerLifetime: "87600h" },
          links: { hub: "east", oneWay: [{ source: "local", target: "moon" }] },
          services: [{ cluster: "mars", namespace: "shop", name: "web", export: "gateway" }],
        }),
      ),
    ).toEqual([
      { path: "clusters.east", problem: "doesn't say how to reach the cluster" },
      { path: "links.hub", value: "east", problem: "is only used by the hub-and-spoke topology" },
      { path: "links.oneWay.0", value: "moon", problem: "is not a cluster of this stack" },
      {
        path: "clusters.local",
        value: "local",
        problem: "is a name that Linkerd's mirrors use themselves",
      },
      {
        path: "clusters.local.podNetworks",
        value: ["172.16.0.0/16"],
        problem: "overlaps the cluster's own service networks 172.16.2.0/24",
      },
      { path: "services.0.cluster", value: "mars", problem: "is not a cluster of this stack" },
      {
        path: "trust.issuerLifetime",
        value: "87600h",
        problem: "is not shorter than the anchor's lifetime of 87600h",
      },
    ]);
  });

  test("across everything with a wrong shape", () => {
    expect(
      problemsOf({
        linkerd: { version: "latest" },
        clusters: { east: { source: "gke" }, west: simulated(2, { podNetworks: "x", colour: "blue" }) },
        links: { carries: [] },
        service: [],
      }),
    ).toEqual([
      { path: "environment", problem: "is missing" },
      { path: "linkerd.version", value: "latest", problem: "is not an exact chart version" },
      { path: "clusters.east.source", value: "gke", problem: "is not a place where a cluster comes from" },
      { path: "clusters.west.podNetworks", value: "x", problem: "is not a network" },
      { path: "clusters.west.colour", problem: "is not a setting" },
      { path: "links.carries", problem: "is empty" },
      { path: "service", problem: "is not a setting" },
    ]);
  });
});
