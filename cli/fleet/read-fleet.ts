import { clusterPartCalled, type ClusterPart } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import { engineFor, listStacks, type ListedStack } from "../stacks/move-state.ts";
import { environments } from "../stacks/stack-settings.ts";
import { UsageError } from "../terminal/usage.ts";
import { fleetOrder } from "./fleet-order.ts";
import type { FleetRequest } from "./fleet-request.ts";
import { findLeaving, guardLeaving, withLeaving, type Leaving } from "./leaving-parts.ts";

/** What is there, and what is to be run of it. */
export interface Fleet {
  readonly settings: Settings;
  /** The stacks that are run, each with those before it. */
  readonly order: ReadonlyMap<string, readonly string[]>;
  /** Parts that the settings no longer ask for. */
  readonly leaving: ReadonlyMap<string, ClusterPart>;
  /** The stacks that there are. */
  readonly stacks: ReadonlyMap<string, ListedStack>;
}

/** The stacks that are run, each with those before it. @throws UsageError where one is asked for that can't be. */
export function chooseStacks(
  { action, base, only }: Pick<FleetRequest, "action" | "base" | "only">,
  settings: Settings,
  leaving: Leaving,
): Map<string, readonly string[]> {
  const order = withLeaving(action, base, fleetOrder(action, base, settings), leaving);
  const unknown = (only ?? []).filter((stack) => !order.has(stack));
  if (unknown.length > 0) {
    throw new UsageError(
      `${base} has no part ${unknown.join(", ")}; it has ${[...order.keys()].join(", ")}.`,
    );
  }
  const chosen = new Map([...order].filter(([stack]) => only?.includes(stack) ?? true));
  for (const [stack, before] of chosen) {
    const missing = before.filter((other) => leaving.parts.has(stack) && !chosen.has(other));
    if (missing.length > 0) {
      throw new UsageError(
        `${stack} can't go before ${missing.join(", ")}: name ${missing.length > 1 ? "them" : "it"} too.`,
      );
    }
  }
  return chosen;
}

/** What there is of an environment, and what is to be run of it. @throws UsageError where that can't be. */
export async function readFleet(request: FleetRequest, settings: Settings): Promise<Fleet> {
  const { action, base, forget } = request;
  const run = engineFor(base);
  const stacks = await listStacks(run);
  if ((stacks.get(base)?.resources ?? 0) > 0) {
    throw new UsageError(
      `${base} is still one stack with all resources. Move them first: npm run split -- ${base}`,
    );
  }
  const leaving = await findLeaving(run, base, settings, { stacks, environments: environments() });
  for (const note of leaving.strangers) process.stderr.write(`${note}\n`);
  const order = chooseStacks(request, settings, leaving);
  const parts = new Map([...leaving.parts].filter(([stack]) => order.has(stack)));
  const going = action === "destroy" ? [...order.keys()] : [...parts.keys()];
  for (const cluster of forget) {
    if (going.some((stack) => clusterPartCalled(base, stack)?.cluster === cluster)) continue;
    throw new UsageError(
      `Nothing of ${cluster} is taken down. To forget it, move it from clusters to retired, and run preview or up.`,
    );
  }
  if (["preview", "up"].includes(action)) guardLeaving({ ...leaving, parts }, settings, forget);
  return { settings, order, leaving: parts, stacks };
}
