import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  NetworkingV1Api,
  type V1Service,
} from "@kubernetes/client-node";
import { mergeCidr } from "cidr-tools";
import { parse } from "yaml";

import type { Mode } from "../settings/settings.ts";
import { UsageError } from "./terminal/usage.ts";

/** One direction of a link as `link-gen` made it, on its source. */
export interface FoundLink {
  /** What the source calls the target, and its mirrors by. */
  readonly target: string;
  readonly carries: readonly Mode[];
  /** The target's API server as the source reaches it, and the CA that it trusts for it. */
  readonly server: string | undefined;
  readonly authority: string | undefined;
}

export interface FoundService {
  readonly namespace: string;
  readonly name: string;
  readonly export: readonly Mode[];
  readonly headless: boolean;
}

export interface FoundGateway {
  readonly serviceType: string;
  readonly port: number | undefined;
  readonly probePort: number | undefined;
}

/** What a cluster has of Linkerd. */
export interface Installation {
  readonly context: string;
  readonly authority: string | undefined;
  readonly controlPlaneNamespace: string;
  readonly version: string;
  readonly clusterDomain: string;
  readonly trustDomain: string;
  readonly highAvailability: boolean;
  readonly cni: boolean;
  readonly viz: boolean;
  /** Whether its Gateway API definitions came with Linkerd; undefined where it has none. */
  readonly hasOwnGatewayApi: boolean | undefined;
  readonly podNetworks: readonly string[];
  readonly serviceNetworks: readonly string[];
  /** PEM. */
  readonly anchors: string;
  readonly issuer: { readonly certificate: string; readonly keyEntry: string };
  readonly gateway: FoundGateway | undefined;
  readonly links: readonly FoundLink[];
  readonly services: readonly FoundService[];
}

interface ConfigValues {
  readonly linkerdVersion?: string;
  readonly clusterDomain?: string;
  readonly identityTrustDomain?: string;
  readonly controllerReplicas?: number;
  readonly cniEnabled?: boolean;
}

interface LinkObject {
  readonly spec?: {
    readonly targetClusterName?: string;
    readonly clusterCredentialsSecret?: string;
    readonly gatewayAddress?: string;
    readonly selector?: object;
    readonly remoteDiscoverySelector?: object;
    readonly federatedServiceSelector?: object;
  };
}

const multicluster = "linkerd-multicluster";

function isMissing(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === 404;
}

