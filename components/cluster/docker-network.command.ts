/** Creates or deletes the Docker network that k3d clusters share. */
import { isProgram, output, progress, required, runAction } from "./programs.ts";

const environmentLabel = "linkerd-mesh.environment";

async function find(filter: string): Promise<boolean> {
  const names = await output("docker", ["network", "ls", "--filter", filter, "--format", "{{.Name}}"]);
  return names.split("\n").includes(required("MESH_NETWORK"));
}

async function create(): Promise<void> {
  const network = required("MESH_NETWORK");
  if (await find(`name=${network}`)) {
    progress(`using the Docker network ${network} that is already there`);
    return;
  }
  const label = `${environmentLabel}=${required("MESH_ENVIRONMENT")}`;
  await output("docker", ["network", "create", "--label", label, network]);
}

async function remove(): Promise<void> {
  const ours = await find(`label=${environmentLabel}=${required("MESH_ENVIRONMENT")}`);
  if (ours) await output("docker", ["network", "rm", required("MESH_NETWORK")]);
}

if (isProgram(import.meta.filename)) await runAction({ create, delete: remove });
