import { deployStack } from "./components/mesh/deploy-stack.ts";

// Type stripping keeps every position, and translating each resource's stack trace would cost a second of every preview.
Reflect.deleteProperty(Error, "prepareStackTrace");

export const { mesh, trust, expires, kubeconfigs } = await deployStack();
