import { createHash } from "node:crypto";

import type {
  ClusterFacts,
  CredentialsFacts,
  DeploymentFacts,
  EndpointsFacts,
  LinkFacts,
  PodFacts,
  PolicyFacts,
  ServiceFacts,
} from "../facts/facts.ts";
import { parseDeployed } from "../settings/deployed.ts";
import { exportLabels, mirrorsOf } from "../settings/mirror.ts";
import { gatewayIdentity, multiclusterNamespace } from "../settings/multicluster.ts";
import { parseSettings } from "../settings/parse.ts";
import type { ClusterSettings, LinkSettings, ServiceSettings, Settings } from "../settings/settings.ts";
import { certify } from "../settings/test-certificates.ts";
import { clustersNamed, configuration } from "../settings/test-examples.ts";
import type { Calls } from "./calls/call-over.ts";
import { verify, type Verification } from "./verify.ts";

/** Facts as a healthy mesh gives them, for tests that break one of them. */

type Writable<T> = T extends object ? { -readonly [Key in keyof T]: Writable<T[Key]> } : T;
export type Facts = Writable<ClusterFacts>;

export const anchor = certify("root.linkerd.cluster.local");
export const otherAnchor = certify("root.linkerd.cluster.local");
export const issuer = certify("identity.linkerd.cluster.local", { signer: anchor });

const webhookAuthority = certify("webhooks.linkerd.test");
const webhookServices = ["linkerd-proxy-injector", "linkerd-sp-validator", "linkerd-policy-validator"];
const webhookCertificates = webhookServices.map((service) =>
  certify(`${service}.linkerd.svc`, { isCa: false, signer: webhookAuthority }),
);

export const now = new Date(Date.now());
const installed = new Date(now.getTime() - 3_600_000).toISOString();

export const version = "edge-26.8.3";

function object(namespace: string, name: string, labels = {}, annotations = {}) {
  return { namespace, name, labels, annotations };
}

export function service(
  namespace: string,
  name: string,
  labels: Record<string, string> = {},
  annotations: Record<string, string> = {},
): Writable<ServiceFacts> {
  return {
    ...object(namespace, name, labels, annotations),
    type: "ClusterIP",
    selector: {},
    ports: [{ name: "http", port: 80 }],
    clusterIP: "10.0.0.1",
    addresses: [],
  };
}

function deployment(namespace: string, name: string, labels = {}): DeploymentFacts {
  return {
    ...object(namespace, name, labels),
    wanted: 1,
    available: 1,
    serviceAccount: name,
    images: [`cr.l5d.io/linkerd/controller:${version}`],
  };
}

export function pod(namespace: string, name: string, more: Partial<PodFacts> = {}): PodFacts {
  return {
    ...object(namespace, `${name}-0`),
    owner: `Deployment ${name}`,
    serviceAccount: name,
    phase: "Running",
    isReady: true,
    started: installed,
    isSimulated: false,
    address: "10.1.0.1",
    proxy: { image: `cr.l5d.io/linkerd/proxy:${version}`, anchors: anchor.certificate },
    ...more,
  };
}

function gatewayAddress({ name }: Pick<ClusterSettings, "name">): string {
  return `192.0.2.${(name.charCodeAt(0) % 100).toString()}`;
}

function linkFacts({ target, carries }: LinkSettings, to: ClusterSettings): LinkFacts {
  const has = (mode: LinkSettings["carries"][number], value: object) => (carries.includes(mode) ? value : {});
  return {
    ...object(multiclusterNamespace, target, {}, { "linkerd.io/created-by": `linkerd/cli ${version}` }),
    spec: {
      targetClusterName: target,
      targetClusterDomain: to.clusterDomain,
      targetClusterLinkerdNamespace: to.controlPlaneNamespace,
      clusterCredentialsSecret: `cluster-credentials-${target}`,
      ...has("gateway", {
        gatewayAddress: gatewayAddress(to),
        gatewayPort: "4143",
        gatewayIdentity: gatewayIdentity(to),
        probeSpec: { path: "/ready", port: "4191", period: "3s" },
        selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
      }),
      ...has("pod-to-pod", {
        remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } },
      }),
      ...has("federated", {
        federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } },
      }),
    },
    changed: installed,
    mirrored: [],
  };
}

function credentials(to: ClusterSettings, namespace: string): CredentialsFacts {
  const marks =
    namespace === multiclusterNamespace
      ? object(namespace, `cluster-credentials-${to.name}`)
      : object(
          namespace,
          `cluster-credentials-${to.name}`,
          { "multicluster.linkerd.io/cluster-name": to.name },
          {
            "multicluster.linkerd.io/trust-domain": to.trustDomain,
            "multicluster.linkerd.io/cluster-domain": to.clusterDomain,
          },
        );
  return {
    ...marks,
    type: "mirror.linkerd.io/remote-kubeconfig",
    fingerprint: `kubeconfig of ${to.name}`,
    server: `https://${to.name}.test:6443`,
    authority: `authority of ${to.name}`,
    created: installed,
    changed: installed,
  };
}

