import { mirrorsOf } from "../mirror.ts";
import type { Problem } from "../problem.ts";
import type { RouteBackend, RouteSettings, ServiceSettings, Settings } from "../settings.ts";
import { unknownCluster } from "../topology.ts";
import { penaltyProblems } from "./circuit-breaking.ts";
import { isEmojivotos, toldOf } from "./emojivoto.ts";

/** A Service on some cluster: real, mirrored or federated. */
interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
}

function isSameService(one: Place, other: Place): boolean {
  return one.cluster === other.cluster && one.namespace === other.namespace && one.service === other.service;
}

function placeOf({
  cluster,
  namespace,
  name,
}: Pick<ServiceSettings, "cluster" | "namespace" | "name">): Place {
  return { cluster, namespace, service: name };
}

function text({ cluster, namespace, service }: Place): string {
  return `${cluster}/${namespace}/${service}`;
}

/** The listed service that is at a place. */
function realAt(place: Place, { services }: Settings): ServiceSettings | undefined {
  return services.find((service) => isSameService(placeOf(service), place));
}

/** The listed services that Linkerd mirrors at a place: several when it is a federated one. */
function mirroredAt(place: Place, { services, links }: Settings): ServiceSettings[] {
  return services.filter((service) =>
    mirrorsOf(service, links).some((mirror) => isSameService(placeOf(mirror), place)),
  );
}

function portProblems(path: string, port: number, behind: readonly ServiceSettings[]): Problem[] {
  return behind.flatMap((service) => {
    const ports = service.ports.map((one) => one.port);
    if (ports.length === 0 || ports.includes(port)) return [];
    return [
      {
        path: `${path}.port`,
        value: port,
        problem: `is not a port of ${text(placeOf(service))}`,
        remedy: `use one of ${ports.join(", ")}, or correct the ports of ${service.path}`,
      },
    ];
  });
}

function parentPortProblems(route: RouteSettings, settings: Settings): Problem[] {
  const listed = [...[realAt(route, settings) ?? []].flat(), ...mirroredAt(route, settings)];
  const placeholder = settings.routes.find((other) => other.placeholder && isSameService(route, other));
  const isMissing = placeholder !== undefined && !route.placeholder && placeholder.port !== route.port;
  const lacked: Problem[] = isMissing
    ? [
        {
          path: `${route.path}.port`,
          value: route.port,
          problem: `is not a port of the placeholder that ${placeholder.path} makes`,
          remedy: `use ${placeholder.port.toString()}`,
        },
      ]
    : [];
  return [...portProblems(route.path, route.port, listed), ...lacked];
}

function notExported(
  path: string,
  route: RouteSettings,
  { from: value, from, origin }: RouteBackend,
  settings: Settings,
): Problem {
  const name = `${route.namespace}/${origin}`;
  const link = settings.links.find(({ source, target }) => source === route.cluster && target === from);
  if (link === undefined) {
    const problem = `will not exist: no link brings services of ${from} to ${route.cluster}`;
    return { path, value, problem, remedy: `link ${route.cluster} with ${from}, or use another backend` };
  }
  const exported = realAt({ cluster: from, namespace: route.namespace, service: origin }, settings);
  const modes = exported?.modes.filter((mode) => mode !== "federated") ?? [];
  if (exported === undefined || modes.length === 0) {
    const problem = `will not exist: ${from} doesn't export ${name} by gateway or pod-to-pod`;
    return { path, value, problem, remedy: "export it under services, or use another backend" };
  }
  const problem = `will not exist: ${name} is exported by ${modes.join(", ")}, but the link ${route.cluster} -> ${from} carries ${link.carries.join(", ")}`;
  return {
    path,
    value,
    problem,
    remedy: `let the link carry ${modes.join(", ")}, or change ${exported.path}.export`,
  };
}

function missingBackend(
  path: string,
  route: RouteSettings,
  backend: RouteBackend,
  settings: Settings,
): Problem {
  if (backend.from !== "federated") return notExported(path, route, backend, settings);
  const name = `${route.namespace}/${backend.origin}`;
  return {
    path,
    value: backend.from,
    problem: `will not exist: no cluster exports ${name} as federated to ${route.cluster}`,
    remedy: `add federated to the export of ${name}, and to the link by which it comes to ${route.cluster}`,
  };
}

