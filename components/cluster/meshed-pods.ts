import {
  AppsV1Api,
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type KubeConfig,
  type V1Pod,
} from "@kubernetes/client-node";

/** Kinds whose pods can be replaced by changing their template. */
export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet";

/** What made a pod: a workload, or the pod itself. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
}

export interface MeshedPod {
  readonly namespace: string;
  readonly owner: Owner;
  readonly created: Date;
  readonly annotations: Readonly<Record<string, string>>;
  /** The proxy's anchors as its environment has them; undefined where they come from the cluster's ConfigMap. */
  readonly anchors: string | undefined;
}

/** Also a sidecar that is an init container, as newer Kubernetes has them. */
export function proxyOf({ spec }: V1Pod) {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(
    ({ name }) => name === "linkerd-proxy",
  );
}

export function isReady({ status }: V1Pod): boolean {
  return (status?.conditions ?? []).some((one) => one.type === "Ready" && one.status === "True");
}

export function ownerOf({ metadata }: V1Pod): Owner {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return { kind: "Pod", name: metadata?.name ?? "" };
  const hash = metadata?.labels?.["pod-template-hash"];
  return owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? { kind: "Deployment", name: owner.name.slice(0, -hash.length - 1) }
    : { kind: owner.kind, name: owner.name };
}

/** A pod as far as trust is concerned; undefined without a proxy, or where it has ended. */
export function toMeshedPod(pod: V1Pod): MeshedPod | undefined {
  const proxy = proxyOf(pod);
  if (proxy === undefined || ["Succeeded", "Failed"].includes(pod.status?.phase ?? "")) return undefined;
  const variable = proxy.env?.find(({ name }) => name === "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS");
  return {
    namespace: pod.metadata?.namespace ?? "",
    owner: ownerOf(pod),
    created: new Date(pod.metadata?.creationTimestamp ?? 0),
    annotations: pod.metadata?.annotations ?? {},
    anchors: variable?.valueFrom === undefined ? (variable?.value ?? "") : undefined,
  };
}

function meshed(pods: readonly V1Pod[]): MeshedPod[] {
  return pods.map(toMeshedPod).filter((pod) => pod !== undefined);
}

/** Every pod of a cluster with a proxy in it. */
export async function listMeshedPods(config: KubeConfig): Promise<MeshedPod[]> {
  const { items } = await config.makeApiClient(CoreV1Api).listPodForAllNamespaces();
  return meshed(items);
}

function isWorkloadKind(kind: string): kind is WorkloadKind {
  return ["Deployment", "StatefulSet", "DaemonSet"].includes(kind);
}

/** Workloads of a namespace with a proxy in one of their pods. */
export async function listMeshedWorkloads(
  config: KubeConfig,
  namespace: string,
): Promise<{ kind: WorkloadKind; name: string }[]> {
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace });
  const found = new Map<string, { kind: WorkloadKind; name: string }>();
  for (const { owner } of meshed(items)) {
    const { kind, name } = owner;
    if (isWorkloadKind(kind)) found.set(`${kind}/${name}`, { kind, name });
  }
  return [...found.values()];
}

interface Rollout {
  readonly metadata?: { readonly generation?: number };
  readonly spec?: { readonly replicas?: number };
  readonly status?: Readonly<Record<string, unknown>>;
}

/** Whether all pods of a workload are of its newest template and ready. */
export function isRolledOut(kind: WorkloadKind, { metadata, spec, status = {} }: Rollout): boolean {
  const wanted = kind === "DaemonSet" ? status["desiredNumberScheduled"] : (spec?.replicas ?? 1);
  const counts =
    kind === "DaemonSet"
      ? [status["updatedNumberScheduled"], status["numberReady"], status["currentNumberScheduled"]]
      : [status["updatedReplicas"], status["readyReplicas"], status["replicas"]];
  const isSeen = Number(status["observedGeneration"] ?? 0) >= (metadata?.generation ?? 0);
  return isSeen && counts.every((count) => (count ?? 0) === (wanted ?? 0));
}

/** A workload as it is now. */
export async function readWorkload(
  config: KubeConfig,
  namespace: string,
  { kind, name }: { kind: WorkloadKind; name: string },
): Promise<Rollout> {
  const apps = config.makeApiClient(AppsV1Api);
  const found =
    kind === "Deployment"
      ? await apps.readNamespacedDeployment({ namespace, name })
      : kind === "StatefulSet"
        ? await apps.readNamespacedStatefulSet({ namespace, name })
        : await apps.readNamespacedDaemonSet({ namespace, name });
  return found as unknown as Rollout;
}

/** Replaces all pods of a workload, as `kubectl rollout restart` does, unless their template has the annotations already. */
export async function restartWorkload(
  config: KubeConfig,
  namespace: string,
  { kind, name }: { kind: WorkloadKind; name: string },
  annotations: Readonly<Record<string, string>> = {
    "kubectl.kubernetes.io/restartedAt": new Date().toISOString(),
  },
): Promise<void> {
  const apps = config.makeApiClient(AppsV1Api);
  const body = { spec: { template: { metadata: { annotations } } } };
  const options = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
  const workload = { namespace, name, body };
  if (kind === "Deployment") await apps.patchNamespacedDeployment(workload, options);
  else if (kind === "StatefulSet") await apps.patchNamespacedStatefulSet(workload, options);
  else await apps.patchNamespacedDaemonSet(workload, options);
}

const patience = 10 * 60_000;
const pause = 1_000;

/** @throws Error where it takes more than ten minutes. */
export async function waitUntilRolledOut(
  config: KubeConfig,
  namespace: string,
  workload: { kind: WorkloadKind; name: string },
): Promise<void> {
  const deadline = Date.now() + patience;
  while (!isRolledOut(workload.kind, await readWorkload(config, namespace, workload))) {
    if (Date.now() > deadline) {
      throw new Error(
        `${workload.kind} ${namespace}/${workload.name} isn't ready ten minutes after its restart`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
