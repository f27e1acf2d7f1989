import type { LinkSettings, Mode, ServiceSettings } from "./settings.ts";

/** A Service that Linkerd's mirror controllers make in a source cluster for an exported one. */
export interface Mirror {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly mode: Mode;
}

/** The links that bring `service` to other clusters in `mode`. */
export function linksFor(
  service: ServiceSettings,
  mode: Mode,
  links: readonly LinkSettings[],
): LinkSettings[] {
  return links.filter(({ target, carries }) => target === service.cluster && carries.includes(mode));
}

/**
 * Where an exported service appears, and under which name: `<service>-<cluster>`, or `<service>-federated`, which
 * also exists beside the service itself (linkerd2 multicluster/service-mirror/cluster_watcher.go).
 */
export function mirrorsOf(service: ServiceSettings, links: readonly LinkSettings[]): Mirror[] {
  const { namespace } = service;
  return service.modes.flatMap((mode) => {
    const name = mode === "federated" ? `${service.name}-federated` : `${service.name}-${service.cluster}`;
    const sources = linksFor(service, mode, links).map(({ source }) => source);
    const clusters = mode === "federated" ? [service.cluster, ...sources] : sources;
    return clusters.map((cluster) => ({ cluster, namespace, name, mode }));
  });
}
