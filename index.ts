import { deployMesh } from "./components/mesh/deploy-mesh.ts";
import { readPlace, readSettings } from "./settings/read.ts";

// Type stripping keeps every position, and translating each resource's stack trace would cost a second of every preview.
Reflect.deleteProperty(Error, "prepareStackTrace");

const settings = readSettings();

export const { mesh, trust, expires, kubeconfigs } = await deployMesh(settings, readPlace(settings));
