import type { Problem } from "./problem.ts";
import type { ParsedSettings } from "./schema.ts";
import type { Clients, ClusterSettings, LinkSettings, Mode } from "./settings.ts";

type ParsedLinks = ParsedSettings["links"];

interface DeclaredLink {
  readonly path: string;
  readonly source: string;
  readonly target: string;
  readonly carries: readonly Mode[];
  readonly clients: ParsedLinks["clients"];
}

const modeOrder: readonly Mode[] = ["gateway", "pod-to-pod", "federated"];

/** Modes without repetition, in a fixed order, so that writing them differently changes nothing. */
export function sortModes(modes: readonly Mode[]): Mode[] {
  return modeOrder.filter((mode) => modes.includes(mode));
}

function everyPair(names: readonly string[]): [string, string][] {
  return names.flatMap((source) =>
    names.filter((target) => target !== source).map((target): [string, string] => [source, target]),
  );
}

function spokePairs(names: readonly string[], hub: string): [string, string][] {
  return names
    .filter((name) => name !== hub)
    .flatMap((spoke): [string, string][] => [
      [hub, spoke],
      [spoke, hub],
    ]);
}

function topologyLinks(links: ParsedLinks, names: readonly string[]): DeclaredLink[] {
  const pairs =
    links.topology === "mesh"
      ? everyPair(names)
      : links.topology === "hub-and-spoke" && links.hub !== undefined && names.includes(links.hub)
        ? spokePairs(names, links.hub)
        : [];
  return pairs.map(([source, target]) => ({
    path: "links.topology",
    source,
    target,
    carries: links.carries,
    clients: links.clients,
  }));
}

function listedLinks(links: ParsedLinks): DeclaredLink[] {
  const pairs = links.pairs.flatMap(({ clusters: [one, other], ...given }, index) => {
    const { carries = links.carries, clients = links.clients } = given;
    const common = { path: `links.pairs.${index.toString()}`, carries, clients };
    return [
      { ...common, source: one, target: other },
      { ...common, source: other, target: one },
    ];
  });
  const oneWay = links.oneWay.map(
    ({ source, target, carries = links.carries, clients = links.clients }, index) => ({
      path: `links.oneWay.${index.toString()}`,
      source,
      target,
      carries,
      clients,
    }),
  );
  return [...pairs, ...oneWay];
}

function hubProblems(links: ParsedLinks, names: readonly string[]): Problem[] {
  if (links.topology !== "hub-and-spoke") {
    return links.hub === undefined
      ? []
      : [
          {
            path: "links.hub",
            value: links.hub,
            problem: "is only used by the hub-and-spoke topology",
            remedy: "remove it, or set links.topology to hub-and-spoke",
          },
        ];
  }
  if (links.hub === undefined) {
    return [
      {
        path: "links.hub",
        problem: "is missing, but the topology is hub-and-spoke",
        remedy: `name the cluster in the middle: ${names.join(", ")}`,
      },
    ];
  }
  return unknownCluster("links.hub", links.hub, names);
}

/** A problem when `name` isn't one of the clusters. */
export function unknownCluster(path: string, name: string, names: readonly string[]): Problem[] {
  if (names.includes(name)) return [];
  return [
    {
      path,
      value: name,
      problem: "is not a cluster of this stack",
      remedy: `use one of ${names.join(", ")}`,
    },
  ];
}

function endProblems(link: DeclaredLink, names: readonly string[]): Problem[] {
  if (link.source === link.target) {
    return [
      {
        path: link.path,
        value: link.source,
        problem: "links a cluster to itself",
        remedy: "name two different clusters",
      },
    ];
  }
  return [link.source, link.target].flatMap((name) => unknownCluster(link.path, name, names));
}

function duplicateProblems(listed: readonly DeclaredLink[]): Problem[] {
  return listed.flatMap((link, index) => {
    const first = listed.findIndex(({ source, target }) => source === link.source && target === link.target);
    if (first === index || link.source === link.target) return [];
    return [
      {
        path: link.path,
        value: `${link.source} -> ${link.target}`,
        problem: `is already listed at ${listed[first]?.path ?? ""}`,
        remedy: "keep one of the two and let it carry everything",
      },
    ];
  });
}

