import type { V1Namespace, V1Node, V1ObjectMeta, V1Service } from "@kubernetes/client-node";
import { containsCidr, overlapCidr } from "cidr-tools";
import semver from "semver";

import { clusterConfig } from "../components/cluster/kubeconfig.ts";
import { reasonOf } from "../components/cluster/reason.ts";
import { ClusterApi } from "../facts/cluster-api.ts";
import { deniedAccess } from "../facts/gather.ts";
import { multiclusterNamespace } from "../settings/multicluster.ts";
import { minimumKubernetes } from "../settings/rules/clusters.ts";
import { needsFlatNetwork, type ClusterSettings, type Settings } from "../settings/settings.ts";
import { finding, type Finding } from "./finding.ts";

/** What an update makes; deletion and change are asked beside creation. */
const made = [
  { resource: "namespaces" },
  { resource: "secrets" },
  { resource: "configmaps" },
  { resource: "services" },
  { resource: "serviceaccounts" },
  { resource: "deployments", group: "apps" },
  { resource: "cronjobs", group: "batch" },
  { resource: "roles", group: "rbac.authorization.k8s.io" },
  { resource: "rolebindings", group: "rbac.authorization.k8s.io" },
  { resource: "clusterroles", group: "rbac.authorization.k8s.io" },
  { resource: "clusterrolebindings", group: "rbac.authorization.k8s.io" },
  { resource: "customresourcedefinitions", group: "apiextensions.k8s.io" },
  { resource: "mutatingwebhookconfigurations", group: "admissionregistration.k8s.io" },
  { resource: "validatingwebhookconfigurations", group: "admissionregistration.k8s.io" },
  { resource: "apiservices", group: "apiregistration.k8s.io" },
  { resource: "authorizationpolicies", group: "policy.linkerd.io" },
  { resource: "links", group: "multicluster.linkerd.io" },
] as const;

const everything = { verb: "*", resource: "*", group: "*" };

/** A clock further away than this makes certificates look not valid yet, which is what Linkerd allows for. */
const tolerance = 20_000;

async function permissionFinding(name: string, api: ClusterApi): Promise<Finding> {
  if ((await deniedAccess(api, [everything])).length === 0) return finding(name, "permissions", "everything");
  const questions = made.flatMap((one) => ["create", "patch", "delete"].map((verb) => ({ verb, ...one })));
  const denied = await deniedAccess(api, questions);
  if (denied.length === 0) return finding(name, "permissions", "what an update needs");
  const remedy = "use credentials of a cluster administrator, or have these granted";
  return finding(name, "permissions", `lacks ${denied.join(", ")}`, remedy);
}

interface Installed {
  readonly metadata?: V1ObjectMeta;
}

/** Whether the engine made it: server-side apply notes who writes. */
function isOurs({ metadata }: Installed): boolean {
  return (metadata?.managedFields ?? []).some(({ manager }) => manager?.startsWith("pulumi") === true);
}

function leftoverFinding(
  { name, controlPlaneNamespace }: ClusterSettings,
  namespaces: readonly V1Namespace[],
): Finding {
  const ours = [controlPlaneNamespace, multiclusterNamespace, "linkerd-viz", "linkerd-cni"];
  const there = namespaces.filter(({ metadata }) => ours.includes(metadata?.name ?? ""));
  const others = there.filter((namespace) => !isOurs(namespace)).map(({ metadata }) => metadata?.name ?? "");
  if (others.length > 0) {
    const remedy =
      "remove that install first (linkerd uninstall, helm uninstall): two of them fight over one cluster";
    return finding(name, "Linkerd", `somebody else's, in ${others.join(", ")}`, remedy);
  }
  return finding(name, "Linkerd", there.length > 0 ? "installed by a stack" : "not there yet");
}

/** What a cloud's controllers write on nodes before they give Services addresses. */
const clouds = /^(aws|gce|azure|digitalocean|openstack|oci|ibm|linode|hcloud|vsphere|k3s):\/\//;

