import type {
  V1APIService,
  V1ConfigMap,
  V1CustomResourceDefinition,
  V1Deployment,
  V1Endpoints,
  V1EndpointSlice,
  V1Lease,
  V1MutatingWebhookConfiguration,
  V1Namespace,
  V1Node,
  V1Pod,
  V1Secret,
  V1Service,
  V1ValidatingWebhookConfiguration,
} from "@kubernetes/client-node";

import { clusterConfig } from "../components/cluster/kubeconfig.ts";
import { reasonOf } from "../components/cluster/reason.ts";
import { multiclusterNamespace } from "../settings/multicluster.ts";
import type { ClusterSettings, LinkSettings, Settings } from "../settings/settings.ts";
import { ClusterApi } from "./cluster-api.ts";
import type { Admission, ClusterAnswer, ClusterFacts, ServiceFacts, WebhookFacts } from "./facts.ts";
import {
  decoded,
  fingerprint,
  isSimulatedNode,
  named,
  toConfig,
  toCredentials,
  toDeployment,
  toEndpoints,
  toLease,
  toLink,
  toPod,
  toPolicy,
  toRoute,
  toService,
  type RawLink,
  type RawPolicy,
  type RawRoute,
} from "./kinds.ts";
import { exportLabel, federatedLabel, mirroredLabel } from "./labels.ts";

const credentialsType = "mirror.linkerd.io/remote-kubeconfig";

/** An access review's question; without a namespace, in all of them. */
interface Access {
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** What consumers of a link's credentials ask of the target (linkerd2 remote-access-service-mirror-rbac.yaml). */
const remoteAccess: readonly Access[] = [
  { verb: "get", resource: "services" },
  { verb: "list", resource: "services" },
  { verb: "watch", resource: "services" },
  { verb: "list", resource: "endpoints" },
  { verb: "list", resource: "pods" },
  { verb: "list", resource: "endpointslices", group: "discovery.k8s.io" },
  { verb: "list", resource: "servers", group: "policy.linkerd.io" },
];

/** What a link's controller does on its own cluster (linkerd2 multicluster/charts, controller/rbac.yaml). */
function controllerAccess(target: string): Access[] {
  const links = { group: "multicluster.linkerd.io", namespace: multiclusterNamespace };
  return [
    { verb: "create", resource: "services" },
    { verb: "update", resource: "endpoints" },
    { verb: "list", resource: "namespaces" },
    {
      verb: "get",
      resource: "secrets",
      namespace: multiclusterNamespace,
      name: `cluster-credentials-${target}`,
    },
    { verb: "list", resource: "links", ...links },
    { verb: "patch", resource: "links", subresource: "status", ...links },
    { verb: "update", resource: "leases", group: "coordination.k8s.io", namespace: multiclusterNamespace },
  ];
}

function accessText({ verb, resource, subresource, name, namespace }: Access): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const which = name === undefined ? "" : ` ${name}`;
  return `${verb} ${what}${which}${namespace === undefined ? "" : ` in ${namespace}`}`;
}

interface Review {
  readonly status?: { readonly allowed?: boolean };
}

/** Which of the questions the API server says no to; of the asker, or of somebody else. */
export async function deniedAccess(
  api: ClusterApi,
  questions: readonly Access[],
  user?: string,
): Promise<string[]> {
  const kind = user === undefined ? "SelfSubjectAccessReview" : "SubjectAccessReview";
  const answers = await Promise.all(
    questions.map(async (question) => {
      const { status } = await api.post<Review>(`/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`, {
        apiVersion: "authorization.k8s.io/v1",
        kind,
        spec: { ...(user === undefined ? {} : { user }), resourceAttributes: question },
      });
      return status?.allowed === true ? [] : [accessText(question)];
    }),
  );
  return answers.flat();
}

function inNamespace(namespace: string, kind: string): string {
  return `/api/v1/namespaces/${namespace}/${kind}`;
}

type WebhookConfiguration = V1MutatingWebhookConfiguration | V1ValidatingWebhookConfiguration;

interface Hook {
  readonly name: string;
  readonly service: { readonly name?: string; readonly namespace?: string } | undefined;
  readonly caBundle: string | undefined;
}

