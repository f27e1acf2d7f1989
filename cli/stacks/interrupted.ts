import {
  CoreV1Api,
  KubernetesObjectApi,
  type KubeConfig,
  type KubernetesObject,
} from "@kubernetes/client-node";

import { nameOf, type PendingOperation, type State, type StateResource } from "./state.ts";

/** An object that the engine was creating when it was killed, and that is there. */
export interface Created {
  readonly urn: string;
  /** Its id in the state. */
  readonly id: string;
  /** The field manager of a patch. */
  readonly fieldManager?: string;
}

type LiveObject = Pick<KubernetesObject, "metadata">;

const releaseType = "kubernetes:helm.sh/v3:Release";

function isKubernetes({ type }: StateResource): boolean {
  return type.startsWith("kubernetes:");
}

function isPatch({ type }: StateResource): boolean {
  return type.endsWith("Patch");
}

/** As what the provider writes when it creates something, and when it applies a patch. */
const creator = "pulumi-kubernetes";
const applier = /^pulumi-kubernetes-[0-9a-f]+$/;

/** Whether the provider made it: somebody else's object of the same name isn't taken for ours. */
function isOurs({ metadata }: LiveObject): boolean {
  return (metadata?.managedFields ?? []).some(
    ({ manager = "" }) => manager === creator || applier.test(manager),
  );
}

/** The manager by which a patch was applied that the state doesn't know. */
function patchManager({ metadata }: LiveObject, known: ReadonlySet<string>): string | undefined {
  return (metadata?.managedFields ?? [])
    .filter(({ operation }) => operation === "Apply")
    .map(({ manager = "" }) => manager)
    .find((manager) => applier.test(manager) && !known.has(manager));
}

function isMissing(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === 404;
}

interface Inputs {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

async function readObject(config: KubeConfig, { inputs }: StateResource): Promise<LiveObject | undefined> {
  const { apiVersion, kind, metadata } = inputs as Inputs;
  if (apiVersion === undefined || kind === undefined || metadata?.name === undefined) return undefined;
  const api = KubernetesObjectApi.makeApiClient(config);
  const { name, namespace } = metadata;
  const header = {
    apiVersion,
    kind: kind.replace(/Patch$/, ""),
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  };
  try {
    return await api.read(header);
  } catch (error) {
    // Nor can there be an object whose definition is missing.
    if (isMissing(error) || (error instanceof Error && error.message.includes("Unrecognized API")))
      return undefined;
    throw error;
  }
}

/** The object of an interrupted creation, where it is there and ours. */
async function findObject(
  resource: StateResource,
  config: KubeConfig,
  knownManagers: ReadonlySet<string>,
): Promise<Created | undefined> {
  const object = await readObject(config, resource);
  if (object === undefined || !isOurs(object)) return undefined;
  const { urn } = resource;
  const { name = "", namespace } = object.metadata ?? {};
  const id = namespace === undefined ? name : `${namespace}/${name}`;
  if (!isPatch(resource)) return { urn, id };
  const fieldManager = patchManager(object, knownManagers);
  return fieldManager === undefined ? undefined : { urn, id, fieldManager };
}

interface ReleaseInputs {
  readonly name?: string;
  readonly namespace?: string;
}

/** Helm's records of a release in one of several states. */
async function helmRecords(config: KubeConfig, { inputs }: StateResource, states: readonly string[]) {
  const { name = "", namespace = "" } = inputs as ReleaseInputs;
  const labelSelector = `owner=helm,name=${name}`;
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedSecret({ namespace, labelSelector });
  return items.filter(({ metadata }) => states.includes(metadata?.labels?.["status"] ?? ""));
}

/**
 * Takes away Helm's records of a release that was being installed or upgraded: Helm would refuse to touch it again. The
 * objects stay; they are marked as the release's, so the next installation takes them over.
 */
async function dropUnfinished(config: KubeConfig, resource: StateResource): Promise<void> {
  const states = ["pending-install", "pending-upgrade", "pending-rollback"];
  for (const { metadata } of await helmRecords(config, resource, states)) {
    const { name = "", namespace = "" } = metadata ?? {};
    await config.makeApiClient(CoreV1Api).deleteNamespacedSecret({ name, namespace });
  }
}

/** The release of an interrupted installation, where it has come to its end after all. */
async function findRelease(config: KubeConfig, resource: StateResource): Promise<Created | undefined> {
  const records = await helmRecords(config, resource, ["deployed"]);
  const { name = "", namespace = "" } = resource.inputs as ReleaseInputs;
  return records.length > 0 ? { urn: resource.urn, id: `${namespace}/${name}` } : undefined;
}

function isRelease({ type }: StateResource): boolean {
  return type === releaseType;
}

/** What was under way when the engine was killed. */
export function interrupted({
  deployment: { pending_operations: pending },
}: State): readonly PendingOperation[] {
  // The engine writes null where there is none.
  return pending ?? [];
}

/**
 * Asks the clusters what became of interrupted creations, and clears what would be in the way of doing it again.
 * `reach` answers undefined for a cluster that can't be asked: nothing was created there that could be known.
 */
export async function investigate(
  state: State,
  reach: (cluster: string) => KubeConfig | undefined,
): Promise<Created[]> {
  const managers = knownManagers(state);
  const created: Created[] = [];
  for (const { type, resource } of interrupted(state)) {
    const config = isKubernetes(resource) ? reach(clusterOf(resource)) : undefined;
    if (config === undefined) continue;
    if (isRelease(resource)) await dropUnfinished(config, resource);
    if (type !== "creating") continue;
    const found = isRelease(resource)
      ? await findRelease(config, resource)
      : await findObject(resource, config, managers);
    if (found !== undefined) created.push(found);
  }
  return created;
}

/** Field managers by which the state's patches are applied. */
function knownManagers({ deployment: { resources = [] } }: State): Set<string> {
  return new Set(
    resources.flatMap(({ outputs }) => {
      const manager = outputs?.["__fieldManager"];
      return typeof manager === "string" ? [manager] : [];
    }),
  );
}

/** The state with what was created, and without pending operations. */
export function settled(state: State, created: readonly Created[]): State {
  const { resources = [] } = state.deployment;
  const pending = new Map(interrupted(state).map(({ resource }) => [resource.urn, resource]));
  const added = created.flatMap(({ urn, id, fieldManager }) => {
    const resource = pending.get(urn);
    if (resource === undefined) return [];
    const patch = fieldManager === undefined ? {} : { __fieldManager: fieldManager };
    return [{ ...resource, id, outputs: { ...resource.inputs, ...patch } }];
  });
  const byUrn = new Map(added.map((resource) => [resource.urn, resource]));
  const isNew = ({ urn }: StateResource) => !resources.some((resource) => resource.urn === urn);
  return {
    ...state,
    deployment: {
      ...state.deployment,
      // A replaced object is deleted before it is made anew: what was made is the one that counts.
      resources: [
        ...resources.map((resource) => byUrn.get(resource.urn) ?? resource),
        ...added.filter(isNew),
      ],
      pending_operations: [],
    },
  };
}

/** The cluster whose provider was to make a resource. */
function clusterOf({ provider = "" }: StateResource): string {
  return nameOf({ urn: provider.split("::").slice(0, 4).join("::") });
}
