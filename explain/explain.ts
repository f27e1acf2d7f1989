import type { ClusterFacts, LinkFacts, PolicyFacts, RouteFacts, ServiceFacts } from "../facts/facts.ts";
import { localMembers, mirroredFromLabel, remoteMembers, remoteName } from "../facts/labels.ts";
import { isDiscovered, isMirror, linkTo, serviceOf } from "../facts/select.ts";
import { multiclusterNamespace } from "../settings/multicluster.ts";
import type { ClusterSettings, Settings } from "../settings/settings.ts";
import { identityOf } from "../settings/topology.ts";

/** Where some of the calls go, in sentences. */
export interface Way {
  /** The Service, on the caller's cluster. */
  readonly service: string;
  /** Percent of the calls. */
  readonly share: number;
  readonly sentences: readonly string[];
}

/** What happens to a call, from what the caller's proxy does to who lets it in. */
export interface Explanation {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly ways: readonly Way[];
  /** Clusters that it gets to. */
  readonly clusters: readonly string[];
}

export interface Question {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
}

interface Known {
  readonly settings: Settings;
  readonly clusters: ReadonlyMap<string, ClusterFacts>;
  readonly from: ClusterSettings;
  readonly facts: ClusterFacts;
}

function count(number: number, one: string): string {
  return `${number.toString()} ${one}${number === 1 ? "" : "s"}`;
}

/** As whom every workload of a cluster calls. */
function anybodyOf(cluster: ClusterSettings): string {
  return identityOf(cluster, "*", "*");
}

function behindText({ behind, isSimulated }: ClusterFacts, namespace: string, name: string): string {
  const ready = behind[`${namespace}/${name}`] ?? 0;
  const text = ready === 0 ? "no ready pod" : count(ready, "ready pod");
  return isSimulated && ready > 0 ? `${text}, simulated` : text;
}

interface TargetRef {
  readonly kind?: string;
  readonly name?: string;
}

function refs(policy: PolicyFacts, field: string): TargetRef[] {
  const value = policy.spec[field];
  return Array.isArray(value) ? (value as TargetRef[]) : [];
}

function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.map((one) => (typeof one === "string" ? one : JSON.stringify(one)))
    : [];
}

function networkTexts(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return (value as { cidr?: string; except?: string[] }[]).map(
    ({ cidr = "", except = [] }) => `${cidr}${except.length === 0 ? "" : ` but not ${except.join(", ")}`}`,
  );
}

/** Who satisfies an AuthorizationPolicy: every one of its conditions holds. */
function whoText(policy: PolicyFacts, { policies }: ClusterFacts): string {
  const conditions = refs(policy, "requiredAuthenticationRefs").map(({ kind, name }) => {
    const found = policies.find(
      (one) => one.kind === kind && one.name === name && one.namespace === policy.namespace,
    );
    if (found === undefined) return `${kind ?? ""} ${name ?? ""}, which doesn't exist`;
    return found.kind === "NetworkAuthentication"
      ? `from ${networkTexts(found.spec["networks"]).join(" or ")}`
      : `with the identity ${texts(found.spec["identities"]).join(" or ")}`;
  });
  return conditions.length === 0 ? "anybody" : `who comes ${conditions.join(" and ")}`;
}

function policiesFor(server: PolicyFacts, { policies }: ClusterFacts): PolicyFacts[] {
  return policies.filter(({ kind, namespace, spec }) => {
    const { kind: targetKind, name } = (spec["targetRef"] ?? {}) as TargetRef;
    return (
      kind === "AuthorizationPolicy" &&
      namespace === server.namespace &&
      targetKind === "Server" &&
      name === server.name
    );
  });
}

function isAbout(server: PolicyFacts, selector: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {} } = (server.spec["podSelector"] ?? {}) as {
    matchLabels?: Record<string, string>;
  };
  const wanted = Object.entries(matchLabels);
  return wanted.length > 0 && wanted.every(([key, value]) => selector[key] === value);
}

/** Who gets in at the pods behind a Service. */
function policyText(facts: ClusterFacts, { namespace, selector }: ServiceFacts): string {
  const servers = facts.policies.filter(
    (one) => one.kind === "Server" && one.namespace === namespace && isAbout(one, selector),
  );
  if (servers.length === 0) {
    return `No Server is about these pods, so ${facts.name}'s default policy decides: ${facts.config?.defaultPolicy ?? "unknown"}.`;
  }
  return servers
    .map((server) => {
      const admitted = policiesFor(server, facts).map((policy) => whoText(policy, facts));
      const port =
        typeof server.spec["port"] === "number"
          ? server.spec["port"].toString()
          : texts([server.spec["port"]]).join("");
      return admitted.length === 0
        ? `Server ${server.name} closes port ${port} to everybody.`
        : `Server ${server.name} closes port ${port} but to ${admitted.join("; or ")}.`;
    })
    .join(" ");
}

