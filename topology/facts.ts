import { compareNames } from "./order.ts";
import type {
  Appearance,
  Backend,
  Certificate,
  Cluster,
  Gateway,
  Link,
  Route,
  Service,
  Topology,
} from "./topology.ts";

/** What is said of a thing, in words: label and value. The same words show it and tell two of them apart. */
export type Facts = Readonly<Record<string, string>>;

function listed(values: readonly string[], none: string): string {
  return values.length === 0 ? none : values.join(", ");
}

export function gatewayText({ published, type, addresses }: Gateway): string {
  if (!published) return "none";
  return addresses.length === 0 ? type : `${type} ${addresses.join(", ")}`;
}

function years(hours: string): string {
  const count = Number.parseInt(hours) / 8760;
  if (!Number.isInteger(count)) return hours;
  return count === 1 ? "1 year" : `${count.toString()} years`;
}

export function certificateText({ origin, generation, lifetime, subject, expires }: Certificate): string {
  const valid =
    expires === undefined ? lifetime && `valid for ${years(lifetime)}` : `expires ${expires.slice(0, 10)}`;
  const named = generation && `generation ${generation}`;
  return [origin, named, subject, valid].filter((part) => part !== undefined).join(", ");
}

/** The clusters' names, or that it is all of them. */
export function clustersText(names: readonly string[], all: readonly { readonly name: string }[]): string {
  if (names.length === all.length && all.length > 2) return "every cluster";
  return names.length > 6 ? `${names.length.toString()} clusters` : names.join(", ");
}

export function appearanceText({ name, clusters }: Appearance): string {
  return clusters.length === 0
    ? `${name} nowhere`
    : `${name} on ${[...clusters].sort(compareNames).join(", ")}`;
}

/** Shares of the calls in per cent, as near as whole numbers come. */
export function backendTexts(backends: readonly Backend[]): string[] {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  return backends.map(({ service, weight }) => {
    const share = total === 0 ? 0 : Math.round((100 * weight) / total);
    return `${share.toString()}% ${service}`;
  });
}

export function clusterFacts({
  source,
  podNetworks,
  serviceNetworks,
  trustDomain,
  gateway,
  issuer,
}: Cluster): Facts {
  return {
    source,
    pods: listed(podNetworks, "not said"),
    services: listed(serviceNetworks, "not said"),
    "trust domain": trustDomain,
    gateway: gatewayText(gateway),
    issuer: certificateText(issuer),
  };
}

export function linkFacts({ carries, clients }: Link): Facts {
  return { carries: carries.join(", "), clients: clients === "any" ? clients : clients.join(", ") };
}

export function serviceFacts({ exports, appears }: Service): Facts {
  return {
    "exported by": exports.join(", "),
    "appears as": listed(appears.map(appearanceText), "nothing"),
  };
}

export function routeFacts({ kind, calls, backends }: Route): Facts {
  return { kind, calls, "go to": backendTexts(backends).join(", ") };
}

export function topologyFacts({ environment, linkerd, anchors }: Topology): Facts {
  return {
    environment,
    linkerd,
    [anchors.length > 1 ? "trust anchors" : "trust anchor"]: anchors.map(certificateText).join("; "),
  };
}
