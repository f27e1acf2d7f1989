/** Makes the stack the owner of the fields that others wrote of what it has taken over. */
import {
  ApisApi,
  CoreV1Api,
  CustomObjectsApi,
  KubernetesObjectApi,
  PatchStrategy,
  type KubeConfig,
  type KubernetesObject,
  type V1APIResource,
} from "@kubernetes/client-node";

import { accessedCluster } from "../cluster/access.ts";
import { isProgram, progress, required, runAction } from "../cluster/programs.ts";
import { exportedAlone, transferred, type Entry, type Transfer } from "./managed-fields.ts";

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Says who owns an object's fields from now on. */
type Rule = (entries: readonly Entry[]) => Transfer | undefined;

/** How often somebody else may change an object at the same moment. */
const attempts = 5;

function linesOf(variable: string): string[] {
  return (process.env[variable] ?? "").split("\n").filter((line) => line !== "");
}

function kindsIn(apiVersion: string, resources: readonly V1APIResource[]): Kind[] {
  return resources
    .filter(
      ({ name, verbs }) => !name.includes("/") && ["list", "patch"].every((verb) => verbs.includes(verb)),
    )
    .map(({ kind, namespaced }) => ({ apiVersion, kind, namespaced }));
}

/** Every kind of object once: some are only in a version that isn't the one that their group prefers. */
async function allKinds(config: KubeConfig): Promise<Kind[]> {
  const core = await config.makeApiClient(CoreV1Api).getAPIResources();
  const { groups } = await config.makeApiClient(ApisApi).getAPIVersions();
  const custom = config.makeApiClient(CustomObjectsApi);
  const others = groups.map(async ({ name: group, versions }) => {
    const kinds = new Map<string, Kind>();
    for (const { version } of versions) {
      // One whose server is away, such as that of metrics, has nothing of Linkerd's.
      const found = await custom.getAPIResources({ group, version }).catch(() => ({ resources: [] }));
      for (const kind of kindsIn(`${group}/${version}`, found.resources)) {
        if (!kinds.has(kind.kind)) kinds.set(kind.kind, kind);
      }
    }
    return [...kinds.values()];
  });
  return [...kindsIn("v1", core.resources), ...(await Promise.all(others)).flat()];
}

/** What is in one of the namespaces, or has one of the labels, once. */
async function objectsOf(api: KubernetesObjectApi, kind: Kind): Promise<KubernetesObject[]> {
  const list = (namespace?: string, labelSelector?: string) =>
    api.list(
      kind.apiVersion,
      kind.kind,
      namespace,
      undefined,
      undefined,
      undefined,
      undefined,
      labelSelector,
    );
  const lists = await Promise.all([
    ...(kind.namespaced ? linesOf("MESH_NAMESPACES").map((namespace) => list(namespace)) : []),
    ...linesOf("MESH_LABELS").map((label) => list(undefined, label)),
  ]);
  const found = lists.flatMap(({ items }) => items);
  const byName = new Map(
    found.map((object) => [`${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`, object]),
  );
  return [...byName.values()].map((object) => ({ ...object, apiVersion: kind.apiVersion, kind: kind.kind }));
}

function isConflict(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === 409;
}

/** Changes who owns an object's fields, and nothing else of it. */
async function apply(api: KubernetesObjectApi, object: KubernetesObject, rule: Rule, attempt = 1) {
  const { apiVersion = "", kind = "", metadata: { name = "", namespace, resourceVersion } = {} } = object;
  const result = rule(object.metadata?.managedFields ?? []);
  if (result === undefined) return undefined;
  const header = { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
  const metadata = {
    ...header.metadata,
    managedFields: [...result.entries],
    // Refused where somebody has changed the object meanwhile.
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  try {
    const body = { ...header, metadata };
    await api.patch(body, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
    return result;
  } catch (error) {
    if (!isConflict(error) || attempt === attempts) throw error;
    return apply(api, await api.read(header), rule, attempt + 1);
  }
}

async function takeInstallation(config: KubeConfig, api: KubernetesObjectApi): Promise<void> {
  const managers = new Set<string>();
  let count = 0;
  for (const kind of await allKinds(config)) {
    for (const object of await objectsOf(api, kind)) {
      const result = await apply(api, object, transferred);
      if (result === undefined) continue;
      count++;
      for (const manager of result.from) managers.add(manager);
    }
  }
  if (count === 0) return;
  progress(`${count.toString()} objects: what ${[...managers].join(", ")} wrote belongs to this stack now`);
}

async function takeExports(config: KubeConfig, api: KubernetesObjectApi): Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  for (const service of linesOf("MESH_SERVICES")) {
    const [namespace = "", name = ""] = service.split("/");
    const { metadata } = await core.readNamespacedService({ namespace, name });
    const object = { apiVersion: "v1", kind: "Service", ...(metadata === undefined ? {} : { metadata }) };
    const result = await apply(api, object, exportedAlone);
    if (result === undefined) continue;
    const from = result.from.join(", ");
    progress(`Service ${service}: what exports it belongs to this stack alone, not to ${from}`);
  }
}

async function take(): Promise<void> {
  required("MESH_NAMESPACES");
  const config = accessedCluster();
  const api = KubernetesObjectApi.makeApiClient(config);
  await takeInstallation(config, api);
  await takeExports(config, api);
}

if (isProgram(import.meta.filename)) await runAction({ take });
