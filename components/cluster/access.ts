import { KubeConfig } from "@kubernetes/client-node";

import { loadContext } from "./kubeconfig.ts";
import { required } from "./programs.ts";

/** The cluster that `accessEnvironment` names, for a `*.command.ts` program. */
export function accessedCluster(): KubeConfig {
  const context = process.env["MESH_CONTEXT"];
  if (context !== undefined) return loadContext(context, process.env["MESH_KUBECONFIG_PATH"]);
  const config = new KubeConfig();
  config.loadFromString(required("MESH_KUBECONFIG"));
  return config;
}

function isMissing(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === 404;
}

/** Waits for a deletion; what is gone already is fine. */
export async function ignoreMissing(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
