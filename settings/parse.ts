import type { z } from "zod";

import { resolveClients } from "./clients.ts";
import { planEmojivoto } from "./emojivoto.ts";
import { mirrorName } from "./mirror.ts";
import { SettingsError, type Problem } from "./problem.ts";
import {
  emojivotoThatStays,
  linksThatStay,
  outOfTraffic,
  routesThatStay,
  withoutCallers,
} from "./retiring.ts";
import { clusterProblems } from "./rules/clusters.ts";
import { emojivotoProblems } from "./rules/emojivoto.ts";
import { linkProblems } from "./rules/links.ts";
import { networkProblems } from "./rules/networks.ts";
import { retiredProblems } from "./rules/retirement.ts";
import { routeProblems } from "./rules/routes.ts";
import { serviceProblems } from "./rules/services.ts";
import { splitProblems } from "./rules/split.ts";
import { trustProblems } from "./rules/trust.ts";
import { versionProblems } from "./rules/versions.ts";
import { settingsSchema, type ParsedSettings } from "./schema.ts";
import type {
  ClusterSettings,
  KubeconfigSource,
  RouteSettings,
  ServiceSettings,
  Settings,
  TrustSettings,
} from "./settings.ts";
import { expandLinks, identityOf, sortModes } from "./topology.ts";

type ParsedCluster = ParsedSettings["clusters"][string];
type ParsedExisting = Extract<ParsedCluster, { source: "existing" }>;

/** What stands at `path`, and the path itself without an index into a single value that was taken for a list. */
function lookUp(raw: unknown, path: readonly PropertyKey[]): { path: string; value: unknown } {
  let value = raw;
  const walked: string[] = [];
  for (const key of path) {
    if (typeof value !== "object" || value === null) break;
    if (typeof key === "number" && !Array.isArray(value)) break;
    value = (value as Record<PropertyKey, unknown>)[key];
    walked.push(String(key));
  }
  return { path: walked.join("."), value };
}

function keysOf(schemaPath: string, keys: readonly string[]): Problem[] {
  return keys.map((key) => ({
    path: schemaPath === "" ? key : `${schemaPath}.${key}`,
    problem: "is not a setting",
    remedy: "correct its spelling or remove it; docs/settings.md lists every setting",
  }));
}

/** Whether a wrong value may be shown: not where a secret may stand by mistake, in a block or as a certificate. */
function isShown(issue: z.core.$ZodIssue, value: unknown): boolean {
  if (issue.code === "invalid_key" || issue.path.at(-1) === "certificate") return false;
  const wantsBlock = issue.code === "invalid_type" && ["object", "record", "array"].includes(issue.expected);
  return !wantsBlock && typeof value !== "object";
}

function describe(issue: z.core.$ZodIssue, raw: unknown): Problem[] {
  const { path, value } = lookUp(raw, issue.path);
  if (issue.code === "unrecognized_keys") return keysOf(path, issue.keys);
  const nested = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
  const [problem = "", remedy] = (nested ?? issue.message).split(" -> ");
  if (value === undefined) {
    return [{ path, problem: "is missing", remedy: remedy ?? "set it; docs/settings.md says what it means" }];
  }
  const shown = isShown(issue, value) ? { value } : {};
  if (remedy !== undefined) return [{ path, ...shown, problem, remedy }];
  return [{ path, ...shown, problem: `is wrong: ${problem}`, remedy: "docs/settings.md says what it takes" }];
}

function kubeconfigSource(name: string, cluster: ParsedExisting, problems: Problem[]): KubeconfigSource {
  const { context, kubeconfigPath, kubeconfig, stack } = cluster;
  const given = [context, kubeconfig, stack].filter((one) => one !== undefined).length;
  if (given !== 1) {
    problems.push({
      path: `clusters.${name}`,
      problem:
        given === 0
          ? "doesn't say how to reach the cluster"
          : "says in more than one way how to reach the cluster",
      remedy: "give exactly one of context, kubeconfig (a secret) or stack",
    });
  }
  if (kubeconfigPath !== undefined && context === undefined) {
    problems.push({
      path: `clusters.${name}.kubeconfigPath`,
      value: kubeconfigPath,
      problem: "has no context beside it",
      remedy: "name the context in that file which is this cluster",
    });
  }
  if (kubeconfig !== undefined) return { from: "secret", kubeconfig };
  if (stack !== undefined) return { from: "stack", stack: stack.name, output: stack.output };
  return { from: "context", context: context ?? "", path: kubeconfigPath };
}