function localProblems(
  path: string,
  route: RouteSettings,
  { service, port }: RouteBackend,
  settings: Settings,
): Problem[] {
  const place = { ...route, service };
  const placeholder = settings.routes.find((other) => other.placeholder && isSameService(other, place));
  if (placeholder !== undefined) {
    return [
      {
        path,
        value: service,
        problem: `is the placeholder that ${placeholder.path} makes, which has no pods`,
        remedy: "remove this backend, or the placeholder where the Service exists",
      },
    ];
  }
  // The route's own Service and port are looked at once, as its parent.
  if (service === route.service && port === route.port) return [];
  return portProblems(path, port, [realAt(place, settings) ?? []].flat());
}

function backendProblems(
  route: RouteSettings,
  backend: RouteBackend,
  path: string,
  settings: Settings,
): Problem[] {
  if (backend.from === "local") return localProblems(path, route, backend, settings);
  const names = ["local", "federated", ...settings.clusters.map(({ name }) => name)];
  const unknown = unknownCluster(`${path}.from`, backend.from, names);
  if (unknown.length > 0) return unknown;
  const behind = mirroredAt({ ...route, service: backend.service }, settings).filter(
    ({ name }) => name === backend.origin,
  );
  if (behind.length === 0) return [missingBackend(`${path}.from`, route, backend, settings)];
  return portProblems(path, backend.port, behind);
}

function repeatedBackends({ path, backends }: RouteSettings): Problem[] {
  return backends.flatMap(({ service, port }, index) => {
    const first = backends.findIndex((other) => other.service === service && other.port === port);
    if (first === index) return [];
    return [
      {
        path: `${path}.backends.${index.toString()}`,
        value: `${service}:${port.toString()}`,
        problem: `is the same Service and port as ${path}.backends.${first.toString()}`,
        remedy: "list it once, with the sum of both weights",
      },
    ];
  });
}

function weightProblems({ path, backends }: RouteSettings): Problem[] {
  if (backends.some(({ weight }) => weight > 0)) return [];
  return [
    {
      path: `${path}.backends`,
      problem: "have weights that sum to zero: every call would fail",
      remedy: "give at least one of them a weight above zero",
    },
  ];
}

type Match = RouteSettings["matches"][number];

function matchProblems(path: string, kind: RouteSettings["kind"], match: Match): Problem[] {
  const isNamed = typeof match.method === "string";
  const form = isNamed ? "{ service: …, method: … }" : "a method such as GET";
  const method: Problem[] =
    match.method === undefined || isNamed === (kind === "HTTPRoute")
      ? []
      : [
          {
            path: `${path}.method`,
            value: match.method,
            problem: `is not how ${kind === "HTTPRoute" ? "an" : "a"} ${kind} names a method`,
            remedy: `write ${form}, or change the route's kind`,
          },
        ];
  if (kind === "HTTPRoute") return method;
  const unknown = (["path", "queryParams"] as const)
    .filter((field) => match[field] !== undefined)
    .map((field) => ({
      path: `${path}.${field}`,
      problem: "is something that a GRPCRoute can't match",
      remedy: "match a method or headers, or make it an HTTPRoute",
    }));
  return [...method, ...unknown];
}

/** What only one of the two kinds knows. */
function kindProblems({ path, kind, api, matches, retries }: RouteSettings): Problem[] {
  const problems = matches.flatMap((match, index) =>
    matchProblems(`${path}.matches.${index.toString()}`, kind, match),
  );
  if (kind === "GRPCRoute" && api === "policy.linkerd.io") {
    const problem = "has no GRPCRoute: that API is older than the kind";
    problems.push({ path: `${path}.api`, value: api, problem, remedy: "use gateway.networking.k8s.io" });
  }
  const [own, other] = kind === "GRPCRoute" ? (["grpc", "http"] as const) : (["http", "grpc"] as const);
  if (retries[other] !== undefined) {
    problems.push({
      path: `${path}.retries.${other}`,
      value: retries[other],
      problem: `has no effect on ${kind === "HTTPRoute" ? "an" : "a"} ${kind}`,
      remedy: `say in retries.${own} which statuses are tried again, or change the route's kind`,
    });
  }
  return problems;
}