function loadBalancerFindings(
  { name, gateway }: ClusterSettings,
  isTarget: boolean,
  services: readonly V1Service[],
  nodes: readonly V1Node[],
): Finding[] {
  if (
    !isTarget ||
    !gateway.enabled ||
    gateway.serviceType !== "LoadBalancer" ||
    gateway.addresses.length > 0
  ) {
    return [];
  }
  const balanced = services.filter(({ spec }) => spec?.type === "LoadBalancer");
  const served = balanced.filter(({ status }) => (status?.loadBalancer?.ingress ?? []).length > 0);
  if (served.length > 0) {
    return [
      finding(
        name,
        "load balancers",
        `${served.length.toString()} of ${balanced.length.toString()} have an address`,
      ),
    ];
  }
  const cloud = nodes.flatMap(({ spec }) => clouds.exec(spec?.providerID ?? "")?.[1] ?? [])[0];
  if (cloud !== undefined && balanced.length === 0)
    return [finding(name, "load balancers", `none yet; nodes are of ${cloud}`)];
  return [
    finding(
      name,
      "load balancers",
      balanced.length === 0 ? "no sign that anybody gives addresses" : "waiting Services get no address",
      `install one, such as MetalLB, or declare clusters.${name}.gateway.addresses: the update waits for an address`,
      "warning",
    ),
  ];
}

interface ServiceCidr {
  readonly spec?: { readonly cidrs?: readonly string[] };
}

/** Networks that a cluster really uses. */
export interface RealNetworks {
  readonly cluster: string;
  readonly pods: readonly string[];
  readonly services: readonly string[];
  /** An address of a Service, where the API server doesn't say the networks. */
  readonly serviceAddress: string | undefined;
}

async function realNetworks(name: string, api: ClusterApi, nodes: readonly V1Node[]): Promise<RealNetworks> {
  const [stable, beta, kubernetes] = await Promise.all([
    api.list<ServiceCidr>("/apis/networking.k8s.io/v1/servicecidrs"),
    api.list<ServiceCidr>("/apis/networking.k8s.io/v1beta1/servicecidrs"),
    api.find<V1Service>("/api/v1/namespaces/default/services/kubernetes"),
  ]);
  return {
    cluster: name,
    pods: nodes.flatMap(({ spec }) => spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])),
    services: [...new Set([...stable, ...beta].flatMap(({ spec }) => spec?.cidrs ?? []))],
    serviceAddress: kubernetes?.spec?.clusterIP,
  };
}

function networkFindings(
  { name, podNetworks, serviceNetworks }: ClusterSettings,
  real: RealNetworks,
): Finding[] {
  const compare = (what: string, setting: string, found: readonly string[], said: readonly string[]) => {
    if (found.length === 0) return [];
    const outside = said.length === 0 ? [] : found.filter((network) => !containsCidr([...said], network));
    const remedy = `correct clusters.${name}.${setting}, which says ${said.join(", ")}`;
    return [finding(name, what, found.join(", "), outside.length > 0 ? remedy : undefined)];
  };
  const addresses = real.serviceAddress === undefined ? [] : [real.serviceAddress];
  return [
    ...compare("pod networks", "podNetworks", real.pods, podNetworks),
    ...compare(
      "service networks",
      "serviceNetworks",
      real.services.length > 0 ? real.services : addresses,
      serviceNetworks,
    ),
  ];
}