function policies({ source, clients }: LinkSettings): PolicyFacts[] {
  const named = object(multiclusterNamespace, `linkerd-gateway-from-${source}`);
  return [
    { ...named, kind: "MeshTLSAuthentication", spec: { identities: clients === "any" ? ["*"] : clients } },
    { ...named, kind: "AuthorizationPolicy", spec: {} },
  ];
}

function controllerOf({ target }: LinkSettings): DeploymentFacts {
  const labels = { component: "controller", "mirror.linkerd.io/cluster-name": target };
  return deployment(multiclusterNamespace, `controller-${target}`, labels);
}

function mirrorOf(exported: ServiceSettings, cluster: string, settings: Settings): ServiceFacts[] {
  return mirrorsOf(exported, settings.links)
    .filter((mirror) => mirror.cluster === cluster)
    .map(({ namespace, name, mode }) => {
      if (mode === "federated") {
        const { services } = settings;
        const members = services.filter((one) => one.namespace === namespace && one.name === exported.name);
        const remote = members
          .filter((one) => one.cluster !== cluster)
          .map((one) => `${one.name}@${one.cluster}`);
        return service(
          namespace,
          name,
          { "mirror.linkerd.io/mirrored-service": "true" },
          {
            ...(remote.length === members.length
              ? {}
              : { "multicluster.linkerd.io/local-discovery": exported.name }),
            "multicluster.linkerd.io/remote-discovery": remote.join(","),
          },
        );
      }
      return service(
        namespace,
        name,
        {
          "mirror.linkerd.io/mirrored-service": "true",
          "mirror.linkerd.io/cluster-name": exported.cluster,
          ...(mode === "pod-to-pod" ? { "multicluster.linkerd.io/remote-discovery": exported.cluster } : {}),
        },
        { "mirror.linkerd.io/remote-svc-fq-name": `${exported.name}.${namespace}.svc.cluster.local` },
      );
    });
}

function endpoints(namespace: string, name: string, address: string): EndpointsFacts {
  return { ...object(namespace, name), ready: [address], notReady: [] };
}

function healthyFacts(cluster: ClusterSettings, settings: Settings): ClusterFacts {
  const { name } = cluster;
  const byName = new Map(settings.clusters.map((one) => [one.name, one]));
  const outgoing = settings.links.filter(({ source }) => source === name);
  const incoming = settings.links.filter(({ target }) => target === name);
  const targets = outgoing.flatMap(({ target }) => byName.get(target) ?? []);
  const exported = settings.services.filter((one) => one.cluster === name);
  const mirrors = new Map(
    settings.services
      .flatMap((one) => mirrorOf(one, name, settings))
      .map((one) => [`${one.namespace}/${one.name}`, one]),
  );
  const hash = createHash("sha256").update(anchor.certificate).digest("hex");
  return {
    name,
    server: `https://${name}.test:6443`,
    authority: `authority of ${name}`,
    version: "v1.35.0",
    now: now.toISOString(),
    clock: 0,
    isSimulated: false,
    nodes: [{ name: "node-1", podNetworks: cluster.podNetworks.map((one) => one.replace("/16", "/24")) }],
    namespaces: [
      { name: "linkerd", labels: {} },
      { name: multiclusterNamespace, labels: { "linkerd.io/extension": "multicluster" } },
      { name: "shop", labels: {} },
    ],
    linkVersions: ["v1alpha2", "v1alpha3"],
    config: {
      version,
      clusterDomain: "cluster.local",
      trustDomain: cluster.trustDomain,
      anchors: anchor.certificate,
      networks: ["10.0.0.0/8"],
      defaultPolicy: "all-unauthenticated",
    },
    roots: anchor.certificate,
    issuer: issuer.certificate,
    services: [
      {
        ...service(
          multiclusterNamespace,
          "linkerd-gateway",
          {},
          { "mirror.linkerd.io/gateway-identity": gatewayIdentity(cluster) },
        ),
        type: "LoadBalancer",
        addresses: [gatewayAddress(cluster)],
      },
      ...outgoing.map(({ target }) => ({
        ...service(multiclusterNamespace, `probe-${target}`, {
          "mirror.linkerd.io/mirrored-gateway": "true",
          "mirror.linkerd.io/cluster-name": target,
        }),
        ports: [{ name: "mc-probe", port: 4191 }],
      })),
      ...exported.map((one) => service(one.namespace, one.name, exportLabels(one.modes))),
      ...mirrors.values(),
    ],
    endpoints: [
      ...targets.map((to) => endpoints(multiclusterNamespace, `probe-${to.name}`, gatewayAddress(to))),
      ...[...mirrors.values()]
        .filter(
          ({ labels, annotations }) =>
            !("multicluster.linkerd.io/remote-discovery" in { ...labels, ...annotations }),
        )
        .map((mirror) => endpoints(mirror.namespace, mirror.name, "192.0.2.1")),
    ],
    behind: Object.fromEntries(exported.map((one) => [`${one.namespace}/${one.name}`, 2])),
    deployments: [
      ...["linkerd-destination", "linkerd-identity", "linkerd-proxy-injector"].map((one) =>
        deployment("linkerd", one),
      ),
      ...["linkerd-local-service-mirror", "linkerd-gateway"].map((one) =>
        deployment(multiclusterNamespace, one),
      ),
      ...outgoing.map(controllerOf),
    ],
    pods: [
      pod("linkerd", "linkerd-destination", {
        annotations: { "linkerd.io/trust-root-sha256": hash },
        proxy: { image: `cr.l5d.io/linkerd/proxy:${version}`, anchors: undefined },
      }),
      ...outgoing.map(({ target }) => pod(multiclusterNamespace, `controller-${target}`)),
      pod("shop", "web"),
    ],
    links: outgoing.flatMap((link) => {
      const to = byName.get(link.target);
      return to === undefined ? [] : [linkFacts(link, to)];
    }),
    credentials: targets.flatMap((to) => [
      credentials(to, multiclusterNamespace),
      credentials(to, cluster.controlPlaneNamespace),
    ]),
    admissions: Object.fromEntries(
      targets.flatMap((to) =>
        [multiclusterNamespace, cluster.controlPlaneNamespace].map((namespace) => [
          `${namespace}/cluster-credentials-${to.name}`,
          { admitted: true, missing: [] },
        ]),
      ),
    ),
    denied: Object.fromEntries(outgoing.map(({ target }) => [target, []])),
    leases: outgoing.map(({ target }) => ({
      name: `service-mirror-write-${target}`,
      holder: `controller-${target}-0`,
      duration: 30,
      acquired: installed,
      renewed: now.toISOString(),
    })),
    webhooks: webhookServices.map((one, index) => ({
      name: `${one}-webhook-config`,
      namespace: "linkerd",
      service: one,
      authorities: webhookAuthority.certificate,
      certificate: webhookCertificates[index]?.certificate,
    })),
    policies: [
      { ...object(multiclusterNamespace, "linkerd-gateway"), kind: "Server", spec: {} },
      ...incoming.flatMap(policies),
    ],
    routes: settings.routes
      .filter((route) => route.cluster === name)
      .map((route) => ({
        ...object(route.namespace, route.name),
        kind: route.kind,
        parents: [{ kind: "Service", name: route.service, port: route.port }],
        backends: route.backends.map((one) => ({ name: one.service, port: one.port, weight: one.weight })),
        isConditional: false,
        conditions: [{ type: "Accepted", status: "True" }],
      })),
    profiles: [],
  };
}

