/** Hands an installation of Linkerd's by Helm or its CLI over: Helm's records of it go, its definitions are marked. */
import { gunzipSync } from "node:zlib";

import {
  ApiextensionsV1Api,
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type KubeConfig,
  type V1Secret,
} from "@kubernetes/client-node";

import { accessedCluster, ignoreMissing } from "../cluster/access.ts";
import { isProgram, progress, required, runAction } from "../cluster/programs.ts";

const charts = [
  "linkerd-crds",
  "linkerd2-cni",
  "linkerd-control-plane",
  "linkerd-multicluster",
  "linkerd-viz",
];

/** Groups whose definitions Linkerd's chart brings. */
const groups = ["linkerd.io", "policy.linkerd.io", "workload.linkerd.io"];
const gatewayApi = "gateway.networking.k8s.io";

/** Of which chart a record of Helm's is: base64 of gzipped JSON, in base64 (helm pkg/storage/driver/util.go). */
export function chartOf({ data }: Pick<V1Secret, "data">): string | undefined {
  try {
    const packed = Buffer.from(Buffer.from(data?.["release"] ?? "", "base64").toString(), "base64");
    const release = JSON.parse(gunzipSync(packed).toString()) as { chart?: { metadata?: { name?: string } } };
    return release.chart?.metadata?.name;
  } catch {
    return undefined;
  }
}

async function forgetReleases(config: KubeConfig): Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  const { items } = await core.listSecretForAllNamespaces({ labelSelector: "owner=helm" });
  for (const secret of items) {
    const chart = chartOf(secret);
    const { name = "", namespace = "" } = secret.metadata ?? {};
    if (chart === undefined || !charts.includes(chart)) continue;
    progress(`Helm forgets ${namespace}/${name}, of chart ${chart}`);
    await ignoreMissing(core.deleteNamespacedSecret({ name, namespace }));
  }
}

/** Helm takes over what is marked as its own; what the CLI made isn't, and another release has its own name. */
async function markDefinitions(config: KubeConfig, release: string, namespace: string): Promise<void> {
  const api = config.makeApiClient(ApiextensionsV1Api);
  const { items } = await api.listCustomResourceDefinition();
  const metadata = {
    labels: { "app.kubernetes.io/managed-by": "Helm" },
    annotations: { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace },
  };
  const options = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  for (const { metadata: found, spec } of items) {
    const name = found?.name ?? "";
    // The Gateway API's may be somebody else's.
    const isFromChart = spec.group === gatewayApi && "linkerd.io/control-plane-ns" in (found?.labels ?? {});
    if (!groups.includes(spec.group) && !isFromChart) continue;
    progress(`${name} becomes a part of the release ${release}`);
    await api.patchCustomResourceDefinition({ name, body: { metadata } }, options);
  }
}

async function create(): Promise<void> {
  const config = accessedCluster();
  await forgetReleases(config);
  await markDefinitions(config, required("MESH_RELEASE"), required("MESH_NAMESPACE"));
}

if (isProgram(import.meta.filename)) await runAction({ create });
