import type { Settings } from "../../settings/settings.ts";

/** Beside a mirror controller for each link, an extension has a gateway and a local mirror. */
const deploymentsBeside = 2;

/** How many Deployments of extensions may be waited for at the same moment. */
function waitedFor({ links }: Pick<Settings, "links">, clusters: readonly string[]): number {
  const controllers = links.filter(({ source }) => clusters.includes(source)).length;
  return controllers + deploymentsBeside * clusters.length;
}

/**
 * What to say where the engine works on so few resources at a time that all of them may be Deployments whose ServiceAccounts
 * wait for a place: they would wait for each other until the provider gives up. `parallel` is what the engine told the SDK
 * (`PULUMI_NODEJS_PARALLEL`): without `--parallel` or `PULUMI_PARALLEL`, four for each processor.
 */
export function fewSlots(
  settings: Pick<Settings, "links">,
  clusters: readonly string[],
  parallel = process.env["PULUMI_NODEJS_PARALLEL"],
): string | undefined {
  const slots = Number(parallel);
  const deployments = waitedFor(settings, clusters);
  // One at a time, they are made in order.
  if (!(slots > 1) || deployments < slots) return undefined;
  return (
    `The engine works on ${slots.toString()} resources at a time, and up to ${deployments.toString()} Deployments are waited ` +
    "for, which may take the place of what they need themselves. Set PULUMI_PARALLEL=64, as the npm scripts do."
  );
}
