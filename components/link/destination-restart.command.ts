/** Restarts destination in `MESH_NAMESPACE` when `MESH_CREDENTIALS` are others than the last time. */
import { createHash } from "node:crypto";

import type { KubeConfig } from "@kubernetes/client-node";

import { isProgram, progress, required, runAction } from "../cluster/programs.ts";

/** What the engine keeps of this run is what the next one compares with. */
function remember(): Promise<void> {
  process.stdout.write(required("MESH_CREDENTIALS"));
  return Promise.resolve();
}

/** A text that is another one after any change of what destination reads of the clusters linked with it. */
async function credentialsVersion(config: KubeConfig, namespace: string): Promise<string> {
  const { CoreV1Api } = await import("@kubernetes/client-node");
  const labelSelector = "multicluster.linkerd.io/cluster-name";
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedSecret({ namespace, labelSelector });
  const versions = items.map(({ metadata }) => [metadata?.name, metadata?.resourceVersion].join(" "));
  return createHash("sha256").update(versions.sort().join("\n")).digest("hex").slice(0, 12);
}

async function restart(): Promise<void> {
  // Also other things of this command change, such as the way to the cluster.
  if (process.env["PULUMI_COMMAND_STDOUT"] !== required("MESH_CREDENTIALS")) {
    // Loaded here, since it is most of what it costs to remember: each new link does no more.
    const { accessedCluster } = await import("../cluster/access.ts");
    const { restartWorkload, waitUntilRolledOut } = await import("../cluster/meshed-pods.ts");
    const config = accessedCluster();
    const namespace = required("MESH_NAMESPACE");
    const destination = { kind: "Deployment", name: "linkerd-destination" } as const;
    progress(`restarting destination for the credentials of ${required("MESH_TARGET")}`);
    // With the credentials of many links, this runs for each of them, and one restart is for all.
    const version = await credentialsVersion(config, namespace);
    await restartWorkload(config, namespace, destination, { "mesh/credentials": version });
    await waitUntilRolledOut(config, namespace, destination);
  }
  await remember();
}

if (isProgram(import.meta.filename)) await runAction({ remember, restart });