function toCluster(
  name: string,
  parsed: ParsedCluster,
  linkerd: ParsedSettings["linkerd"],
  problems: Problem[],
): ClusterSettings {
  const facts = {
    name,
    version: parsed.version ?? linkerd.version,
    podNetworks: parsed.podNetworks ?? [],
    serviceNetworks: parsed.serviceNetworks ?? [],
    clusterDomain: parsed.clusterDomain,
    trustDomain: parsed.trustDomain ?? parsed.clusterDomain,
    apiServer: parsed.apiServer,
    controlPlaneNamespace: parsed.controlPlaneNamespace,
    gateway: parsed.gateway,
    egressNetworks: parsed.egressNetworks ?? [],
    retire: parsed.retire,
    issuer: parsed.issuer,
    values: parsed.values,
  };
  switch (parsed.source) {
    case "k3d": {
      const { source, servers, agents, image, dockerNetwork } = parsed;
      return { ...facts, source, servers, agents, image, dockerNetwork };
    }
    case "simulated":
      return { ...facts, source: parsed.source, nodes: parsed.nodes };
    case "existing":
      return {
        ...facts,
        source: parsed.source,
        kubeconfig: kubeconfigSource(name, parsed, problems),
        adopt: parsed.adopt,
        kubernetesVersion: parsed.kubernetesVersion,
      };
  }
}

/** What is said of anchors made here, where they are given instead. */
function generationProblems({ anchor, generations, signer }: ParsedSettings["trust"]): Problem[] {
  if (anchor.certificate === undefined) return [];
  const problem = "is about anchors made here, but trust.anchor.certificate gives them";
  const remedy = "remove one of the two; a given bundle lists all of its anchors itself";
  return [
    ...(generations === undefined ? [] : [{ path: "trust.generations", problem, remedy }]),
    ...(signer === undefined ? [] : [{ path: "trust.signer", problem, remedy }]),
  ];
}

function toTrust(
  { anchor, generations = ["1"], signer, protect, renewBefore, ...rest }: ParsedSettings["trust"],
  clusters: readonly ClusterSettings[],
  problems: Problem[],
): TrustSettings {
  if (anchor.privateKey !== undefined && anchor.certificate === undefined) {
    problems.push({
      path: "trust.anchor.privateKey",
      problem: "is given without the certificate it belongs to",
      remedy: "give trust.anchor.certificate too, or remove the key",
    });
  }
  const isMade = anchor.certificate === undefined;
  const before = (lifetime: number) => renewBefore ?? Math.min(720, lifetime / 4);
  return {
    ...rest,
    issuerRenewBefore: before(rest.issuerLifetime),
    webhookRenewBefore: before(rest.webhookLifetime),
    anchorLifetime: anchor.lifetime,
    givenAnchor:
      anchor.certificate === undefined
        ? undefined
        : { certificate: anchor.certificate, privateKey: anchor.privateKey },
    generations: isMade ? generations : [],
    signer: isMade ? (signer ?? (generations.length === 1 ? generations[0] : undefined)) : undefined,
    protect: protect ?? clusters.some(({ source }) => source === "existing"),
  };
}

function toService(
  { export: modes, clients = [], ports = [], ...service }: ParsedSettings["services"][number],
  index: number,
  { clusters, links }: Pick<Settings, "clusters" | "links">,
  problems: Problem[],
): ServiceSettings {
  const path = `services.${index.toString()}`;
  const exported = {
    ...service,
    path,
    modes: sortModes(modes),
    ports,
    circuitBreaking: service.circuitBreaking,
    selector: service.selector,
  };
  if (clients === "any") return { ...exported, clients, spec: undefined };
  const resolved = resolveClients(`${path}.clients`, clients, exported, clusters, links);
  problems.push(...resolved.problems);
  return { ...exported, clients: resolved.clients, spec: undefined };
}