function localSentences({ facts, from }: Known, service: ServiceFacts): string[] {
  const { namespace, name, selector } = service;
  if (Object.keys(selector).length === 0) {
    return ["It has no pods of its own, and isn't a mirror: calls that no route takes fail."];
  }
  return [
    `It has pods on ${facts.name} itself: ${behindText(facts, namespace, name)}. They see the caller's own identity, one of ${anybodyOf(from)}.`,
    policyText(facts, service),
  ];
}

function unreachable(target: string): string {
  return `${target} can't be asked, so what happens there isn't known.`;
}

/** The exported Service that a mirror stands for. */
function origin(mirror: ServiceFacts, target: string): { namespace: string; name: string } {
  const [name = "", namespace = ""] = (mirror.annotations[remoteName] ?? "").split(".");
  return name === ""
    ? { namespace: mirror.namespace, name: mirror.name.slice(0, -target.length - 1) }
    : { namespace: namespace === "" ? mirror.namespace : namespace, name };
}

function podSentences(known: Known, target: string, namespace: string, name: string): string[] {
  const facts = known.clusters.get(target);
  if (facts === undefined) return [unreachable(target)];
  const service = serviceOf(facts, namespace, name);
  if (service === undefined) return [`${target} has no Service ${namespace}/${name}: calls fail.`];
  return [
    `The caller's proxy calls the pods of ${namespace}/${name} on ${target} directly, which needs a network between the pods: ` +
      `${behindText(facts, namespace, name)}. They see the caller's own identity, one of ${anybodyOf(known.from)}.`,
    policyText(facts, service),
  ];
}

function gatewaySentences(known: Known, link: LinkFacts, target: string, mirror: ServiceFacts): string[] {
  const { gatewayAddress = "nowhere", gatewayPort = "", gatewayIdentity = "" } = link.spec;
  const { namespace, name } = origin(mirror, target);
  const endpoints = known.facts.endpoints.find(
    (one) => one.namespace === mirror.namespace && one.name === mirror.name,
  );
  const isAlive = (endpoints?.ready.length ?? 0) > 0;
  const first = [
    `The caller's proxy calls the gateway of ${target} at ${gatewayAddress}, port ${gatewayPort}, and goes on only if that shows the identity ${gatewayIdentity}.`,
    ...(isAlive || known.facts.isSimulated
      ? []
      : ["The mirror has no ready endpoint, so calls fail right away."]),
  ];
  const facts = known.clusters.get(target);
  if (facts === undefined) return [...first, unreachable(target)];
  const server = facts.policies.find(
    (one) =>
      one.kind === "Server" && one.namespace === multiclusterNamespace && one.name === "linkerd-gateway",
  );
  const admitted =
    server === undefined ? [] : policiesFor(server, facts).map((policy) => whoText(policy, facts));
  const service = serviceOf(facts, namespace, name);
  return [
    ...first,
    admitted.length === 0 ? "That gateway admits nobody." : `That gateway admits ${admitted.join("; or ")}.`,
    service === undefined
      ? `${target} has no Service ${namespace}/${name}: the gateway answers with an error.`
      : `The gateway passes the call on to ${namespace}/${name} of ${target}: ${behindText(facts, namespace, name)}. They see the gateway's identity, not the caller's.`,
    ...(service === undefined ? [] : [policyText(facts, service)]),
  ];
}

function mirrorSentences(known: Known, mirror: ServiceFacts): { sentences: string[]; clusters: string[] } {
  const target = mirror.labels[mirroredFromLabel] ?? "";
  const link = linkTo(known.facts, target);
  if (link === undefined) {
    return {
      sentences: [
        `It is a mirror of ${target}, to which there is no Link: it was left behind, and calls fail.`,
      ],
      clusters: [],
    };
  }
  const { namespace, name } = origin(mirror, target);
  const sentences = isDiscovered(mirror)
    ? podSentences(known, target, namespace, name)
    : gatewaySentences(known, link, target, mirror);
  return {
    sentences: [`It is the mirror of ${namespace}/${name} of ${target}.`, ...sentences],
    clusters: [target],
  };
}

