import { CustomObjectsApi, type KubeConfig, type KubernetesObject } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";

import type { Deployed } from "../../settings/deployed.ts";
import { mirrorsOf } from "../../settings/mirror.ts";
import { stackOf, type Place } from "../../settings/part.ts";
import type { ClusterSettings, Settings } from "../../settings/settings.ts";
import { clusterConfig } from "../cluster/kubeconfig.ts";
import { readDeployed } from "../trust/read-deployed.ts";

interface Reference {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** What may send calls to a Service, in the shapes of the Gateway API and of Linkerd's ServiceProfile. */
interface Route extends KubernetesObject {
  readonly spec?: {
    readonly parentRefs?: readonly Reference[];
    readonly rules?: readonly { readonly backendRefs?: readonly Reference[] }[];
    readonly dstOverrides?: readonly { readonly authority?: string }[];
  };
}

const kinds = [
  { group: "gateway.networking.k8s.io", version: "v1", plural: "httproutes", kind: "HTTPRoute" },
  { group: "gateway.networking.k8s.io", version: "v1", plural: "grpcroutes", kind: "GRPCRoute" },
  { group: "gateway.networking.k8s.io", version: "v1alpha2", plural: "tlsroutes", kind: "TLSRoute" },
  { group: "gateway.networking.k8s.io", version: "v1alpha2", plural: "tcproutes", kind: "TCPRoute" },
  {
    group: "policy.linkerd.io",
    version: "v1beta3",
    plural: "httproutes",
    kind: "policy.linkerd.io HTTPRoute",
  },
  { group: "linkerd.io", version: "v1alpha2", plural: "serviceprofiles", kind: "ServiceProfile" },
] as const;

/** The Services that a route names, `namespace/name`. */
export function servicesOf({ metadata, spec = {} }: Route): string[] {
  const own = metadata?.namespace ?? "";
  const references = [
    ...(spec.parentRefs ?? []),
    ...(spec.rules ?? []).flatMap((rule) => rule.backendRefs ?? []),
  ];
  const named = references
    .filter(({ kind = "Service" }) => kind === "Service")
    .map(({ name = "", namespace = own }) => `${namespace}/${name}`);
  const overridden = (spec.dstOverrides ?? []).map(({ authority = "" }) => {
    const [name = "", namespace = own] = authority.split(":")[0]?.split(".") ?? [];
    return `${namespace}/${name}`;
  });
  return [...new Set([...named, ...overridden])];
}

/** Routes of this program change or go together with what they point at. */
function isOurs({ metadata }: Route): boolean {
  return (metadata?.managedFields ?? []).some(
    ({ manager }) => manager?.startsWith("pulumi-kubernetes") ?? false,
  );
}

/** The mirrors that an update takes away, by cluster: `namespace/name`. */
export function goingMirrors({ mirrors }: Deployed, { services, links }: Settings): Map<string, string[]> {
  const stay = new Set(
    services
      .flatMap((service) => mirrorsOf(service, links))
      .map(({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`),
  );
  const going = new Map<string, string[]>();
  for (const mirror of mirrors.filter((one) => !stay.has(one))) {
    const [cluster = "", ...name] = mirror.split("/");
    going.set(cluster, [...(going.get(cluster) ?? []), name.join("/")]);
  }
  return going;
}

/** Routes of others on one cluster that name one of its mirrors, each with the mirrors that it names. */
export async function routesTo(
  mirrors: readonly string[],
  config: KubeConfig,
): Promise<{ readonly route: string; readonly mirrors: string[] }[]> {
  const api = config.makeApiClient(CustomObjectsApi);
  const found = await Promise.all(
    kinds.map(async ({ group, version, plural, kind }) => {
      const list = (await api
        .listCustomObjectForAllNamespaces({ group, version, resourcePlural: plural })
        // A cluster needn't have every kind.
        .catch(() => ({ items: [] }))) as { items?: readonly Route[] };
      return (list.items ?? [])
        .filter((route) => !isOurs(route))
        .map((route) => ({
          route: `${kind} ${route.metadata?.namespace ?? ""}/${route.metadata?.name ?? ""}`,
          mirrors: servicesOf(route).filter((service) => mirrors.includes(service)),
        }));
    }),
  );
  return found.flat().filter((route) => route.mirrors.length > 0);
}

/** The way to a cluster, which is only known to its own part where that made it. */
async function configOf(
  cluster: ClusterSettings,
  { kubeconfigs }: Deployed,
  { part, base }: Place,
): Promise<KubeConfig> {
  if (part.kind === "whole" || cluster.name in kubeconfigs) return clusterConfig(cluster, kubeconfigs);
  const home = await readDeployed(stackOf(base, { kind: "cluster", cluster: cluster.name }));
  return clusterConfig(cluster, home.kubeconfigs);
}

/**
 * Warns of routes that others made and that point at mirrors which this update takes away, since a link, an export or a
 * cluster goes. Routes of this program were looked at with the settings.
 */
export async function warnOfUsedMirrors(
  settings: Settings,
  deployed: Deployed,
  leftOut: readonly string[],
  place: Place,
): Promise<void> {
  await Promise.all(
    [...goingMirrors(deployed, settings)].map(async ([name, mirrors]) => {
      const cluster = settings.clusters.find((one) => one.name === name);
      if (cluster === undefined || leftOut.includes(name)) return;
      const routes = await configOf(cluster, deployed, place)
        .then((config) => routesTo(mirrors, config))
        .catch(() => []);
      for (const { route, mirrors: used } of routes) {
        await pulumi.log.warn(
          `On ${name}, ${route} sends calls to ${used.join(", ")}, which this update takes away: change the route first.`,
        );
      }
    }),
  );
}
