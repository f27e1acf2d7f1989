import { SettingsError } from "./problem.ts";
import type { Settings } from "./settings.ts";

/** What of an environment one stack makes: all of it, or where the environment is split, one part. */
export type Part =
  | { readonly kind: "whole" }
  | { readonly kind: "trust" }
  /** One cluster with what is on it whether or not it is linked. */
  | { readonly kind: "cluster"; readonly cluster: string }
  /** The multicluster extension of one cluster: its gateway, its mirror controllers, and the access that others have to it. */
  | { readonly kind: "multicluster"; readonly cluster: string }
  /** What one cluster has of the others: its links and its routes. */
  | { readonly kind: "links"; readonly cluster: string };

/** Parts that a cluster may have, in the order in which they are made. */
export const clusterKinds = ["cluster", "multicluster", "links"] as const;

export type ClusterPart = Extract<Part, { readonly cluster: string }>;

/** The parts of a split environment, in the order in which they are made; clusters in any order among each other. */
export function partsOf({
  clusters,
  links,
  routes,
}: Pick<Settings, "clusters" | "links" | "routes">): Part[] {
  const names = clusters.map(({ name }) => name);
  const linked = names.filter(
    (name) => links.some(({ source }) => source === name) || routes.some(({ cluster }) => cluster === name),
  );
  return [
    { kind: "trust" },
    ...names.map((cluster) => ({ kind: "cluster", cluster }) as const),
    ...names.map((cluster) => ({ kind: "multicluster", cluster }) as const),
    ...linked.map((cluster) => ({ kind: "links", cluster }) as const),
  ];
}

/** The stack of a part: of `prod` they are `prod-trust`, `prod-cluster-east`, `prod-multicluster-east` and `prod-links-east`. */
export function stackOf(base: string, part: Part): string {
  switch (part.kind) {
    case "whole":
      return base;
    case "trust":
      return `${base}-trust`;
    case "cluster":
    case "multicluster":
    case "links":
      return `${base}-${part.kind}-${part.cluster}`;
  }
}

/** A stack's part, and the name of the environment's stack; undefined where the name is none of a part. */
export function partNamed(
  stack: string,
  settings: Pick<Settings, "clusters" | "links" | "routes">,
): Place | undefined {
  const found = partsOf(settings)
    .map((part) => ({ part, suffix: stackOf("", part) }))
    .filter(({ suffix }) => stack.endsWith(suffix) && stack !== suffix)
    // Of a cluster that is called `links-east`, the longer name is meant.
    .sort((one, other) => other.suffix.length - one.suffix.length)[0];
  return found && { part: found.part, base: stack.slice(0, -found.suffix.length) };
}

/** The part of a cluster that a stack is called like, whether or not the settings ask for it. */
export function clusterPartCalled(base: string, stack: string): ClusterPart | undefined {
  const kind = clusterKinds.find((one) => stack.startsWith(`${base}-${one}-`));
  return kind && { kind, cluster: stack.slice(`${base}-${kind}-`.length) };
}

/** Of `stacks`, those that are called like parts of an environment. */
export function partsAmong(base: string, stacks: readonly string[]): string[] {
  return stacks.filter((stack) => stack === `${base}-trust` || clusterPartCalled(base, stack) !== undefined);
}

/** Of `stacks`, those of parts that the settings no longer ask for. */
export function leftParts(
  base: string,
  stacks: readonly string[],
  settings: Pick<Settings, "clusters" | "links" | "routes">,
): string[] {
  const asked = partsOf(settings).map((part) => stackOf(base, part));
  return partsAmong(base, stacks).filter((stack) => !asked.includes(stack));
}

/** Which part of an environment a stack is, and the name of the environment's stack. */
export interface Place {
  readonly part: Part;
  readonly base: string;
}

/**
 * What this stack makes.
 *
 * @throws SettingsError where the environment is split and the stack's name is none of a part.
 */
export function placeOf(stack: string, settings: Settings): Place {
  if (!settings.split) return { part: { kind: "whole" }, base: stack };
  const place = partNamed(stack, settings);
  if (place !== undefined) return place;
  const names = partsOf(settings).map((part) => stackOf(stack, part));
  throw new SettingsError([
    {
      path: "split",
      value: true,
      problem: `is set, and ${stack} is none of the environment's parts`,
      remedy: `run its parts, npm run fleet -- preview ${stack}: ${names.join(", ")}`,
    },
  ]);
}

/** What a stack makes: whole environments and parts never share a stack. */
export interface Scope {
  readonly trust: boolean;
  /** Clusters, with what is on them whether or not they are linked. */
  readonly clusters: readonly string[];
  /** Clusters whose multicluster extension is made, with the access that others have to them. */
  readonly extensions: readonly string[];
  /** Clusters whose links and routes are made. */
  readonly links: readonly string[];
}

const nothing: Scope = { trust: false, clusters: [], extensions: [], links: [] };

export function scopeOf(part: Part, { clusters }: Pick<Settings, "clusters">): Scope {
  const all = clusters.map(({ name }) => name);
  switch (part.kind) {
    case "whole":
      return { trust: true, clusters: all, extensions: all, links: all };
    case "trust":
      return { ...nothing, trust: true };
    case "cluster":
      return { ...nothing, clusters: [part.cluster] };
    case "multicluster":
      return { ...nothing, extensions: [part.cluster] };
    case "links":
      return { ...nothing, links: [part.cluster] };
  }
}
