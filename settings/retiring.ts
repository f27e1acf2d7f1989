import type { Problem } from "./problem.ts";
import type { ParsedSettings } from "./schema.ts";
import type { ClusterSettings, EmojivotoSettings, LinkSettings, RouteSettings } from "./settings.ts";

type Retiring = Pick<ClusterSettings, "name" | "retire">;

/** Clusters whose services the others no longer call. */
export function outOfTraffic(clusters: readonly Retiring[]): string[] {
  return clusters.filter(({ retire }) => retire !== undefined).map(({ name }) => name);
}

/** Clusters that are linked with no other any more. */
export function outOfLinks(clusters: readonly Retiring[]): string[] {
  return clusters.filter(({ retire }) => retire === "links").map(({ name }) => name);
}

/** The links without those of clusters on their way out. */
export function linksThatStay(links: readonly LinkSettings[], clusters: readonly Retiring[]): LinkSettings[] {
  const gone = outOfLinks(clusters);
  return links.filter(({ source, target }) => !gone.includes(source) && !gone.includes(target));
}

/** A service as it was written, without callers on clusters that are no longer linked. */
export function withoutCallers<T extends Pick<ParsedSettings["services"][number], "clients">>(
  service: T,
  clusters: readonly Retiring[],
): T {
  const { clients } = service;
  if (!Array.isArray(clients)) return service;
  const gone = outOfLinks(clusters);
  return { ...service, clients: clients.filter((client) => !gone.includes(client.split("/")[0] ?? "")) };
}

/** Routes without backends on clusters on their way out; one that has no other is a problem. */
export function routesThatStay(
  routes: readonly RouteSettings[],
  clusters: readonly Retiring[],
): { routes: RouteSettings[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const stay = routes.flatMap((route) => {
    const isUnlinked = outOfLinks(clusters).includes(route.cluster);
    const backends = route.backends.filter(
      ({ from }) => from === "local" || (!isUnlinked && !outOfTraffic(clusters).includes(from)),
    );
    if (backends.length === 0) {
      problems.push({
        path: `${route.path}.backends`,
        problem: "are only on clusters that are being retired: no call would arrive",
        remedy: "add another backend, or remove the route",
      });
      return [];
    }
    return backends.length === route.backends.length ? route : { ...route, backends };
  });
  return { routes: stay, problems };
}

/** Emojivoto needs both of its clusters. */
export function emojivotoThatStays(
  emojivoto: EmojivotoSettings | undefined,
  clusters: readonly Retiring[],
): Problem[] {
  if (emojivoto === undefined) return [];
  const leaving = outOfTraffic(clusters);
  return (["web", "backends"] as const)
    .filter((part) => leaving.includes(emojivoto[part]))
    .map((part) => ({
      path: `emojivoto.${part}`,
      value: emojivoto[part],
      problem: "is being retired",
      remedy: "name another cluster, or set emojivoto to false",
    }));
}
