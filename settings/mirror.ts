import type { LinkSettings, Mode, ServiceSettings } from "./settings.ts";

/** A Service that Linkerd's mirror controllers make in a source cluster for an exported one. */
export interface Mirror {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly mode: Mode;
}

/** The Service under which `from`'s service is called on another cluster: `local`, `federated`, or a cluster's. */
export function mirrorName(service: string, from: string): string {
  return from === "local" ? service : `${service}-${from}`;
}

/** The links that bring `service` to other clusters in `mode`. */
export function linksFor(
  service: Pick<ServiceSettings, "cluster">,
  mode: Mode,
  links: readonly LinkSettings[],
): LinkSettings[] {
  return links.filter(({ target, carries }) => target === service.cluster && carries.includes(mode));
}

/**
 * Where an exported service appears, and under which name: `<service>-<cluster>`, or `<service>-federated`, which
 * also exists beside the service itself (linkerd2 multicluster/service-mirror/cluster_watcher.go).
 */
export function mirrorsOf(
  service: Pick<ServiceSettings, "cluster" | "namespace" | "name" | "modes">,
  links: readonly LinkSettings[],
): Mirror[] {
  const { namespace } = service;
  return service.modes.flatMap((mode) => {
    const name = mirrorName(service.name, mode === "federated" ? mode : service.cluster);
    const sources = linksFor(service, mode, links).map(({ source }) => source);
    const clusters = mode === "federated" ? [service.cluster, ...sources] : sources;
    return clusters.map((cluster) => ({ cluster, namespace, name, mode }));
  });
}

/** The labels by which links select what they mirror (the default selectors of `link-gen`). */
export function exportLabels(modes: readonly Mode[]): Record<string, string> {
  return {
    ...(modes.includes("gateway") ? { "mirror.linkerd.io/exported": "true" } : {}),
    ...(modes.includes("pod-to-pod") ? { "mirror.linkerd.io/exported": "remote-discovery" } : {}),
    ...(modes.includes("federated") ? { "mirror.linkerd.io/federated": "member" } : {}),
  };
}
