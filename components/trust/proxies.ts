import { createHash, X509Certificate } from "node:crypto";

import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";

import type { Deployed } from "../../settings/deployed.ts";
import type { Problem } from "../../settings/problem.ts";
import { rotationStep, signerPath, trustedPath, type TrustState } from "../../settings/rotation.ts";
import { parseBundle } from "../../settings/rules/trust.ts";
import type { ClusterSettings } from "../../settings/settings.ts";
import { clusterConfig } from "../cluster/kubeconfig.ts";
import { listMeshedPods, type MeshedPod } from "../cluster/meshed-pods.ts";
import { reasonOf } from "../cluster/reason.ts";

/** What a cluster itself says of its trust. */
export interface LiveTrust {
  /** PEM, as the control plane hands it to new proxies. */
  readonly bundle: string;
  /** PEM. */
  readonly issuer: string;
  readonly pods: readonly MeshedPod[];
}

/** Certificates of anchors, PEM. */
interface Needs {
  /** Which anchor every proxy must trust. */
  readonly trusted: readonly string[];
  /** Which anchors' certificates must no longer be in use; none where nothing is dropped. */
  readonly remaining: readonly string[] | undefined;
}

function fingerprints(bundle: string): string[] {
  return parseBundle(bundle).flatMap((certificate) => certificate?.fingerprint256 ?? []);
}

function trusts(bundle: string, anchors: readonly string[]): boolean {
  const found = fingerprints(bundle);
  return anchors.flatMap(fingerprints).every((anchor) => found.includes(anchor));
}

/** Pods of the control plane read the ConfigMap when they start; the chart notes which one that was. */
function hasCurrentBundle({ annotations }: MeshedPod, bundle: string): boolean {
  const hash = createHash("sha256").update(bundle.trim()).digest("hex");
  return annotations["linkerd.io/trust-root-sha256"] === hash;
}

function carries(pod: MeshedPod, live: LiveTrust, trusted: readonly string[]): boolean {
  return pod.anchors === undefined
    ? hasCurrentBundle(pod, live.bundle) && trusts(live.bundle, trusted)
    : trusts(pod.anchors, trusted);
}

function isSignedByOneOf(issuer: X509Certificate, anchors: readonly string[]): boolean {
  return anchors
    .flatMap(parseBundle)
    .some((anchor) => anchor !== undefined && issuer.verify(anchor.publicKey));
}

function listOf(cluster: string, pods: readonly MeshedPod[]): string {
  const names = pods.map(({ namespace, owner }) => `${cluster}/${namespace}/${owner.kind} ${owner.name}`);
  return [...new Set(names)].sort().join(", ");
}

/** What of one cluster the step would break; each as the end of a sentence. */
export function relianceProblems(
  cluster: string,
  live: LiveTrust,
  { trusted, remaining }: Needs,
): Omit<Problem, "path">[] {
  const problems: Omit<Problem, "path">[] = [];
  if (!trusts(live.bundle, trusted)) {
    const problem = `relies on an anchor that ${cluster} doesn't have in its linkerd-identity-trust-roots`;
    problems.push({ problem, remedy: "let an update that only trusts it go through on all clusters first" });
  }
  const stale = live.pods.filter((pod) => !carries(pod, live, trusted));
  if (stale.length > 0) {
    problems.push({
      problem: `would cut off running proxies that don't have the anchor yet: ${listOf(cluster, stale)}`,
      remedy: "restart them (kubectl rollout restart), then do this step",
    });
  }
  if (remaining === undefined) return problems;
  const issuer = new X509Certificate(live.issuer);
  if (!isSignedByOneOf(issuer, remaining)) {
    const problem = `drops the anchor that signed the issuer which ${cluster} has in its linkerd-identity-issuer`;
    problems.push({ problem, remedy: "let an update that signs with another anchor go through first" });
  }
  const old = live.pods.filter((pod) => !stale.includes(pod) && pod.created < issuer.validFromDate);
  if (old.length > 0) {
    problems.push({
      problem: `would cut off running proxies from before the current issuer: ${listOf(cluster, old)}`,
      remedy: "restart them (kubectl rollout restart), then do this step",
    });
  }
  return problems;
}

/** The text under a key of a ConfigMap or Secret. */
function required(data: Readonly<Record<string, string>> | undefined, key: string, name: string): string {
  const value = data?.[key];
  if (value === undefined) throw new Error(`${name} has no ${key}`);
  return value;
}

async function readLive(config: KubeConfig, namespace: string): Promise<LiveTrust> {
  const core = config.makeApiClient(CoreV1Api);
  const [roots, issuer, pods] = await Promise.all([
    core.readNamespacedConfigMap({ name: "linkerd-identity-trust-roots", namespace }),
    core.readNamespacedSecret({ name: "linkerd-identity-issuer", namespace }),
    listMeshedPods(config),
  ]);
  const certificate = required(issuer.data, "tls.crt", "linkerd-identity-issuer");
  return {
    bundle: required(roots.data, "ca-bundle.crt", "linkerd-identity-trust-roots"),
    issuer: Buffer.from(certificate, "base64").toString(),
    pods,
  };
}

const patience = 30_000;

async function withinTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("no answer in 30 seconds"));
    }, patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function needsOf(deployed: Deployed, desired: TrustState): { path: string; needs: Needs } | undefined {
  if (deployed.trust === undefined) return undefined;
  const { dropped, resigned } = rotationStep(deployed.trust, desired);
  const pems = (ids: readonly (string | undefined)[]) =>
    [...new Set(ids)].flatMap((id) => (id === undefined ? [] : (deployed.anchors[id] ?? [])));
  const signers = pems(Object.values(desired.signers));
  if (dropped.length > 0) {
    return { path: trustedPath(desired), needs: { trusted: signers, remaining: pems(desired.trusted) } };
  }
  const [first] = resigned;
  if (first === undefined) return undefined;
  return {
    path: signerPath(first.cluster, first.signer),
    needs: { trusted: signers, remaining: undefined },
  };
}

/**
 * What the clusters themselves have against the next step. Asked only where a step relies on the one before: another
 * signer on proxies that trust it, a dropped anchor on proxies that have no certificate of it.
 */
export async function liveProblems(
  deployed: Deployed,
  desired: TrustState,
  clusters: readonly ClusterSettings[],
): Promise<Problem[]> {
  const asked = needsOf(deployed, desired);
  if (asked === undefined) return [];
  const { path, needs } = asked;
  const existing = clusters.filter(({ name }) => name in (deployed.trust?.signers ?? {}));
  const found = await Promise.all(
    existing.map(async (cluster): Promise<Omit<Problem, "path">[]> => {
      try {
        const live = await withinTime(
          readLive(clusterConfig(cluster, deployed.kubeconfigs), cluster.controlPlaneNamespace),
        );
        return relianceProblems(cluster.name, live, needs);
      } catch (error) {
        const reason = reasonOf(error);
        const problem = `needs to know what runs on ${cluster.name}, which can't be asked: ${reason}`;
        return [{ problem, remedy: "make the cluster reachable from here, then do this step" }];
      }
    }),
  );
  return found.flat().map((problem) => ({ path, ...problem }));
}
