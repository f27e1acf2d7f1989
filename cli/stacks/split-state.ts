import { partsOf, scopeOf, stackOf, type ClusterPart, type Part } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import { UsageError } from "../terminal/usage.ts";
import { interrupted } from "./interrupted.ts";
import { concealed, nameOf, revealed, type State, type StateResource } from "./state.ts";

export const stackType = "pulumi:pulumi:Stack";

const extensionType = "$mesh:linkerd:Multicluster";

/** The part that makes what is in a component without parent; undefined where none of them does. */
function partOf(
  { urn }: StateResource,
  root: StateResource,
  { links, clusters }: Settings,
): Part | undefined {
  const name = nameOf(root);
  const ofCluster = (cluster: string | undefined, kind: ClusterPart["kind"] = "cluster"): Part | undefined =>
    cluster === undefined ? undefined : { kind, cluster };
  const linkOf = (suffix: string) => links.find((link) => `${link.name}${suffix}` === name);
  const [cluster = ""] = name.split("/");
  switch (root.type) {
    case "mesh:trust:TrustAnchor":
      return { kind: "trust" };
    case "mesh:cluster:ExistingCluster":
    case "mesh:cluster:SimulatedCluster":
      return ofCluster(name);
    case "mesh:linkerd:Linkerd":
      return ofCluster(
        clusters.find((one) => `${one.name}-linkerd` === name)?.name,
        urn.includes(extensionType) ? "multicluster" : "cluster",
      );
    case "mesh:link:RemoteAccess":
      return ofCluster(linkOf("-access")?.target, "multicluster");
    case "mesh:link:GatewayAuthorization":
      return ofCluster(linkOf("-gateway")?.target, "multicluster");
    case "mesh:link:Link":
      return ofCluster(linkOf("")?.source, "links");
    case "mesh:service:ExportedService":
    case "mesh:service:ServiceAuthorization":
    case "mesh:emojivoto:Emojivoto":
      return ofCluster(cluster);
    case "mesh:service:TrafficRoute":
      return ofCluster(cluster, "links");
    default:
      return undefined;
  }
}

/** Each resource's component that has no parent. */
function rootsOf(resources: readonly StateResource[]): Map<string, StateResource> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const rootOf = (resource: StateResource): StateResource => {
    const parent = resource.parent === undefined ? undefined : byUrn.get(resource.parent);
    return parent === undefined || parent.type === stackType ? resource : rootOf(parent);
  };
  return new Map(resources.map((resource) => [resource.urn, rootOf(resource)]));
}

/** The URN of a resource's provider, without its id. */
export function urnOfProvider({ provider }: StateResource): string | undefined {
  return provider?.split("::").slice(0, 4).join("::");
}

/** Without what refers to resources that aren't in the same state. */
export function detached(resource: StateResource, urns: ReadonlySet<string>): StateResource {
  const { dependencies, propertyDependencies, deletedWith, ...rest } = resource;
  const known = (all: readonly string[] | null) => (all ?? []).filter((urn) => urns.has(urn));
  return {
    ...rest,
    ...(dependencies === undefined ? {} : { dependencies: known(dependencies) }),
    ...(propertyDependencies === undefined
      ? {}
      : {
          propertyDependencies: Object.fromEntries(
            Object.entries(propertyDependencies).map(([key, all]) => [key, known(all)]),
          ),
        }),
    ...(deletedWith !== undefined && urns.has(deletedWith) ? { deletedWith } : {}),
  };
}

/** Whether a part's program makes a provider that isn't for a cluster: all but trust run commands. */
function isProviderOf(part: Part, type: string): boolean {
  switch (type) {
    case "pulumi:providers:tls":
      return part.kind === "trust" || part.kind === "cluster";
    case "pulumi:providers:command":
      return part.kind !== "trust";
    default:
      return type.startsWith("pulumi:providers:");
  }
}

