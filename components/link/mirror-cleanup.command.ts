/** Stops a link's mirror controller, and deletes what it leaves behind: mirrors, probe endpoints, federated entries. */
import { setTimeout } from "node:timers/promises";

import { AppsV1Api, CoordinationV1Api, CoreV1Api, type V1Service } from "@kubernetes/client-node";

import { accessedCluster, ignoreMissing } from "../cluster/access.ts";
import { isProgram, progress, required, runAction } from "../cluster/programs.ts";

const remoteDiscovery = "multicluster.linkerd.io/remote-discovery";
const localDiscovery = "multicluster.linkerd.io/local-discovery";

/** Seconds in which pods end, also those that don't listen. */
const patience = 45;

/** The entries of a federated Service's annotation (`service@cluster,…`) without those of one cluster. */
export function withoutCluster(entries: string, cluster: string): string {
  return entries
    .split(",")
    .filter((entry) => entry !== "" && !entry.endsWith(`@${cluster}`))
    .join(",");
}

function nameOf({ metadata }: V1Service): { name: string; namespace: string } {
  return { name: metadata?.name ?? "", namespace: metadata?.namespace ?? "" };
}

/**
 * The engine takes the Deployment away only with the rest of its chart, after this. Until it is gone, the controller would
 * write what is deleted here anew.
 */
async function stopController(apps: AppsV1Api, core: CoreV1Api, target: string, namespace: string) {
  const name = `controller-${target}`;
  await ignoreMissing(apps.deleteNamespacedDeployment({ name, namespace }));
  const labelSelector = `component=controller,mirror.linkerd.io/cluster-name=${target}`;
  for (let seconds = 0; seconds < patience; seconds++) {
    const { items } = await core.listNamespacedPod({ namespace, labelSelector });
    if (items.length === 0) return;
    if (seconds === 0) progress(`waiting for the pods of ${name} to end`);
    await setTimeout(1_000);
  }
  // As on a node that is gone.
  progress(`pods of ${name} are still there after ${patience.toString()} seconds; going on`);
}

async function deleteMirrors(core: CoreV1Api, target: string): Promise<void> {
  const labelSelector = `mirror.linkerd.io/mirrored-service=true,mirror.linkerd.io/cluster-name=${target}`;
  const { items } = await core.listServiceForAllNamespaces({ labelSelector });
  for (const mirror of items) {
    const { name, namespace } = nameOf(mirror);
    progress(`deleting mirror ${namespace}/${name}`);
    await ignoreMissing(core.deleteNamespacedService({ name, namespace }));
  }
}

async function leaveFederatedService(core: CoreV1Api, service: V1Service, target: string): Promise<void> {
  const annotations = service.metadata?.annotations ?? {};
  const entries = annotations[remoteDiscovery];
  if (entries === undefined) return;
  const remaining = withoutCluster(entries, target);
  if (remaining === entries) return;
  const { name, namespace } = nameOf(service);
  if (remaining === "" && annotations[localDiscovery] === undefined) {
    progress(`deleting federated service ${namespace}/${name}, which has no member left`);
    await ignoreMissing(core.deleteNamespacedService({ name, namespace }));
    return;
  }
  progress(`removing ${target} from federated service ${namespace}/${name}`);
  if (remaining === "") Reflect.deleteProperty(annotations, remoteDiscovery);
  else annotations[remoteDiscovery] = remaining;
  await core.replaceNamespacedService({ name, namespace, body: service });
}

async function leaveFederatedServices(core: CoreV1Api, target: string): Promise<void> {
  const { items } = await core.listServiceForAllNamespaces({
    labelSelector: "mirror.linkerd.io/mirrored-service=true,!mirror.linkerd.io/cluster-name",
  });
  for (const service of items) await leaveFederatedService(core, service, target);
}

async function clean(): Promise<void> {
  const target = required("MESH_TARGET");
  const namespace = required("MESH_NAMESPACE");
  const config = accessedCluster();
  const core = config.makeApiClient(CoreV1Api);
  await stopController(config.makeApiClient(AppsV1Api), core, target, namespace);
  await deleteMirrors(core, target);
  await leaveFederatedServices(core, target);
  await ignoreMissing(core.deleteNamespacedEndpoints({ name: `probe-${target}`, namespace }));
  const leases = config.makeApiClient(CoordinationV1Api);
  await ignoreMissing(leases.deleteNamespacedLease({ name: `service-mirror-write-${target}`, namespace }));
}

if (isProgram(import.meta.filename)) await runAction({ delete: clean });
