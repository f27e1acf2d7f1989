import { readPlace, readSettings } from "../../settings/read.ts";
import { deployMesh, type MeshOutputs } from "./deploy-mesh.ts";

/** The program: makes what the current stack's settings ask for, and answers the stack's outputs. */
export async function deployStack(): Promise<MeshOutputs> {
  const settings = readSettings();
  return deployMesh(settings, readPlace(settings));
}