async function listHooks(api: ClusterApi): Promise<Hook[]> {
  const root = "/apis/admissionregistration.k8s.io/v1";
  const [mutating, validating, tap] = await Promise.all([
    api.list<WebhookConfiguration>(`${root}/mutatingwebhookconfigurations`),
    api.list<WebhookConfiguration>(`${root}/validatingwebhookconfigurations`),
    api.find<V1APIService>("/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.tap.linkerd.io"),
  ]);
  const hooks = [...mutating, ...validating]
    .filter(({ metadata }) => metadata?.name?.startsWith("linkerd-") === true)
    .flatMap(({ metadata, webhooks = [] }) =>
      webhooks.map(({ clientConfig: { service, caBundle } }) => ({
        name: metadata?.name ?? "",
        service,
        caBundle,
      })),
    );
  const { service, caBundle } = tap?.spec ?? {};
  return tap === undefined ? hooks : [...hooks, { name: tap.metadata?.name ?? "", service, caBundle }];
}

async function gatherWebhooks(api: ClusterApi): Promise<WebhookFacts[]> {
  const hooks = await listHooks(api);
  return Promise.all(
    hooks.map(async ({ name, service, caBundle = "" }) => {
      const { name: host = "", namespace = "" } = service ?? {};
      // As the charts name the Secret that a webhook's pods mount.
      const secret = await api.find<V1Secret>(`${inNamespace(namespace, "secrets")}/${host}-k8s-tls`);
      return {
        name,
        namespace,
        service: host,
        authorities: Buffer.from(caBundle, "base64").toString().trim(),
        certificate: decoded(secret?.data, "tls.crt"),
      };
    }),
  );
}

async function gatherPolicies(api: ClusterApi) {
  const root = "/apis/policy.linkerd.io";
  const kinds = [
    ["Server", `${root}/v1beta3/servers`],
    ["AuthorizationPolicy", `${root}/v1alpha1/authorizationpolicies`],
    ["MeshTLSAuthentication", `${root}/v1alpha1/meshtlsauthentications`],
    ["NetworkAuthentication", `${root}/v1alpha1/networkauthentications`],
  ] as const;
  const lists = await Promise.all(
    kinds.map(async ([kind, path]) => {
      const items = await api.list<RawPolicy>(path);
      return items.map((policy) => toPolicy(kind, policy));
    }),
  );
  return lists.flat();
}

async function gatherRoutes(api: ClusterApi) {
  const kinds = [
    ["HTTPRoute", "/apis/gateway.networking.k8s.io/v1/httproutes"],
    ["GRPCRoute", "/apis/gateway.networking.k8s.io/v1/grpcroutes"],
    ["HTTPRoute", "/apis/policy.linkerd.io/v1beta3/httproutes"],
  ] as const;
  const lists = await Promise.all(
    kinds.map(async ([kind, path]) => {
      const items = await api.list<RawRoute>(path);
      return items.map((route) => toRoute(kind, route));
    }),
  );
  return lists.flat();
}

function isExported({ labels }: ServiceFacts): boolean {
  return exportLabel in labels || federatedLabel in labels;
}