/** Elsewhere than at a gateway a link's clients would let nobody in and keep nobody out. */
function clientProblems(links: ParsedLinks, expanded: readonly LinkSettings[]): Problem[] {
  const notAsked = (path: string, value: unknown, which: string): Problem => ({
    path: `${path}.clients`,
    value,
    problem: `says who may pass a gateway, but ${which} gateway`,
    remedy: "remove it, or add gateway to carries; who may call pods directly is said in services[].clients",
  });
  const isClosed = expanded.length > 0 && !expanded.some(({ carries }) => carries.includes("gateway"));
  const all =
    links.clients !== undefined && isClosed ? [notAsked("links", links.clients, "no link carries")] : [];
  const listed = (["pairs", "oneWay"] as const).flatMap((list) =>
    links[list].flatMap(({ clients, carries = links.carries }, index) =>
      clients === undefined || carries.includes("gateway")
        ? []
        : [notAsked(`links.${list}.${index.toString()}`, clients, "this link doesn't carry")],
    ),
  );
  return [...all, ...listed];
}

/** Names with `-to-` inside can make one name for two links: `a` to `b-to-c`, and `a-to-b` to `c`. */
function nameProblems(links: readonly LinkSettings[]): Problem[] {
  return links.flatMap((link, index) => {
    const first = links.slice(0, index).find(({ name }) => name === link.name);
    if (first === undefined) return [];
    return [
      {
        path: "links",
        value: link.name,
        problem: `is the name of two links, ${first.source} -> ${first.target} and ${link.source} -> ${link.target}`,
        remedy: "rename one of these clusters",
      },
    ];
  });
}

function deduplicate(problems: readonly Problem[]): Problem[] {
  return [
    ...new Map(
      problems.map((problem) => [`${problem.path} ${String(problem.value)} ${problem.problem}`, problem]),
    ).values(),
  ];
}

type IdentitySuffix = Pick<ClusterSettings, "controlPlaneNamespace" | "trustDomain">;

/** Identity of a workload, `*` for any (linkerd2 pkg/identity: `<account>.<namespace>.serviceaccount.identity.…`). */
export function identityOf(
  { controlPlaneNamespace, trustDomain }: IdentitySuffix,
  namespace: string,
  serviceAccount: string,
): string {
  const suffix = `serviceaccount.identity.${controlPlaneNamespace}.${trustDomain}`;
  if (namespace === "*") return `*.${suffix}`;
  return `${serviceAccount}.${namespace}.${suffix}`;
}

function gatewayClients(clients: ParsedLinks["clients"], source: IdentitySuffix | undefined): Clients {
  if (clients === "any" || source === undefined) return "any";
  return (clients ?? ["*/*"]).map((workload) => {
    const [namespace = "*", serviceAccount = "*"] = workload.split("/");
    return identityOf(source, namespace, serviceAccount);
  });
}

/** Every directed link that the topology and the lists describe; a listed link overrides the topology's. */
export function expandLinks(
  links: ParsedLinks,
  clusters: readonly (Pick<ClusterSettings, "name"> & IdentitySuffix)[],
): { links: LinkSettings[]; problems: Problem[] } {
  const names = clusters.map(({ name }) => name);
  const listed = listedLinks(links);
  const byDirection = new Map(
    [...topologyLinks(links, names), ...listed].map((link) => [`${link.source} -> ${link.target}`, link]),
  );
  const expanded = [...byDirection.values()]
    .map(({ source, target, carries, clients }) => ({
      name: `${source}-to-${target}`,
      source,
      target,
      carries: sortModes(carries),
      clients: gatewayClients(
        clients,
        clusters.find(({ name }) => name === source),
      ),
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  return {
    links: expanded,
    problems: deduplicate([
      ...hubProblems(links, names),
      ...listed.flatMap((link) => endProblems(link, names)),
      ...duplicateProblems(listed),
      ...nameProblems(expanded),
      ...clientProblems(links, expanded),
    ]),
  };
}
