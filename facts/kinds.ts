import { createHash } from "node:crypto";

import type {
  V1Deployment,
  V1Endpoints,
  V1Lease,
  V1Node,
  V1ObjectMeta,
  V1Pod,
  V1Secret,
  V1Service,
} from "@kubernetes/client-node";
import { parse } from "yaml";

import { isReady, ownerOf, proxyOf } from "../components/cluster/meshed-pods.ts";
import type {
  Condition,
  ConfigFacts,
  CredentialsFacts,
  DeploymentFacts,
  EndpointsFacts,
  LeaseFacts,
  LinkFacts,
  LinkSpec,
  MirrorStatus,
  NamedFacts,
  PodFacts,
  PolicyFacts,
  RouteFacts,
  ServiceFacts,
} from "./facts.ts";

/** From objects as the API server lists them to facts. Times in its JSON are text, whatever the client's types say. */

interface Named {
  readonly metadata?: V1ObjectMeta;
}

export function named({ metadata = {} }: Named): NamedFacts {
  const { namespace = "", name = "", labels = {}, annotations = {} } = metadata;
  return { namespace, name, labels, annotations };
}

function time(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function latest(times: readonly string[]): string {
  return times.reduce((newest, one) => (Date.parse(one) > (Date.parse(newest) || 0) ? one : newest), "");
}

/** When somebody last wrote a part of the object: its creation, or a manager's newest write of that part. */
function written({ metadata = {} }: Named, part: string): string {
  const writes = (metadata.managedFields ?? [])
    .filter(({ fieldsV1, subresource }) => subresource === undefined && `f:${part}` in (fieldsV1 ?? {}))
    .map((entry) => time(entry.time));
  return latest([time(metadata.creationTimestamp), ...writes]);
}

export function fingerprint(text: string): string {
  return createHash("sha256").update(text.trim()).digest("hex").slice(0, 12);
}

export function decoded(data: V1Secret["data"], key: string): string | undefined {
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

export function toService(service: V1Service): ServiceFacts {
  const { spec = {}, status } = service;
  return {
    ...named(service),
    type: spec.type ?? "ClusterIP",
    selector: spec.selector ?? {},
    ports: (spec.ports ?? []).map(({ name, port }) => (name === undefined ? { port } : { name, port })),
    clusterIP: spec.clusterIP,
    addresses: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
  };
}

export function toEndpoints(endpoints: V1Endpoints): EndpointsFacts {
  const subsets = endpoints.subsets ?? [];
  return {
    ...named(endpoints),
    ready: subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip)),
    notReady: subsets.flatMap(({ notReadyAddresses = [] }) => notReadyAddresses.map(({ ip }) => ip)),
  };
}

export function toDeployment(deployment: V1Deployment): DeploymentFacts {
  const { spec, status } = deployment;
  const pod = spec?.template.spec;
  return {
    ...named(deployment),
    wanted: spec?.replicas ?? 1,
    available: status?.availableReplicas ?? 0,
    serviceAccount: pod?.serviceAccountName ?? "default",
    images: [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].map(({ image = "" }) => image),
  };
}

export function isSimulatedNode({ status, metadata }: V1Node): boolean {
  const version = status?.nodeInfo?.kubeletVersion ?? "";
  return version.startsWith("kwok") || metadata?.annotations?.["kwok.x-k8s.io/node"] === "fake";
}

export function toPod(pod: V1Pod, simulatedNodes: ReadonlySet<string>): PodFacts {
  const { kind, name } = ownerOf(pod);
  const proxy = proxyOf(pod);
  const anchors = proxy?.env?.find((one) => one.name === "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS");
  const { status } = pod;
  const starts = (status?.containerStatuses ?? []).map(({ state }) => time(state?.running?.startedAt));
  return {
    ...named(pod),
    owner: `${kind} ${name}`,
    serviceAccount: pod.spec?.serviceAccountName ?? "default",
    phase: status?.phase ?? "Unknown",
    isReady: isReady(pod),
    started: latest([time(status?.startTime), ...starts]),
    isSimulated: simulatedNodes.has(pod.spec?.nodeName ?? ""),
    address: status?.podIP,
    proxy:
      proxy === undefined
        ? undefined
        : {
            image: proxy.image ?? "",
            anchors: anchors?.valueFrom === undefined ? anchors?.value : undefined,
          },
  };
}

interface Status {
  readonly remoteRef?: { readonly name?: string; readonly namespace?: string };
  readonly conditions?: readonly Condition[];
}

export interface RawLink extends Named {
  readonly spec?: LinkSpec;
  readonly status?: {
    readonly mirrorServices?: readonly Status[];
    readonly federatedServices?: readonly Status[];
  };
}