/** How many addresses are ready behind each exported service, and those that are named. */
async function countBehind(
  api: ClusterApi,
  services: readonly ServiceFacts[],
  counted: readonly string[],
): Promise<Record<string, number>> {
  const asked = services.filter(
    (service) => isExported(service) || counted.includes(`${service.namespace}/${service.name}`),
  );
  const counts = await Promise.all(
    asked.map(async ({ namespace, name }): Promise<[string, number]> => {
      const slices = await api.list<V1EndpointSlice>(
        `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
        `kubernetes.io/service-name=${name}`,
      );
      // An endpoint that says nothing of its readiness is ready, as the API defines it.
      const endpoints = slices.flatMap(({ endpoints = [] }) => endpoints);
      return [
        `${namespace}/${name}`,
        endpoints.filter(({ conditions }) => conditions?.ready !== false).length,
      ];
    }),
  );
  return Object.fromEntries(counts);
}

async function gatherPods(api: ClusterApi, namespace: string, simulatedNodes: ReadonlySet<string>) {
  const lists = await Promise.all([
    api.list<V1Pod>("/api/v1/pods", "linkerd.io/control-plane-ns"),
    api.list<V1Pod>(inNamespace(namespace, "pods")),
    api.list<V1Pod>(inNamespace(multiclusterNamespace, "pods")),
  ]);
  const byName = new Map(
    lists.flat().map((pod) => [`${pod.metadata?.namespace}/${pod.metadata?.name}`, pod]),
  );
  return [...byName.values()]
    .filter(({ status }) => !["Succeeded", "Failed"].includes(status?.phase ?? ""))
    .map((pod) => toPod(pod, simulatedNodes));
}

async function gatherEndpoints(api: ClusterApi) {
  const lists = await Promise.all([
    api.list<V1Endpoints>("/api/v1/endpoints", mirroredLabel),
    api.list<V1Endpoints>(inNamespace(multiclusterNamespace, "endpoints")),
  ]);
  const byName = new Map(
    lists.flat().map((one) => [`${one.metadata?.namespace}/${one.metadata?.name}`, toEndpoints(one)]),
  );
  return [...byName.values()];
}

async function gatherDenied(
  api: ClusterApi,
  links: readonly LinkSettings[],
): Promise<Record<string, string[]>> {
  const denied = await Promise.all(
    links.map(async ({ target }): Promise<[string, string[]]> => {
      const user = `system:serviceaccount:${multiclusterNamespace}:controller-${target}`;
      return [target, await deniedAccess(api, controllerAccess(target), user)];
    }),
  );
  return Object.fromEntries(denied);
}

/** A cluster that answered, with what isn't to be kept. */
interface Gathered {
  readonly api: ClusterApi;
  readonly facts: ClusterFacts;
  /** Tokens of the links' credentials, by `namespace/secret`. */
  readonly tokens: ReadonlyMap<string, string>;
}

async function gatherCluster(
  cluster: ClusterSettings,
  links: readonly LinkSettings[],
  api: ClusterApi,
  counted: readonly string[],
): Promise<Gathered> {
  const { name, controlPlaneNamespace: controlPlane } = cluster;
  const greeting = await api.greet();
  const nodes = await api.list<V1Node>("/api/v1/nodes");
  const simulatedNodes = new Set(nodes.filter(isSimulatedNode).map(({ metadata }) => metadata?.name ?? ""));
  const configMap = async (namespace: string, configMapName: string, key: string) => {
    const found = await api.find<V1ConfigMap>(`${inNamespace(namespace, "configmaps")}/${configMapName}`);
    return found?.data?.[key];
  };
  const listBoth = async <T>(root: string, kind: string) => {
    const lists = await Promise.all(
      [controlPlane, multiclusterNamespace].map((one) => api.list<T>(`${root}/namespaces/${one}/${kind}`)),
    );
    return lists.flat();
  };
  const [
    namespaces,
    definition,
    config,
    roots,
    authority,
    secrets,
    services,
    endpoints,
    deployments,
    pods,
    links_,
    leases,
    webhooks,
    policies,
    routes,
    profiles,
    denied,
  ] = await Promise.all([
    api.list<V1Namespace>("/api/v1/namespaces"),
    api.find<V1CustomResourceDefinition>(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/links.multicluster.linkerd.io",
    ),
    configMap(controlPlane, "linkerd-config", "values"),
    configMap(controlPlane, "linkerd-identity-trust-roots", "ca-bundle.crt"),
    configMap("default", "kube-root-ca.crt", "ca.crt"),
    listBoth<V1Secret>("/api/v1", "secrets"),
    api.list<V1Service>("/api/v1/services"),
    gatherEndpoints(api),
    listBoth<V1Deployment>("/apis/apps/v1", "deployments"),
    gatherPods(api, controlPlane, simulatedNodes),
    api.list<RawLink>("/apis/multicluster.linkerd.io/v1alpha3/links"),
    api.list<V1Lease>(`/apis/coordination.k8s.io/v1/namespaces/${multiclusterNamespace}/leases`),
    gatherWebhooks(api),
    gatherPolicies(api),
    gatherRoutes(api),
    api.list<object>("/apis/linkerd.io/v1alpha2/serviceprofiles"),
    gatherDenied(api, links),
  ]);
  const serviceFacts = services.map(toService);
  const behind = await countBehind(api, serviceFacts, counted);
  const credentials = secrets.filter(({ type }) => type === credentialsType).map(toCredentials);
  const issuer = secrets.find(
    ({ metadata }) => metadata?.namespace === controlPlane && metadata.name === "linkerd-identity-issuer",
  );
  const key = ({ namespace, name: secret }: { namespace: string; name: string }) => `${namespace}/${secret}`;
  return {
    api,
    tokens: new Map(
      credentials.flatMap(({ facts, token }) => (token === undefined ? [] : [[key(facts), token] as const])),
    ),
    facts: {
      name,
      server: api.server,
      authority: authority === undefined ? undefined : fingerprint(authority),
      ...greeting,
      isSimulated: nodes.length > 0 && nodes.every(isSimulatedNode),
      nodes: nodes.map(({ metadata, spec }) => ({
        name: metadata?.name ?? "",
        podNetworks: spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]),
      })),
      namespaces: namespaces.map(({ metadata }) => ({
        name: metadata?.name ?? "",
        labels: metadata?.labels ?? {},
      })),
      linkVersions: (definition?.spec.versions ?? []).filter(({ served }) => served).map((one) => one.name),
      config: toConfig(config),
      roots,
      issuer: decoded(issuer?.data, "tls.crt"),
      services: serviceFacts,
      endpoints,
      behind,
      deployments: deployments.map(toDeployment),
      pods,
      links: links_.map(toLink),
      credentials: credentials.map(({ facts }) => facts),
      admissions: {},
      denied,
      leases: leases.map(toLease),
      webhooks,
      policies,
      routes,
      profiles: profiles.map((profile) => {
        const { namespace, name: profileName } = named(profile);
        return `${namespace}/${profileName.split(".")[0] ?? ""}`;
      }),
    },
  };
}

/** What the target says to whoever shows a token. */
async function admissionOf(target: ClusterApi, token: string): Promise<Admission> {
  const api = target.as(token);
  try {
    return { admitted: true, missing: await deniedAccess(api, remoteAccess) };
  } catch (error) {
    return { admitted: false, reason: reasonOf(error) };
  } finally {
    api.close();
  }
}

/** Shows each link's credentials to its target: its own way there, so that only they are judged. */
async function withAdmissions(
  { facts, tokens }: Gathered,
  targets: ReadonlyMap<string, ClusterApi>,
): Promise<ClusterFacts> {
  // The mirror controller's and destination's Secret hold the same token, unless something is wrong.
  const asked = new Map<string, Promise<Admission>>();
  const admissions = await Promise.all(
    [...tokens].map(async ([secret, token]): Promise<[string, Admission][]> => {
      const name = secret.replace(/^.*\/cluster-credentials-/, "");
      const target = targets.get(name);
      if (target === undefined) return [];
      const admission = asked.get(`${name} ${token}`) ?? admissionOf(target, token);
      asked.set(`${name} ${token}`, admission);
      return [[secret, await admission]];
    }),
  );
  return { ...facts, admissions: Object.fromEntries(admissions.flat()) };
}

export interface GatherOptions {
  /** Clusters to ask; all by default. */
  readonly only?: readonly string[];
  /** Services whose ready addresses are counted although they aren't exported, as `namespace/name`. */
  readonly counted?: readonly string[];
  /** How many milliseconds an answer may take. */
  readonly patience?: number;
  /** Told what was done, for somebody who waits. */
  readonly progress?: (text: string) => void;
}

/** Asks all clusters at the same time; one that doesn't answer doesn't keep the others from being asked. */
export async function gather(
  settings: Settings,
  kubeconfigs: Readonly<Record<string, string>>,
  { only, counted = [], patience, progress = () => undefined }: GatherOptions = {},
): Promise<ClusterAnswer[]> {
  const asked = settings.clusters.filter(({ name }) => only === undefined || only.includes(name));
  let done = 0;
  const gathered = await Promise.all(
    asked.map(async (cluster): Promise<Gathered | { name: string; problem: string }> => {
      const { name } = cluster;
      try {
        const api = await ClusterApi.open(clusterConfig(cluster, kubeconfigs), patience);
        const links = settings.links.filter(({ source }) => source === name);
        return await gatherCluster(cluster, links, api, counted);
      } catch (error) {
        return { name, problem: reasonOf(error) };
      } finally {
        done++;
        progress(`${done.toString()} of ${asked.length.toString()} clusters have answered`);
      }
    }),
  );
  const answered = gathered.filter((one) => "facts" in one);
  const targets = new Map(answered.map(({ api, facts }) => [facts.name, api]));
  try {
    progress("showing the links' credentials to their targets");
    return await Promise.all(
      gathered.map(async (one) =>
        "facts" in one ? { name: one.facts.name, facts: await withAdmissions(one, targets) } : one,
      ),
    );
  } finally {
    for (const { api } of answered) api.close();
  }
}