/** What isn't there is undefined; anything else that goes wrong is an error. */
async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function decoded(data: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

function carriesOf({ spec = {} }: LinkObject): Mode[] {
  const hasGateway = spec.selector !== undefined && (spec.gatewayAddress ?? "") !== "";
  return [
    ...(hasGateway ? (["gateway"] as const) : []),
    ...(spec.remoteDiscoverySelector === undefined ? [] : (["pod-to-pod"] as const)),
    ...(spec.federatedServiceSelector === undefined ? [] : (["federated"] as const)),
  ];
}

async function findLink(core: CoreV1Api, link: LinkObject): Promise<FoundLink> {
  const { targetClusterName = "", clusterCredentialsSecret = "" } = link.spec ?? {};
  const secret = await orMissing(
    core.readNamespacedSecret({ name: clusterCredentialsSecret, namespace: multicluster }),
  );
  const kubeconfig = decoded(secret?.data, "kubeconfig");
  const config = new KubeConfig();
  if (kubeconfig !== undefined) config.loadFromString(kubeconfig);
  const cluster = config.getCurrentCluster();
  return {
    target: targetClusterName,
    carries: carriesOf(link),
    server: cluster?.server,
    authority: cluster?.caData,
  };
}

async function findLinks(config: KubeConfig): Promise<FoundLink[]> {
  const list = (await orMissing(
    config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject({
      group: "multicluster.linkerd.io",
      version: "v1alpha3",
      namespace: multicluster,
      plural: "links",
    }),
  )) as { items?: readonly LinkObject[] } | undefined;
  const core = config.makeApiClient(CoreV1Api);
  return Promise.all((list?.items ?? []).map((link) => findLink(core, link)));
}

function exportsOf({ metadata }: V1Service): Mode[] {
  const labels = metadata?.labels ?? {};
  const exported = labels["mirror.linkerd.io/exported"];
  return [
    ...(exported === "true" ? (["gateway"] as const) : []),
    ...(exported === "remote-discovery" ? (["pod-to-pod"] as const) : []),
    ...(labels["mirror.linkerd.io/federated"] === "member" ? (["federated"] as const) : []),
  ];
}

function toService(service: V1Service): FoundService[] {
  const modes = exportsOf(service);
  const { name = "", namespace = "", labels = {} } = service.metadata ?? {};
  if (modes.length === 0 || "mirror.linkerd.io/mirrored-service" in labels) return [];
  return [{ namespace, name, export: modes, headless: service.spec?.clusterIP === "None" }];
}

function gatewayOf(services: readonly V1Service[]): FoundGateway | undefined {
  const service = services.find(
    ({ metadata }) => metadata?.name === "linkerd-gateway" && metadata.namespace === multicluster,
  );
  if (service === undefined) return undefined;
  const { type = "ClusterIP", ports = [] } = service.spec ?? {};
  const portNamed = (name: string) => {
    const found = ports.find((port) => port.name === name);
    return type === "NodePort" ? found?.nodePort : found?.port;
  };
  return { serviceType: type, port: portNamed("mc-gateway"), probePort: portNamed("mc-probe") };
}

async function findServiceNetworks(config: KubeConfig): Promise<string[]> {
  const list = await orMissing(config.makeApiClient(NetworkingV1Api).listServiceCIDR());
  return (list?.items ?? []).flatMap(({ spec }) => spec?.cidrs ?? []);
}

async function findGatewayApi(config: KubeConfig): Promise<boolean | undefined> {
  const found = (await orMissing(
    config.makeApiClient(CustomObjectsApi).getClusterCustomObject({
      group: "apiextensions.k8s.io",
      version: "v1",
      plural: "customresourcedefinitions",
      name: "httproutes.gateway.networking.k8s.io",
    }),
  )) as { metadata?: { labels?: Record<string, string> } } | undefined;
  return found === undefined ? undefined : "linkerd.io/control-plane-ns" in (found.metadata?.labels ?? {});
}

/**
 * What a cluster has of Linkerd; nothing on it is changed, and no private key is read.
 *
 * @throws UsageError where it has no Linkerd.
 */
export async function findInstallation(context: string, config: KubeConfig): Promise<Installation> {
  const core = config.makeApiClient(CoreV1Api);
  const { items: configMaps } = await core.listConfigMapForAllNamespaces({
    fieldSelector: "metadata.name=linkerd-config",
  });
  const [own] = configMaps;
  if (own === undefined) {
    throw new UsageError(`There is no Linkerd on ${context}: no namespace has a ConfigMap linkerd-config.`);
  }
  const namespace = own.metadata?.namespace ?? "linkerd";
  const values = parse(own.data?.["values"] ?? "") as ConfigValues;
  const [roots, secret, nodes, namespaces, services] = await Promise.all([
    core.readNamespacedConfigMap({ name: "linkerd-identity-trust-roots", namespace }),
    core.readNamespacedSecret({ name: "linkerd-identity-issuer", namespace }),
    core.listNode(),
    core.listNamespace({ labelSelector: "linkerd.io/extension=viz" }),
    core.listServiceForAllNamespaces(),
  ]);
  // By Helm's scheme and by Linkerd's older one.
  const [certificateEntry, keyEntry] =
    secret.data?.["tls.crt"] === undefined ? ["crt.pem", "key.pem"] : ["tls.crt", "tls.key"];
  const podNetworks = nodes.items.flatMap(({ spec }) => spec?.podCIDRs ?? []);
  return {
    context,
    authority: config.getCurrentCluster()?.caData,
    controlPlaneNamespace: namespace,
    version: values.linkerdVersion ?? "",
    clusterDomain: values.clusterDomain ?? "cluster.local",
    trustDomain: values.identityTrustDomain ?? values.clusterDomain ?? "cluster.local",
    highAvailability: (values.controllerReplicas ?? 1) > 1,
    cni: values.cniEnabled ?? false,
    viz: namespaces.items.length > 0,
    hasOwnGatewayApi: await findGatewayApi(config),
    podNetworks: podNetworks.length === 0 ? [] : mergeCidr(podNetworks),
    serviceNetworks: await findServiceNetworks(config),
    anchors: roots.data?.["ca-bundle.crt"] ?? "",
    issuer: { certificate: decoded(secret.data, certificateEntry) ?? "", keyEntry },
    gateway: gatewayOf(services.items),
    links: await findLinks(config),
    services: services.items.flatMap(toService),
  };
}