function toMirrorStatus({ remoteRef = {}, conditions = [] }: Status): MirrorStatus {
  return { namespace: remoteRef.namespace ?? "", name: remoteRef.name ?? "", conditions };
}

export function toLink(link: RawLink): LinkFacts {
  const { mirrorServices = [], federatedServices = [] } = link.status ?? {};
  return {
    ...named(link),
    spec: link.spec ?? {},
    changed: written(link, "spec"),
    mirrored: [...mirrorServices, ...federatedServices].map(toMirrorStatus),
  };
}

interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly "certificate-authority-data"?: string };
  }[];
  readonly users?: readonly { readonly user?: { readonly token?: string } }[];
}

function parseKubeconfig(text: string): Kubeconfig {
  try {
    return (parse(text) ?? {}) as Kubeconfig;
  } catch {
    return {};
  }
}

/** The token is for asking the target, and for nothing that is kept. */
export function toCredentials(secret: V1Secret): { facts: CredentialsFacts; token: string | undefined } {
  const text = decoded(secret.data, "kubeconfig");
  const { clusters = [], users = [] } = parseKubeconfig(text ?? "");
  const cluster = clusters[0]?.cluster;
  const authority = cluster?.["certificate-authority-data"];
  const facts = {
    ...named(secret),
    type: secret.type ?? "",
    fingerprint: text === undefined ? undefined : fingerprint(text),
    server: cluster?.server,
    authority: authority === undefined ? undefined : fingerprint(Buffer.from(authority, "base64").toString()),
    created: time(secret.metadata?.creationTimestamp),
    changed: written(secret, "data"),
  };
  // Server-side apply keeps the content of a Secret in an annotation, where kubectl wrote it.
  const { "kubectl.kubernetes.io/last-applied-configuration": applied, ...annotations } = facts.annotations;
  return { facts: { ...facts, annotations }, token: users[0]?.user?.token };
}

export function toLease({ metadata, spec }: V1Lease): LeaseFacts {
  return {
    name: metadata?.name ?? "",
    holder: spec?.holderIdentity ?? "",
    duration: spec?.leaseDurationSeconds ?? 0,
    acquired: time(spec?.acquireTime),
    renewed: time(spec?.renewTime),
  };
}

export interface RawPolicy extends Named {
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function toPolicy(kind: PolicyFacts["kind"], policy: RawPolicy): PolicyFacts {
  return { ...named(policy), kind, spec: policy.spec ?? {} };
}

export interface RawRoute extends Named {
  readonly spec?: {
    readonly parentRefs?: RouteFacts["parents"];
    readonly rules?: readonly {
      readonly backendRefs?: RouteFacts["backends"];
      readonly matches?: readonly { readonly path?: { readonly value?: string } }[];
    }[];
  };
  readonly status?: { readonly parents?: readonly { readonly conditions?: readonly Condition[] }[] };
}

/** The API server writes `/` where nothing is said. */
function takesAll(matches: readonly { readonly path?: { readonly value?: string } }[]): boolean {
  return (
    matches.length === 0 ||
    matches.some((one) => Object.keys(one).join() === "path" && one.path?.value === "/")
  );
}

export function toRoute(kind: string, route: RawRoute): RouteFacts {
  return {
    ...named(route),
    kind,
    parents: route.spec?.parentRefs ?? [],
    backends: (route.spec?.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs),
    isConditional: !(route.spec?.rules ?? []).some(({ matches = [] }) => takesAll(matches)),
    conditions: (route.status?.parents ?? []).flatMap(({ conditions = [] }) => conditions),
  };
}

interface RawConfig {
  readonly linkerdVersion?: string;
  readonly clusterDomain?: string;
  readonly identityTrustDomain?: string;
  readonly identityTrustAnchorsPEM?: string;
  readonly clusterNetworks?: string;
  readonly proxy?: { readonly defaultInboundPolicy?: string };
}

/** The chart's values as linkerd-config keeps them; undefined where they can't be read. */
export function toConfig(values: string | undefined): ConfigFacts | undefined {
  if (values === undefined) return undefined;
  try {
    const config = parse(values) as RawConfig;
    const clusterDomain = config.clusterDomain ?? "cluster.local";
    return {
      version: config.linkerdVersion ?? "",
      clusterDomain,
      trustDomain: config.identityTrustDomain || clusterDomain,
      anchors: config.identityTrustAnchorsPEM ?? "",
      networks: (config.clusterNetworks ?? "").split(",").filter((network) => network !== ""),
      defaultPolicy: config.proxy?.defaultInboundPolicy ?? "all-unauthenticated",
    };
  } catch {
    return undefined;
  }
}
