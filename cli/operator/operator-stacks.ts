import { createHash } from "node:crypto";

import { partsOf, scopeOf, stackOf, type Part } from "../../settings/part.ts";
import type { ClusterSettings, Settings } from "../../settings/settings.ts";
import { fleetOrder } from "../fleet/fleet-order.ts";

/** What must be known of an environment that the operator runs. */
export type OperatorSettings = Pick<Settings, "clusters" | "links" | "routes" | "split">;

/** A stack that the operator runs: an environment, or a part of one. */
export interface OperatorStack {
  readonly name: string;
  readonly part: Part;
  /** The stacks that must have gone through before it. */
  readonly needs: readonly string[];
}

/** The stacks of an environment, in the order in which they are made. */
export function stacksOf(base: string, settings: OperatorSettings): OperatorStack[] {
  if (!settings.split) return [{ name: base, part: { kind: "whole" }, needs: [] }];
  const order = fleetOrder("up", base, settings);
  return partsOf(settings).map((part) => {
    const name = stackOf(base, part);
    return { name, part, needs: order.get(name) ?? [] };
  });
}

/** The clusters that a part's engine talks to. */
export function clustersOf(part: Part, settings: OperatorSettings): ClusterSettings[] {
  const { clusters, extensions, links } = scopeOf(part, settings);
  const named = new Set([...clusters, ...extensions, ...links]);
  return settings.clusters.filter(({ name }) => named.has(name));
}

/** `-workspace-` and the hash of a revision come after it, in a label that holds 63 characters. */
const longestName = 42;

/** Name of the object that keeps a stack, reports its drift or previews what is next for it. */
export function objectName(stack: string, purpose: "mesh" | "drift" | "next" = "mesh"): string {
  const name = `${purpose}-${stack}`;
  const valid = name.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-");
  if (valid === name && name.length <= longestName) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${valid.slice(0, longestName - hash.length - 1)}-${hash}`;
}
