import { keys, type Change, type Link, type Mode } from "./topology.ts";

/** One or two links drawn as one arrow: both directions of a pair that carry the same have two heads. */
export interface Arrow {
  readonly source: string;
  readonly target: string;
  readonly bothWays: boolean;
  readonly carries: readonly Mode[];
  readonly change?: Change;
  readonly differences?: readonly string[];
}

function carriesSame(one: Link, other: Link): boolean {
  return one.carries.join() === other.carries.join() && one.change === other.change;
}

function toArrow({ source, target, carries, change, differences }: Link, bothWays: boolean): Arrow {
  return {
    source,
    target,
    bothWays,
    carries,
    ...(change === undefined ? {} : { change }),
    ...(differences === undefined ? {} : { differences }),
  };
}

/** The links as arrows, in their order. */
export function arrowsOf(links: readonly Link[]): Arrow[] {
  const byKey = new Map(links.map((link) => [keys.link(link), link]));
  const drawn = new Set<string>();
  return links.flatMap((link) => {
    if (drawn.has(keys.link(link))) return [];
    const back = byKey.get(keys.link({ source: link.target, target: link.source }));
    if (back === undefined || !carriesSame(link, back)) return [toArrow(link, false)];
    drawn.add(keys.link(back));
    return [toArrow(link, true)];
  });
}

/** `source → target`, or `source ↔ target`. */
export function arrowText({ source, target, bothWays }: Arrow): string {
  return `${source} ${bothWays ? "↔" : "→"} ${target}`;
}