function federatedSentences(
  known: Known,
  service: ServiceFacts,
): { sentences: string[]; clusters: string[] } {
  const { namespace, annotations } = service;
  const local = annotations[localMembers];
  const remote = (annotations[remoteMembers] ?? "").split(",").filter((entry) => entry !== "");
  const member = local === undefined ? undefined : serviceOf(known.facts, namespace, local);
  const names = [
    ...(local === undefined ? [] : [`${local} of ${known.facts.name}`]),
    ...remote.map((entry) => entry.replace("@", " of ")),
  ];
  return {
    sentences: [
      `It is a federated service, one balancer over the pods of ${names.length === 0 ? "no member: calls fail" : names.join(", ")}. Pods that answer fast get more of the calls.`,
      ...(member === undefined ? [] : localSentences(known, member)),
      ...remote.flatMap((entry) => {
        const [name = "", target = ""] = entry.split("@");
        return podSentences(known, target, namespace, name);
      }),
    ],
    clusters: remote.map((entry) => entry.split("@")[1] ?? ""),
  };
}

function explainBackend(
  known: Known,
  namespace: string,
  name: string,
): { sentences: string[]; clusters: string[] } {
  const service = serviceOf(known.facts, namespace, name);
  if (service === undefined) {
    return {
      sentences: [`There is no Service ${namespace}/${name} on ${known.facts.name}: these calls fail.`],
      clusters: [],
    };
  }
  if (!isMirror(service)) return { sentences: localSentences(known, service), clusters: [] };
  if (mirroredFromLabel in service.labels) return mirrorSentences(known, service);
  return federatedSentences(known, service);
}

function routeSentences(routes: readonly RouteFacts[]): string[] {
  return routes.flatMap(({ kind, namespace, name, isConditional, parents, conditions }) => {
    const ports = parents.flatMap(({ port }) => port ?? []);
    const refused = conditions.find(({ status }) => status === "False");
    return [
      `${kind} ${namespace}/${name} decides where calls${ports.length === 0 ? "" : ` to port ${ports.join(", ")}`} go${isConditional ? ", if they match it; others go to the Service itself" : ""}.`,
      ...(refused === undefined
        ? []
        : [`Linkerd doesn't take it: ${refused.type} is False, ${refused.reason ?? ""}.`]),
    ];
  });
}

/** Backends with their share of the calls. Of several routes each decides over its own calls, so shares are within one. */
function sharesOf({ backends }: RouteFacts): { name: string; share: number }[] {
  const total = backends.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return backends.map(({ name, weight = 1 }) => ({ name, share: total === 0 ? 0 : (weight / total) * 100 }));
}

/** What happens to a call from a cluster to a Service, by what the clusters say now. Undefined where nobody knows. */
export function explain(
  { cluster, namespace, service: name }: Question,
  settings: Settings,
  clusters: ReadonlyMap<string, ClusterFacts>,
): Explanation | undefined {
  const facts = clusters.get(cluster);
  const from = settings.clusters.find((one) => one.name === cluster);
  if (facts === undefined || from === undefined) return undefined;
  const known: Known = { settings, clusters, from, facts };
  const title = `A call from ${cluster} to ${namespace}/${name}`;
  if (serviceOf(facts, namespace, name) === undefined) {
    const others = [...clusters.values()].filter((one) => serviceOf(one, namespace, name) !== undefined);
    const there = others.map((one) => one.name).join(", ");
    const hint =
      there === ""
        ? "nor has any other cluster"
        : `${there} has: by the name that it has here, see npm run topology`;
    return {
      title,
      sentences: [
        `${cluster} has no Service ${namespace}/${name}, so callers can't even resolve it; ${hint}.`,
      ],
      ways: [],
      clusters: [],
    };
  }
  const routes = facts.routes.filter(
    (route) => route.namespace === namespace && route.parents.some((parent) => parent.name === name),
  );
  const isProfiled = facts.profiles.includes(`${namespace}/${name}`);
  const effective = isProfiled ? [] : routes;
  const opening = isProfiled
    ? [
        `A ServiceProfile of it wins over every route${routes.length === 0 ? "" : `, so ${count(routes.length, "route")} of it has no effect`}.`,
      ]
    : effective.length === 0
      ? ["No route is about it, so all calls go to the Service itself."]
      : routeSentences(effective);
  const shares =
    effective.length === 0
      ? [{ name, share: 100 }]
      : [
          ...effective.flatMap(sharesOf),
          ...(effective.every(({ isConditional }) => isConditional) ? [{ name, share: 0 }] : []),
        ];
  const explained = shares.map(({ name: backend, share }) => ({
    backend,
    share,
    ...explainBackend(known, namespace, backend),
  }));
  return {
    title,
    sentences: [
      `The caller must be meshed: its proxy does all of this. ${opening[0] ?? ""}`,
      ...opening.slice(1),
    ],
    ways: explained.map(({ backend, share, sentences }) => ({
      service: `${namespace}/${backend}`,
      share,
      sentences,
    })),
    clusters: [...new Set(explained.flatMap((one) => one.clusters))],
  };
}
