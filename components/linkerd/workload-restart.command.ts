/** Restarts the meshed workloads of `MESH_NAMESPACES` when `MESH_TRUST` is another one than the last time. */
import { accessedCluster } from "../cluster/access.ts";
import { listMeshedWorkloads, restartWorkload, waitUntilRolledOut } from "../cluster/meshed-pods.ts";
import { isProgram, progress, required, runAction } from "../cluster/programs.ts";

/** What the engine keeps of this run is what the next one compares with. */
function remember(): Promise<void> {
  process.stdout.write(required("MESH_TRUST"));
  return Promise.resolve();
}

async function restart(): Promise<void> {
  // Also other things of this command change, such as the way to the cluster.
  if (process.env["PULUMI_COMMAND_STDOUT"] !== required("MESH_TRUST")) {
    const config = accessedCluster();
    for (const namespace of required("MESH_NAMESPACES").split(" ")) {
      const workloads = await listMeshedWorkloads(config, namespace);
      for (const workload of workloads) {
        progress(`restarting ${workload.kind} ${namespace}/${workload.name}`);
        await restartWorkload(config, namespace, workload);
      }
      await Promise.all(workloads.map((workload) => waitUntilRolledOut(config, namespace, workload)));
    }
  }
  await remember();
}

if (isProgram(import.meta.filename)) await runAction({ remember, restart });
