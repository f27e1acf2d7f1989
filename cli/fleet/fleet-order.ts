import { partsOf, stackOf, type Part } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";

/** What happened to a part; it is unchanged where an update would find what the last one has left. */
export type Outcome = "done" | "unchanged" | "failed" | "left out";

/** The parts that must be there before another one is. */
function neededBy(part: Part, { links }: Pick<Settings, "links">): Part[] {
  switch (part.kind) {
    case "whole":
    case "trust":
      return [];
    case "cluster":
      return [{ kind: "trust" }];
    case "multicluster":
      return [{ kind: "trust" }, { kind: "cluster", cluster: part.cluster }];
    case "links": {
      const targets = links.filter(({ source }) => source === part.cluster).map(({ target }) => target);
      return [
        { kind: "cluster", cluster: part.cluster },
        ...[part.cluster, ...targets].map((cluster) => ({ kind: "multicluster", cluster }) as const),
      ];
    }
  }
}

/** The stack of each part with those that must have gone through before it: what needs others goes down before them. */
export function fleetOrder(
  action: string,
  base: string,
  settings: Pick<Settings, "clusters" | "links" | "routes">,
): Map<string, readonly string[]> {
  const parts = partsOf(settings);
  const needs = new Map(
    parts.map((part) => [stackOf(base, part), neededBy(part, settings).map((other) => stackOf(base, other))]),
  );
  if (action !== "destroy") return needs;
  const neededOf = (stack: string) =>
    [...needs].filter(([, needed]) => needed.includes(stack)).map(([other]) => other);
  return new Map([...needs.keys()].reverse().map((stack) => [stack, neededOf(stack)]));
}

/** How many others can't start before each has gone through. */
function waitersOf(order: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const waiters = new Map([...order.keys()].map((stack) => [stack, new Set<string>()]));
  const add = (waiter: string, stack: string): void => {
    for (const before of order.get(stack) ?? []) {
      const known = waiters.get(before);
      if (known === undefined || known.has(waiter)) continue;
      known.add(waiter);
      add(waiter, before);
    }
  };
  for (const stack of order.keys()) add(stack, stack);
  return new Map([...waiters].map(([stack, { size }]) => [stack, size]));
}

/**
 * The same stacks in another order of starting: those first that `isFirst` names, such as new ones, which take longest, and then
 * those that most others wait for.
 */
export function longestFirst(
  order: ReadonlyMap<string, readonly string[]>,
  isFirst: (stack: string) => boolean,
): Map<string, readonly string[]> {
  const waiters = waitersOf(order);
  const rank = (stack: string) => [isFirst(stack) ? 1 : 0, waiters.get(stack) ?? 0] as const;
  return new Map(
    [...order].sort(([one], [other]) => {
      const [[oneFirst, oneWaiters], [otherFirst, otherWaiters]] = [rank(one), rank(other)];
      return otherFirst - oneFirst || otherWaiters - oneWaiters;
    }),
  );
}

function isThere(outcome: Outcome | undefined): boolean {
  return outcome === "done" || outcome === "unchanged";
}

/**
 * Runs each stack once those before it have gone through, at most `limit` at a time; of those that could run, the first in
 * `order`. A stack that fails is gone past: only what comes after it is left out. Stacks that aren't in `order` are taken to be
 * there.
 */
export async function runInOrder(
  order: ReadonlyMap<string, readonly string[]>,
  limit: number,
  run: (stack: string) => Promise<Exclude<Outcome, "left out">>,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const running = new Map<string, Promise<void>>();
  const waiting = new Set(order.keys());
  const before = (stack: string) => (order.get(stack) ?? []).filter((other) => order.has(other));
  for (;;) {
    for (const stack of waiting) {
      const states = before(stack).map((other) => outcomes.get(other));
      if (states.some((state) => state === "failed" || state === "left out")) {
        outcomes.set(stack, "left out");
        waiting.delete(stack);
      } else if (states.every(isThere) && running.size < limit) {
        waiting.delete(stack);
        const end = run(stack).then((outcome) => {
          outcomes.set(stack, outcome);
          running.delete(stack);
        });
        running.set(stack, end);
      }
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  return new Map([...order.keys()].map((stack) => [stack, outcomes.get(stack) ?? "left out"]));
}
