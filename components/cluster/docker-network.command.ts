/** Creates or deletes the Docker network that k3d clusters share. */
import { deleteCluster, environmentLabel } from "./k3d-containers.ts";
import { exclusively } from "./k3d-lock.ts";
import { isProgram, output, progress, required, runAction } from "./programs.ts";

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

function ours(): string {
  return `label=${environmentLabel}=${required("MESH_ENVIRONMENT")}`;
}

/** Clusters of ours on the network. The engine has deleted those that it knew: an interrupted creation left these. */
async function leftovers(): Promise<string[]> {
  const text = await output("docker", [
    "ps",
    "--all",
    "--filter",
    `network=${required("MESH_NETWORK")}`,
    "--filter",
    ours(),
    "--format",
    `{{.Label "k3d.cluster"}}`,
  ]);
  return [...new Set(text.split("\n"))].filter((cluster) => cluster !== "");
}

async function remove(): Promise<void> {
  for (const cluster of await leftovers()) {
    progress(`${cluster} was left by an interrupted update; deleting it`);
    await exclusively(`k3d-${cluster}`, () => deleteCluster(cluster));
  }
  if (await find(ours())) await output("docker", ["network", "rm", required("MESH_NETWORK")]);
}

if (isProgram(import.meta.filename)) await runAction({ create, delete: remove });
