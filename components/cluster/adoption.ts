import type { Problem } from "../../settings/problem.ts";
import { isLoopback } from "../../settings/rules/clusters.ts";
import type { ClusterSettings, Settings } from "../../settings/settings.ts";
import { readContext } from "./kubeconfig.ts";

function contextProblems(cluster: ClusterSettings, isTarget: boolean): Problem[] {
  if (cluster.source !== "existing" || cluster.kubeconfig.from !== "context") return [];
  const { context, path } = cluster.kubeconfig;
  try {
    const { server } = readContext(context, path);
    if (!isTarget || cluster.apiServer !== undefined || !isLoopback(server)) return [];
    return [
      {
        path: `clusters.${cluster.name}.apiServer`,
        problem: `is missing, and the kubeconfig's ${server} is this machine's own address`,
        remedy: "give the address of the API server as pods of the other clusters reach it",
      },
    ];
  } catch (error) {
    return [
      {
        path: `clusters.${cluster.name}.context`,
        value: context,
        problem: error instanceof Error ? error.message : String(error),
        remedy: "name a context that is there, and kubeconfigPath where it isn't in kubectl's own file",
      },
    ];
  }
}

/** What this machine's kubeconfig files say against adopting clusters as the settings ask. */
export function adoptionProblems({ clusters, links }: Pick<Settings, "clusters" | "links">): Problem[] {
  return clusters.flatMap((cluster) =>
    contextProblems(
      cluster,
      links.some(({ target }) => target === cluster.name),
    ),
  );
}
