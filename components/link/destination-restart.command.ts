/** Restarts destination in `MESH_NAMESPACE` when `MESH_CREDENTIALS` are others than the last time. */
import { isProgram, progress, required, runAction } from "../cluster/programs.ts";

/** What the engine keeps of this run is what the next one compares with. */
function remember(): Promise<void> {
  process.stdout.write(required("MESH_CREDENTIALS"));
  return Promise.resolve();
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
    await restartWorkload(config, namespace, destination);
    await waitUntilRolledOut(config, namespace, destination);
  }
  await remember();
}

if (isProgram(import.meta.filename)) await runAction({ remember, restart });