/** Clusters whose pods call each other directly, but really share addresses, whatever the stack file says. */
export function overlapFindings({ links }: Settings, networks: readonly RealNetworks[]): Finding[] {
  const byName = new Map(networks.map((one) => [one.cluster, one]));
  const pairs = links.filter(needsFlatNetwork).map(({ source, target }) => [source, target].sort());
  const unique = new Map(pairs.map((pair) => [pair.join(), pair]));
  return [...unique.values()].flatMap(([one = "", other = ""]) => {
    const [first, second] = [byName.get(one), byName.get(other)];
    if (first === undefined || second === undefined) return [];
    const shared = second.pods.filter(
      (network) => first.pods.length > 0 && overlapCidr([...first.pods], network),
    );
    if (shared.length === 0) return [];
    const remedy = "link these two by gateway only, or make one of them anew with another pod network";
    return [finding(`${one}, ${other}`, "pod networks", `both have ${shared.join(", ")}`, remedy)];
  });
}

function versionFinding(name: string, version: string): Finding {
  const isOld = semver.lt(semver.coerce(version) ?? minimumKubernetes, minimumKubernetes);
  return finding(
    name,
    "Kubernetes",
    version,
    isOld ? `upgrade it to ${minimumKubernetes} or newer first` : undefined,
  );
}

function clockFinding(name: string, ahead: number): Finding {
  const seconds = Math.round(ahead / 1_000);
  const text =
    Math.abs(seconds) < 2
      ? "as here"
      : `${Math.abs(seconds).toString()} s ${seconds > 0 ? "ahead" : "behind"}`;
  const remedy =
    "switch on time synchronization, there and here: certificates made here would not be valid there yet";
  return finding(name, "clock", text, Math.abs(ahead) > tolerance ? remedy : undefined);
}

interface Looked {
  readonly findings: readonly Finding[];
  readonly networks: RealNetworks | undefined;
}

async function look(
  cluster: ClusterSettings,
  isTarget: boolean,
  config: Parameters<typeof ClusterApi.open>[0],
): Promise<Looked> {
  const { name } = cluster;
  const api = await ClusterApi.open(config);
  try {
    const { version, clock } = await api.greet();
    const [nodes, namespaces, services] = await Promise.all([
      api.list<V1Node>("/api/v1/nodes"),
      api.list<V1Namespace>("/api/v1/namespaces"),
      api.list<V1Service>("/api/v1/services"),
    ]);
    const networks = await realNetworks(name, api, nodes);
    const findings = [
      finding(name, "API server", api.server),
      versionFinding(name, version),
      clockFinding(name, clock),
      await permissionFinding(name, api),
      leftoverFinding(cluster, namespaces),
      ...networkFindings(cluster, networks),
      ...loadBalancerFindings(cluster, isTarget, services, nodes),
    ];
    return { findings, networks };
  } finally {
    api.close();
  }
}

/** How a cluster that isn't there yet comes to be. */
function toBeMade({ name, source }: ClusterSettings): Finding {
  return finding(name, "cluster", `made by this stack: ${source}`);
}

/** What the clusters of a stack say before it is deployed. */
export async function clusterFindings(
  settings: Settings,
  kubeconfigs: Readonly<Record<string, string>>,
): Promise<Finding[]> {
  const looked = await Promise.all(
    settings.clusters.map(async (cluster): Promise<Looked> => {
      const { name } = cluster;
      const isTarget = settings.links.some(
        ({ target, carries }) => target === name && carries.includes("gateway"),
      );
      if (cluster.source !== "existing" && kubeconfigs[name] === undefined) {
        return { findings: [toBeMade(cluster)], networks: undefined };
      }
      try {
        return await look(cluster, isTarget, clusterConfig(cluster, kubeconfigs));
      } catch (error) {
        const remedy =
          cluster.source === "existing" && cluster.kubeconfig.from !== "context"
            ? "its kubeconfig is a secret of the stack, known here after the first update; or see that it can be reached"
            : `see that it can be reached: the kubeconfig's context, a VPN, expired credentials`;
        return { findings: [finding(name, "API server", reasonOf(error), remedy)], networks: undefined };
      }
    }),
  );
  return [
    ...looked.flatMap(({ findings }) => findings),
    ...overlapFindings(
      settings,
      looked.flatMap(({ networks }) => networks ?? []),
    ),
  ];
}