/** The resources of one part: its own, what they are made with, and what both are in. */
function resourcesOf(
  part: Part,
  resources: readonly StateResource[],
  own: ReadonlySet<string>,
): StateResource[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const needed = new Set(own);
  const add = (urn: string | undefined): void => {
    if (urn === undefined || needed.has(urn)) return;
    needed.add(urn);
    const resource = byUrn.get(urn);
    add(resource?.parent);
  };
  for (const urn of own) {
    const resource = byUrn.get(urn);
    add(resource?.parent);
    if (resource !== undefined) add(urnOfProvider(resource));
  }
  for (const { urn, type, parent } of resources) {
    if (isProviderOf(part, type) && (parent === undefined || byUrn.get(parent)?.type === stackType)) add(urn);
  }
  return resources.filter(({ urn }) => needed.has(urn)).map((resource) => detached(resource, needed));
}

/** The same under another stack's name, also where an output refers to a resource. */
export function renamed(resource: StateResource, from: string, to: string): StateResource {
  const [, project = ""] = resource.urn.split("::");
  // The stack itself is a resource that is called after it.
  const itself = (stack: string) => `"urn:pulumi:${stack}::${project}::${stackType}::${project}-${stack}"`;
  const text = JSON.stringify(resource)
    .replaceAll(itself(from), itself(to))
    .replaceAll(`urn:pulumi:${from}::`, `urn:pulumi:${to}::`);
  return JSON.parse(text) as StateResource;
}

/** Of what the one stack says, each part keeps all that its first update wants to know, but no way into other clusters. */
function withOwnKubeconfigs(resource: StateResource, part: Part, settings: Settings): StateResource {
  const kubeconfigs = resource.type === stackType && resource.outputs?.["kubeconfigs"];
  if (kubeconfigs === undefined || kubeconfigs === false) return resource;
  const { clusters } = scopeOf(part, settings);
  const all = (revealed(kubeconfigs) ?? {}) as Readonly<Record<string, unknown>>;
  const own = Object.fromEntries(Object.entries(all).filter(([name]) => clusters.includes(name)));
  return { ...resource, outputs: { ...resource.outputs, kubeconfigs: concealed(own) } };
}

/**
 * The state of each part's stack, made of the state of the environment's one stack, which must have been read with its
 * secrets. What is there stays as it is: every resource has the same type, name and id, and only the stack's name in its
 * URN is another.
 *
 * @throws UsageError where an update was interrupted, or where something belongs to no part.
 */
export function splitState(state: State, base: string, settings: Settings): Map<string, State> {
  const { resources = [] } = state.deployment;
  const again = `Take mesh:split out of Pulumi.${base}.yaml, run npm run up -- ${base}, and split it then.`;
  if (interrupted(state).length > 0) {
    throw new UsageError(`The last update of ${base} was interrupted, so nothing was moved. ${again}`);
  }
  const roots = rootsOf(resources);
  const parts = partsOf(settings).map((part) => ({
    part,
    stack: stackOf(base, part),
    own: new Set<string>(),
  }));
  const homeless = new Set<string>();
  for (const resource of resources) {
    const { urn, type } = resource;
    const root = roots.get(urn);
    if (root === undefined || type === stackType || root.type.startsWith("pulumi:")) continue;
    const part = partOf(resource, root, settings);
    const home = part && parts.find(({ stack }) => stack === stackOf(base, part));
    if (home === undefined) homeless.add(nameOf(root));
    else home.own.add(urn);
  }
  if (homeless.size > 0) {
    throw new UsageError(
      `${base} has what belongs to none of its parts, so nothing was moved: ${[...homeless].join(", ")}. ${again}`,
    );
  }
  return new Map(
    parts.map(({ part, stack, own }) => {
      const moved = resourcesOf(part, resources, own).map((resource) =>
        withOwnKubeconfigs(renamed(resource, base, stack), part, settings),
      );
      return [stack, { ...state, deployment: { ...state.deployment, resources: moved } }];
    }),
  );
}