function toRoute(parsed: ParsedSettings["routes"][number], index: number): RouteSettings {
  const { cluster, service, name = service, port, circuitBreaking } = parsed;
  const backends = parsed.backends.map(({ service: origin = service, ...backend }) => {
    const from = backend.from === cluster ? "local" : backend.from;
    return {
      from,
      origin,
      service: mirrorName(origin, from),
      port: backend.port ?? port,
      weight: backend.weight,
    };
  });
  return { ...parsed, path: `routes.${index.toString()}`, name, backends, circuitBreaking };
}

/** What is missing of a service that other clusters call directly: a single problem would name only the first. */
function clientProblems(services: ParsedSettings["services"]): Problem[] {
  return services.flatMap(({ export: modes, clients, ports }, index) => {
    const path = `services.${index.toString()}`;
    const isDirect = modes.some((mode) => mode !== "gateway");
    if (isDirect && clients === undefined) {
      const problem = "is missing, and it decides who of other clusters may call these pods directly";
      const remedy = "name the workloads, such as cluster1/emojivoto/web, or write any for everyone";
      return [{ path: `${path}.clients`, problem, remedy }];
    }
    if (!isDirect && clients !== undefined) {
      const problem =
        "is only for pod-to-pod and federated: calls through a gateway arrive with the gateway's identity";
      const remedy = "remove it, and say in links.clients whom the gateway admits";
      return [{ path: `${path}.clients`, problem, remedy }];
    }
    if (Array.isArray(clients) && ports === undefined) {
      const problem =
        "is missing, but clients are named: only ports that are listed are closed to everyone else";
      const remedy = "list the service's ports, such as 8080 or { port: 80, targetPort: http }";
      return [{ path: `${path}.ports`, problem, remedy }];
    }
    return [];
  });
}

/**
 * The stack's configuration as one plain model.
 *
 * @throws SettingsError with every problem that was found, not only the first.
 */
export function parseSettings(raw: unknown): Settings {
  const parsed = settingsSchema.safeParse(raw);
  if (!parsed.success) throw new SettingsError(parsed.error.issues.flatMap((issue) => describe(issue, raw)));

  const problems: Problem[] = [];
  const { environment, linkerd } = parsed.data;
  const clusters = Object.entries(parsed.data.clusters)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, cluster]) => toCluster(name, cluster, linkerd, problems));
  const expanded = expandLinks(parsed.data.links, clusters);
  const links = linksThatStay(expanded.links, clusters);
  const { headless, createNamespaces, excludedLabels, excludedAnnotations, credentials } = parsed.data.links;
  const names = clusters.map(({ name }) => name);
  const plan = planEmojivoto(parsed.data.emojivoto, names, (name, serviceAccount) => {
    const home = clusters.find((cluster) => cluster.name === name);
    return home === undefined ? "" : identityOf(home, parsed.data.emojivoto.namespace, serviceAccount);
  });
  const routes = routesThatStay(parsed.data.routes.map(toRoute), clusters);
  const settings: Settings = {
    environment,
    linkerd,
    trust: toTrust(parsed.data.trust, clusters, problems),
    clusters,
    retired: parsed.data.retired,
    links,
    credentials: { ...credentials, lifetime: credentials.lifetime },
    mirroring: { headless, createNamespaces, excludedLabels, excludedAnnotations },
    services: [
      ...parsed.data.services
        .map((service, index) =>
          toService(withoutCallers(service, clusters), index, { clusters, links }, problems),
        )
        .filter(({ cluster }) => !outOfTraffic(clusters).includes(cluster)),
      ...plan.services,
    ],
    routes: [...routes.routes, ...plan.routes],
    emojivoto: plan.emojivoto,
    manifests: parsed.data.manifests,
    split: parsed.data.split,
  };
  problems.push(
    ...expanded.problems,
    ...plan.problems,
    ...routes.problems,
    ...emojivotoThatStays(plan.emojivoto, clusters),
    ...clientProblems(parsed.data.services),
    ...clusterProblems(settings),
    ...retiredProblems(settings),
    ...networkProblems(settings),
    ...linkProblems(settings),
    ...serviceProblems(settings),
    ...routeProblems(settings),
    ...emojivotoProblems(settings),
    ...generationProblems(parsed.data.trust),
    ...trustProblems(settings),
    ...versionProblems(settings),
    ...splitProblems(settings),
  );
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}