const shop = (cluster: string, name: string, modes: string) => ({
  cluster,
  namespace: "shop",
  name,
  export: modes,
  ...(modes === "gateway" ? {} : { clients: "any" }),
});

/** Two clusters linked both ways for everything, with a service of each mode on both. */
export const settings: Settings = parseSettings(
  configuration({
    clusters: clustersNamed(["east", "west"]),
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
    services: ["east", "west"].flatMap((cluster) => [
      shop(cluster, "cart", "gateway"),
      shop(cluster, "stock", "pod-to-pod"),
      shop(cluster, "search", "federated"),
    ]),
    routes: [
      {
        cluster: "east",
        namespace: "shop",
        service: "cart",
        port: 80,
        backends: [
          { from: "local", weight: 90 },
          { from: "west", weight: 10 },
        ],
      },
    ],
  }),
);

const deployed = parseDeployed({
  trust: {
    trusted: ["1"],
    signers: { east: "1", west: "1" },
    renewals: {},
    anchors: { "1": anchor.certificate },
  },
});

export interface Mesh {
  readonly east: Facts;
  readonly west: Facts;
}

/** The facts of the mesh's clusters after `change`. */
export function factsAfter(change: (mesh: Mesh) => void = () => undefined, asked = settings): ClusterFacts[] {
  const [east, west] = asked.clusters.map(
    (cluster) => structuredClone(healthyFacts(cluster, asked)) as unknown as Facts,
  );
  if (east === undefined || west === undefined) throw new Error("there are two clusters");
  change({ east, west });
  return [east, west];
}

/** What verify says of the mesh after `change`. */
export function verifyAfter(
  change: (mesh: Mesh) => void = () => undefined,
  more: {
    down?: string;
    only?: string;
    settings?: Settings;
    anchorsUnknown?: boolean;
    calls?: (settings: Settings) => Calls;
  } = {},
): Verification {
  const asked = more.settings ?? settings;
  const answers = factsAfter(change, asked).map((facts) =>
    facts.name === more.down
      ? { name: facts.name, problem: "connect ECONNREFUSED" }
      : { name: facts.name, facts },
  );
  const apiServers = { east: "https://east.test:6443", west: "https://west.test:6443" };
  const last = more.anchorsUnknown === true ? parseDeployed({}) : deployed;
  const expected = { stack: "test", settings: asked, deployed: last, apiServers, only: more.only };
  return verify({ ...expected, calls: more.calls?.(asked) }, answers, now);
}
