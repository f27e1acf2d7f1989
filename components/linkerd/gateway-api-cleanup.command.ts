/** Deletes Gateway API definitions that a Helm release left behind, unless someone has objects of them. */
import {
  ApiextensionsV1Api,
  CustomObjectsApi,
  type V1CustomResourceDefinition,
} from "@kubernetes/client-node";

import { accessedCluster, ignoreMissing } from "../cluster/access.ts";
import { isProgram, progress, required, runAction } from "../cluster/programs.ts";

const group = "gateway.networking.k8s.io";

function isLeftBy(release: string, { spec, metadata }: V1CustomResourceDefinition): boolean {
  return spec.group === group && metadata?.annotations?.["meta.helm.sh/release-name"] === release;
}

async function isUsed(custom: CustomObjectsApi, { spec }: V1CustomResourceDefinition): Promise<boolean> {
  const version = spec.versions.find(({ storage }) => storage)?.name ?? "v1";
  const list: unknown = await custom.listClusterCustomObject({
    group,
    version,
    plural: spec.names.plural,
    limit: 1,
  });
  return (list as { items: unknown[] }).items.length > 0;
}

async function clean(): Promise<void> {
  const config = accessedCluster();
  const extensions = config.makeApiClient(ApiextensionsV1Api);
  const custom = config.makeApiClient(CustomObjectsApi);
  const { items } = await extensions.listCustomResourceDefinition();
  for (const definition of items.filter((item) => isLeftBy(required("MESH_RELEASE"), item))) {
    const name = definition.metadata?.name ?? "";
    if (await isUsed(custom, definition)) progress(`keeping ${name}: there are objects of it`);
    else await ignoreMissing(extensions.deleteCustomResourceDefinition({ name }));
  }
}

if (isProgram(import.meta.filename)) await runAction({ delete: clean });
