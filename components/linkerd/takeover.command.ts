/**
 * Hands an installation of Linkerd's by Helm or its CLI over: Helm's records of it go, its definitions are marked, and its
 * issuer's Secret gets the type that others have.
 */
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

/**
 * A Secret's type can't be changed, and Linkerd's older scheme for issuers has another one. Identity goes on with what it
 * has read until its pods are replaced.
 */
async function convertIssuer(config: KubeConfig, namespace: string): Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  const [type, name] = ["kubernetes.io/tls", "linkerd-identity-issuer"];
  const fieldSelector = `metadata.name=${name}`;
  const { items } = await core.listNamespacedSecret({ namespace, fieldSelector });
  const [secret] = items.filter(({ metadata }) => metadata?.name === name);
  const { "crt.pem": certificate, "key.pem": key } = secret?.data ?? {};
  if (secret?.type === type || certificate === undefined || key === undefined) return;
  progress(`${namespace}/${name} becomes a Secret of type ${type}, with the same certificate and key`);
  await core.deleteNamespacedSecret({ name, namespace });
  const body = { metadata: { name }, type, data: { "tls.crt": certificate, "tls.key": key } };
  // As what the provider creates, so that it may change it later.
  await core.createNamespacedSecret({ namespace, body, fieldManager: "pulumi-kubernetes" });
}

async function create(): Promise<void> {
  const config = accessedCluster();
  const namespace = required("MESH_NAMESPACE");
  await forgetReleases(config);
  await markDefinitions(config, required("MESH_RELEASE"), namespace);
  await convertIssuer(config, namespace);
}

if (isProgram(import.meta.filename)) await runAction({ create });
