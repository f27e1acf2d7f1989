import { isUnknown } from "../settings/encrypted.ts";
import { linksFor, mirrorName, mirrorsOf } from "../settings/mirror.ts";
import { parseBundle } from "../settings/rules/trust.ts";
import {
  linkerdVersion,
  type ClusterSettings,
  type LinkSettings,
  type Mode,
  type RouteSettings,
  type ServiceSettings,
  type Settings,
} from "../settings/settings.ts";
import { compareNames, orderedBy } from "./order.ts";

/** What a comparison says of a thing. */
export type Change = "added" | "removed" | "changed";

interface Compared {
  /** Left out where nothing was compared, or nothing differs. */
  readonly change?: Change;
  /** Each as `what: before → after`. */
  readonly differences?: readonly string[];
}

export interface Cluster extends Compared {
  readonly name: string;
  readonly source: ClusterSettings["source"];
  readonly podNetworks: readonly string[];
  readonly serviceNetworks: readonly string[];
  readonly trustDomain: string;
  readonly gateway: Gateway;
  readonly issuer: Certificate;
}

export interface Gateway {
  readonly published: boolean;
  /** The type of its Service. */
  readonly type: string;
  /** Declared ones, or those of the deployed gateway. */
  readonly addresses: readonly string[];
}

export interface Certificate {
  readonly origin: "made here" | "given";
  /** Of an anchor, during a rotation. */
  readonly generation?: string;
  /** How long it is valid, of one that is made here. */
  readonly lifetime?: string;
  /** Who it is for, of one that is given. */
  readonly subject?: string;
  readonly expires?: string;
}

/** One direction: calls go from the source, which holds the mirrors, to the target, which exports. */
export interface Link extends Compared {
  readonly source: string;
  readonly target: string;
  readonly carries: readonly Mode[];
  /** Whom the target's gateway admits: identities, or any. */
  readonly clients: "any" | readonly string[];
}

/** A name under which an exported service is called on some clusters. */
export interface Appearance {
  readonly name: string;
  readonly mode: Mode;
  readonly clusters: readonly string[];
}

export interface Service extends Compared {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly exports: readonly Mode[];
  readonly appears: readonly Appearance[];
}

export interface Backend {
  readonly from: string;
  readonly service: string;
  readonly port: number;
  readonly weight: number;
}

export interface Route extends Compared {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  readonly name: string;
  readonly port: number;
  readonly kind: string;
  readonly calls: "all" | "those that match";
  readonly backends: readonly Backend[];
}

/** What a newcomer wants to see of an environment, as plain data in an order of its own. */
export interface Topology extends Compared {
  readonly environment: string;
  readonly linkerd: string;
  readonly anchors: readonly Certificate[];
  readonly clusters: readonly Cluster[];
  readonly links: readonly Link[];
  readonly services: readonly Service[];
  readonly routes: readonly Route[];
}

export type { Mode };

export const modes: readonly Mode[] = ["gateway", "pod-to-pod", "federated"];

function given(pem: string): Certificate[] {
  if (isUnknown(pem)) return [{ origin: "given" }];
  return parseBundle(pem).flatMap((certificate) =>
    certificate === undefined
      ? []
      : [
          {
            origin: "given" as const,
            subject: certificate.subject.replaceAll("\n", ", "),
            expires: certificate.validToDate.toISOString(),
          },
        ],
  );
}

function anchorsOf({ givenAnchor, anchorLifetime, generations }: Settings["trust"]): Certificate[] {
  if (givenAnchor === undefined) {
    const lifetime = `${anchorLifetime.toString()}h`;
    if (generations.length === 1) return [{ origin: "made here", lifetime }];
    return generations.map((generation) => ({ origin: "made here", generation, lifetime }));
  }
  return orderedBy(given(givenAnchor.certificate), ({ subject = "", expires = "" }) => subject + expires);
}

function issuerOf({ issuer }: ClusterSettings, { issuerLifetime }: Settings["trust"]): Certificate {
  const [certificate] = issuer === undefined ? [] : given(issuer.certificate);
  return certificate ?? { origin: "made here", lifetime: `${issuerLifetime.toString()}h` };
}

function toCluster(cluster: ClusterSettings, trust: Settings["trust"]): Cluster {
  const { name, source, podNetworks, serviceNetworks, trustDomain, gateway } = cluster;
  return {
    name,
    source,
    podNetworks: orderedBy(podNetworks, String),
    serviceNetworks: orderedBy(serviceNetworks, String),
    trustDomain,
    gateway: {
      published: gateway.enabled,
      type: gateway.serviceType,
      addresses: orderedBy(gateway.addresses, String),
    },
    issuer: issuerOf(cluster, trust),
  };
}

function toLink({ source, target, carries, clients }: LinkSettings): Link {
  return { source, target, carries, clients: clients === "any" ? clients : orderedBy(clients, String) };
}

function toService(service: ServiceSettings, links: readonly LinkSettings[]): Service {
  const { cluster, namespace, name, modes: exports } = service;
  const mirrors = mirrorsOf(service, links);
  const appears = exports
    .filter((mode) => linksFor(service, mode, links).length > 0 || mode === "federated")
    .map((mode) => {
      const there = mirrors.filter((mirror) => mirror.mode === mode);
      return {
        name: mirrorName(name, mode === "federated" ? mode : cluster),
        mode,
        clusters: there.map((mirror) => mirror.cluster).sort(compareNames),
      };
    });
  return { cluster, namespace, name, exports, appears };
}

function toRoute({ cluster, namespace, service, name, port, kind, matches, backends }: RouteSettings): Route {
  return {
    cluster,
    namespace,
    service,
    name,
    port,
    kind,
    calls: matches.length === 0 ? "all" : "those that match",
    backends: orderedBy(
      backends.map(({ from, service: backend, port: backendPort, weight }) => ({
        from,
        service: backend,
        port: backendPort,
        weight,
      })),
      backendKey,
    ),
  };
}

function backendKey({ service, port, weight }: Backend): string {
  return `${service} ${port.toString()} ${weight.toString()}`;
}

/** How things are told apart, also from one stack file to another. */
export const keys = {
  cluster: ({ name }: Pick<Cluster, "name">) => name,
  link: ({ source, target }: Pick<Link, "source" | "target">) => `${source} → ${target}`,
  service: ({ cluster, namespace, name }: Pick<Service, "cluster" | "namespace" | "name">) =>
    `${cluster}/${namespace}/${name}`,
  route: ({ cluster, namespace, service, name, port }: Route) =>
    `${cluster}/${namespace}/${service}:${port.toString()} ${name}`,
};

/** The topology that the settings describe. */
export function describeTopology(settings: Settings): Topology {
  const { environment, linkerd, trust, clusters, links, services, routes } = settings;
  return {
    environment,
    linkerd: linkerdVersion(linkerd.version),
    anchors: anchorsOf(trust),
    clusters: orderedBy(
      clusters.map((cluster) => toCluster(cluster, trust)),
      keys.cluster,
    ),
    links: orderedBy(links.map(toLink), keys.link),
    services: orderedBy(
      services.map((service) => toService(service, links)),
      keys.service,
    ),
    routes: orderedBy(routes.map(toRoute), keys.route),
  };
}