function placeholderProblems(route: RouteSettings, settings: Settings): Problem[] {
  if (!route.placeholder) return [];
  const first = settings.routes.find((other) => other.placeholder && isSameService(route, other));
  const real = realAt(route, settings);
  const [mirrored] = mirroredAt(route, settings);
  const path = `${route.path}.placeholder`;
  const value = text(route);
  const twice: Problem[] =
    first === route || first === undefined
      ? []
      : [
          {
            path,
            value,
            problem: `is already made for ${first.path}`,
            remedy: "let one of the routes make it",
          },
        ];
  const remedy = "remove placeholder";
  const exists: Problem[] =
    real === undefined
      ? []
      : [{ path, value, problem: `is a Service that exists: ${real.path} exports it`, remedy }];
  const mirror: Problem[] =
    mirrored === undefined
      ? []
      : [{ path, value, problem: `is a Service that Linkerd makes from ${mirrored.path}`, remedy }];
  return [...twice, ...exists, ...mirror];
}

function duplicateProblems(route: RouteSettings, { routes }: Settings): Problem[] {
  const same = (other: RouteSettings) =>
    other.cluster === route.cluster && other.namespace === route.namespace && other.name === route.name;
  const first = routes.find(same);
  if (first === route || first === undefined) return [];
  return [
    {
      path: `${route.path}.name`,
      value: route.name,
      problem: `is already the name of ${first.path}`,
      remedy: "give each route of a namespace a name of its own",
    },
  ];
}

/** Of two routes that match alike Linkerd follows one, and says nothing of the other. */
function sameCalls(route: RouteSettings, { routes }: Settings): Problem[] {
  const matches = JSON.stringify(route.matches);
  const first = routes.find(
    (other) =>
      isSameService(other, route) && other.port === route.port && JSON.stringify(other.matches) === matches,
  );
  if (first === route || first === undefined) return [];
  return [
    {
      path: route.path,
      value: `${text(route)}:${route.port.toString()}`,
      problem: `takes the same calls as ${first.path}`,
      remedy: "give the two different matches, or make them one route with all backends",
    },
  ];
}

/** Mirrors are written by Linkerd's controllers, which would take our annotations off again. */
function circuitBreakingProblems(route: RouteSettings, settings: Settings): Problem[] {
  if (route.circuitBreaking === undefined) return [];
  const path = `${route.path}.circuitBreaking`;
  const problems = penaltyProblems(route.path, route.circuitBreaking);
  const [mirrored] = mirroredAt(route, settings);
  if (mirrored !== undefined) {
    const problem = `is for a Service that Linkerd makes from ${mirrored.path}`;
    const remedy = `set it there: ${mirrored.path}.circuitBreaking goes with the service to its mirrors`;
    return [...problems, { path, problem, remedy }];
  }
  const listed = realAt(route, settings);
  const others = [
    ...(listed?.circuitBreaking === undefined ? [] : [listed.path]),
    ...settings.routes
      .slice(0, settings.routes.indexOf(route))
      .filter((other) => other.circuitBreaking !== undefined && isSameService(other, route))
      .map((other) => other.path),
  ];
  if (others[0] === undefined) return problems;
  const problem = `is already set for ${text(route)} at ${others[0]}.circuitBreaking`;
  return [...problems, { path, problem, remedy: "set it in one place: it belongs to the Service" }];
}

/** What can only be said of a route on a cluster that there is. */
function placedProblems(route: RouteSettings, settings: Settings): Problem[] {
  const found = [
    ...placeholderProblems(route, settings),
    ...duplicateProblems(route, settings),
    ...sameCalls(route, settings),
  ];
  const remedy = "choose another emojivoto.namespace, or take the other one away";
  // That emojivoto's back ends exist is seen to where its links are.
  if (isEmojivotos(route)) return toldOf(route, found, remedy);
  return [
    ...parentPortProblems(route, settings),
    ...route.backends.flatMap((backend, index) =>
      backendProblems(route, backend, `${route.path}.backends.${index.toString()}`, settings),
    ),
    ...found,
    ...circuitBreakingProblems(route, settings),
  ];
}

export function routeProblems(settings: Settings): Problem[] {
  const names = settings.clusters.map(({ name }) => name);
  return settings.routes.flatMap((route) => {
    const unknown = unknownCluster(`${route.path}.cluster`, route.cluster, names);
    return [
      ...(unknown.length > 0 ? unknown : placedProblems(route, settings)),
      ...repeatedBackends(route),
      ...weightProblems(route),
      ...kindProblems(route),
    ];
  });
}
