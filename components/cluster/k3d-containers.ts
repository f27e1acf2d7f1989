/** What Docker knows of k3d clusters, and whose they are. */
import { exclusively } from "./k3d-lock.ts";
import { output } from "./programs.ts";

/** On what an environment makes in Docker. */
export const environmentLabel = "linkerd-mesh.environment";

/** k3d rewrites the default kubeconfig as a whole, and two clusters are made at once. */
export const kubeconfigLock = "kubeconfig";

export interface NodeContainer {
  readonly name: string;
  readonly role: string;
  readonly environment: string;
}

/** The containers of a cluster. k3d's own list leaves out the labels that aren't k3d's. */
export async function listContainers(cluster: string): Promise<NodeContainer[]> {
  const text = await output("docker", [
    "ps",
    "--all",
    "--filter",
    `label=k3d.cluster=${cluster}`,
    "--format",
    `{{.Names}}\t{{.Label "k3d.role"}}\t{{.Label "${environmentLabel}"}}`,
  ]);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", role = "", environment = ""] = line.split("\t");
      return { name, role, environment };
    });
}

function byNumber(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

/** Names of the containers that are nodes: servers first, each by number. */
export function nodeNames(containers: readonly NodeContainer[], of = ["server", "agent"]): string[] {
  return of.flatMap((role) =>
    containers
      .filter((container) => container.role === role)
      .map(({ name }) => name)
      .sort(byNumber),
  );
}

/** Whether the containers of a cluster were made by others than `environment`. */
export function areForeign(
  containers: readonly NodeContainer[],
  cluster: string,
  environment: string,
): boolean {
  // k3d's helper comes first and has no label: alone, it is what a creation left that hardly began.
  const labelled = containers.filter(({ name }) => name !== `k3d-${cluster}-tools`);
  return labelled.length > 0 && !labelled.some((container) => container.environment === environment);
}

/** Deletes a cluster, whoever made it. */
export async function deleteCluster(cluster: string): Promise<void> {
  await exclusively(kubeconfigLock, () => output("k3d", ["cluster", "delete", cluster]));
}
