import type { Problem } from "../problem.ts";
import type { Settings } from "../settings.ts";

/** What can't be made by several stacks. */
export function splitProblems({ split, clusters }: Settings): Problem[] {
  const docker = clusters.filter(({ source }) => source === "k3d").map(({ name }) => name);
  if (!split || docker.length === 0) return [];
  return [
    {
      path: "split",
      value: split,
      problem: `is set, but ${docker.join(", ")} are k3d clusters, whose routes and network are made together`,
      remedy: "leave it out: one stack is enough for the clusters of one machine",
    },
  ];
}
