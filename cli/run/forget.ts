import { nameOf, type StackState, type State, type StateResource } from "../stacks/state.ts";
import type { DeployedCluster } from "./absence.ts";

function isOn({ provider }: StateResource, cluster: DeployedCluster): boolean {
  return provider?.startsWith(`${cluster.provider}::`) ?? false;
}

/** Clean-ups that would have to reach the cluster. */
function isCleanUpOf({ type, urn }: StateResource, { name }: DeployedCluster): boolean {
  return (
    type === "command:local:Command" &&
    [`${name}-linkerd`, `${name}-to-`].some((start) => nameOf({ urn }).startsWith(start))
  );
}

/** The state with the objects on some clusters marked, so that the engine drops them without a call to their cluster. */
export function withRetained(state: State, clusters: readonly DeployedCluster[], isRetained: boolean): State {
  const { resources = [] } = state.deployment;
  return {
    ...state,
    deployment: {
      ...state.deployment,
      resources: resources.map((resource) => {
        const isAffected = clusters.some(
          (cluster) => isOn(resource, cluster) || isCleanUpOf(resource, cluster),
        );
        if (!isAffected) return resource;
        const { retainOnDelete: _, ...others } = resource;
        return isRetained ? { ...resource, retainOnDelete: true } : others;
      }),
    },
  };
}

/**
 * Runs the engine so that it drops what is on some clusters without asking them. What is still there afterwards, as
 * nobody agreed or something failed, is unmarked: it would be left behind when it is deleted some day.
 */
export async function withForgotten(
  state: StackState,
  clusters: readonly DeployedCluster[],
  run: () => Promise<number>,
): Promise<number> {
  if (clusters.length === 0) return run();
  await state.write(withRetained(await state.read(), clusters, true));
  try {
    return await run();
  } finally {
    const left = await state.read();
    if (left.deployment.resources?.some(({ retainOnDelete }) => retainOnDelete === true) ?? false) {
      await state.write(withRetained(left, clusters, false));
    }
  }
}
