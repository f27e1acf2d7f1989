import { linksFor, mirrorsOf } from "../mirror.ts";
import type { Problem } from "../problem.ts";
import type { ServiceSettings, Settings } from "../settings.ts";
import { unknownCluster } from "../topology.ts";
import { penaltyProblems } from "./circuit-breaking.ts";
import { isEmojivotos, toldOf } from "./emojivoto.ts";

const longestServiceName = 63;

const otherNamespace = "choose another emojivoto.namespace, or rename the other one";

function exportProblems(service: ServiceSettings, path: string, settings: Settings): Problem[] {
  const unknown = unknownCluster(
    `${path}.cluster`,
    service.cluster,
    settings.clusters.map(({ name }) => name),
  );
  if (unknown.length > 0) return unknown;
  const both: Problem[] =
    service.modes.includes("gateway") && service.modes.includes("pod-to-pod")
      ? [
          {
            path: `${path}.export`,
            value: service.modes,
            problem: "asks for gateway and pod-to-pod at once, which share one label",
            remedy: "choose one of the two; federated may be added to either",
          },
        ]
      : [];
  if (isEmojivotos(service)) return [];
  const uncarried = service.modes
    .filter((mode) => linksFor(service, mode, settings.links).length === 0)
    .map((mode) => ({
      path: `${path}.export`,
      value: mode,
      problem: `can't leave ${service.cluster}: no link to it carries ${mode}`,
      remedy: `add ${mode} to a link whose target is ${service.cluster}, or export it another way`,
    }));
  return [...both, ...uncarried, ...headlessProblems(service, path, settings)];
}

/** The controllers mirror headless services by their Endpoints, only through a gateway (cluster_watcher_headless.go). */
function headlessProblems({ headless, modes }: ServiceSettings, path: string, settings: Settings): Problem[] {
  if (!headless) return [];
  const direct = modes.filter((mode) => mode !== "gateway");
  const wrong = direct.map((mode) => ({
    path: `${path}.export`,
    value: mode,
    problem: "can't be how a headless service is exported: Linkerd mirrors those only through a gateway",
    remedy: "export it by gateway, or give the pods a second Service with a cluster IP and export that",
  }));
  if (settings.mirroring.headless) return wrong;
  return [
    ...wrong,
    {
      path: `${path}.headless`,
      value: true,
      problem: "asks for a headless mirror, but links.headless is off",
      remedy: "set links.headless, or leave the service's headless out to mirror it under one cluster IP",
    },
  ];
}

function portProblems({ ports }: ServiceSettings, path: string): Problem[] {
  return ports.flatMap(({ port, targetPort = port, protocol }, index): Problem[] => {
    const here = `${path}.ports.${index.toString()}`;
    const earlier = ports.slice(0, index);
    const first = earlier.findIndex((other) => other.port === port);
    if (first !== -1) {
      const problem = `is already listed at ${path}.ports.${first.toString()}`;
      return [{ path: here, value: port, problem, remedy: "list each port once" }];
    }
    const other = earlier.find((one) => (one.targetPort ?? one.port) === targetPort);
    if (other === undefined || other.protocol === protocol) return [];
    return [
      {
        path: `${here}.protocol`,
        value: protocol,
        problem: `differs from ${other.protocol}, which port ${other.port.toString()} speaks at the same container port`,
        remedy: "give both the same protocol, or correct their targetPort",
      },
    ];
  });
}

function nameProblems(service: ServiceSettings, path: string, settings: Settings): Problem[] {
  const longest = Math.max(0, ...mirrorsOf(service, settings.links).map(({ name }) => name.length));
  if (longest <= longestServiceName) return [];
  return [
    {
      path: `${path}.name`,
      value: service.name,
      problem: `makes a mirror whose name has ${longest.toString()} characters; Kubernetes allows ${longestServiceName.toString()}`,
      remedy: "shorten the service's or the cluster's name",
    },
  ];
}

function duplicateProblems({ services }: Settings): Problem[] {
  return services.flatMap((service, index) => {
    const first = services.findIndex(
      ({ cluster, namespace, name }) =>
        cluster === service.cluster && namespace === service.namespace && name === service.name,
    );
    if (first === index) return [];
    const found = {
      path: service.path,
      value: `${service.cluster}/${service.namespace}/${service.name}`,
      problem: `is already listed at ${services[first]?.path ?? ""}`,
      remedy: "list the service once, with every way it is exported",
    };
    return toldOf(service, [found], otherNamespace);
  });
}

interface Made {
  readonly service: ServiceSettings;
  readonly isFederated: boolean;
}

/** One federated Service has members in several clusters, and a cluster has one mirror for each of its services. */
function isMeant(one: Made, other: Made): boolean {
  if (one.isFederated !== other.isFederated) return false;
  return one.isFederated || one.service.cluster === other.service.cluster;
}

/** Two different services must not end up as one mirror: `a-b` of cluster `c` and `a` of cluster `b-c`. */
function collisionProblems({ services, links }: Settings): Problem[] {
  const seen = new Map<string, Made>();
  return services.flatMap((service) =>
    mirrorsOf(service, links).flatMap(({ cluster, namespace, name, mode }) => {
      const made = { service, isFederated: mode === "federated" };
      const key = `${cluster}/${namespace}/${name}`;
      const first = seen.get(key) ?? made;
      seen.set(key, first);
      if (isMeant(first, made)) return [];
      const found = {
        path: `${service.path}.name`,
        value: service.name,
        problem: `has the same mirror, ${name} in ${cluster}, as ${first.service.path}`,
        remedy: "rename one of the services or clusters",
      };
      return toldOf(service, [found], otherNamespace);
    }),
  );
}

/** A mirror isn't made where a Service of that name is already. */
function shadowProblems({ services, links }: Settings): Problem[] {
  return services.flatMap((service) =>
    mirrorsOf(service, links).flatMap((mirror) => {
      const real = services.find(
        ({ cluster, namespace, name }) =>
          cluster === mirror.cluster && namespace === mirror.namespace && name === mirror.name,
      );
      if (real === undefined) return [];
      const found = {
        path: `${service.path}.name`,
        value: service.name,
        problem: `has the mirror ${mirror.name} in ${mirror.cluster}, which is already the Service of ${real.path}`,
        remedy: "rename one of the two services",
      };
      return toldOf(service, [found], otherNamespace);
    }),
  );
}

export function serviceProblems(settings: Settings): Problem[] {
  return [
    ...settings.services.flatMap((service) => [
      ...exportProblems(service, service.path, settings),
      ...portProblems(service, service.path),
      ...penaltyProblems(service.path, service.circuitBreaking),
      ...toldOf(service, nameProblems(service, service.path, settings), "shorten the cluster's name"),
    ]),
    ...duplicateProblems(settings),
    ...collisionProblems(settings),
    ...shadowProblems(settings),
  ];
}
