import type { Deployed } from "../deployed.ts";
import type { Problem } from "../problem.ts";
import type { Settings } from "../settings.ts";

/** A cluster is either there or taken down. */
export function retiredProblems({ clusters, retired }: Pick<Settings, "clusters" | "retired">): Problem[] {
  return retired.flatMap((name, index) => {
    if (!clusters.some((cluster) => cluster.name === name)) return [];
    return [
      {
        path: `retired.${index.toString()}`,
        value: name,
        problem: `is still a cluster of this stack, at clusters.${name}`,
        remedy: "remove it in one of the two places",
      },
    ];
  });
}

/** Clusters that are deployed, but were dropped from the stack file without a word. */
function forgottenProblems(
  { clusters: deployed }: Pick<Deployed, "clusters">,
  { clusters, retired }: Pick<Settings, "clusters" | "retired">,
): Problem[] {
  const known = [...clusters.map(({ name }) => name), ...retired];
  return Object.keys(deployed)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: `clusters.${name}`,
      problem: "is deployed, but no longer there: its part of the mesh would be taken down",
      remedy: `put it back, or say that it is meant by adding ${name} to retired`,
    }));
}

function linkedWith(name: string, { links }: Pick<Deployed, "links">): string[] {
  const others = links.flatMap(({ source, target }) =>
    source === name ? [target] : target === name ? [source] : [],
  );
  return [...new Set(others)].sort();
}

/** Callers need time to go elsewhere. Clusters that were made here are for trying things. */
function linkedProblems(
  deployed: Pick<Deployed, "clusters" | "links">,
  { retired }: Pick<Settings, "retired">,
  forgotten: readonly string[],
): Problem[] {
  return retired.flatMap((name, index) => {
    const { source } = (deployed.clusters[name] ?? {}) as { source?: unknown };
    const others = linkedWith(name, deployed);
    if (source !== "existing" || others.length === 0 || forgotten.includes(name)) return [];
    return [
      {
        path: `retired.${index.toString()}`,
        value: name,
        problem: `is still linked with ${others.join(", ")}`,
        remedy:
          `put it back into clusters with retire: traffic, then retire: links, an update each; ` +
          `if it is gone for good, add --forget ${name}`,
      },
    ];
  });
}

/** What an update would take down too early, or by a slip. */
export function retirementProblems(
  deployed: Pick<Deployed, "clusters" | "links">,
  settings: Pick<Settings, "clusters" | "retired">,
  forgotten: readonly string[],
): Problem[] {
  return [...forgottenProblems(deployed, settings), ...linkedProblems(deployed, settings, forgotten)];
}
