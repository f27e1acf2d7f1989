import { linksFor, mirrorsOf } from "../mirror.ts";
import type { Problem } from "../problem.ts";
import type { ServiceSettings, Settings } from "../settings.ts";
import { unknownCluster } from "../topology.ts";

const longestServiceName = 63;

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
  const uncarried = service.modes
    .filter((mode) => linksFor(service, mode, settings.links).length === 0)
    .map((mode) => ({
      path: `${path}.export`,
      value: mode,
      problem: `can't leave ${service.cluster}: no link to it carries ${mode}`,
      remedy: `add ${mode} to a link whose target is ${service.cluster}, or export it another way`,
    }));
  return [...both, ...uncarried];
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
    return [
      {
        path: `services.${index.toString()}`,
        value: `${service.cluster}/${service.namespace}/${service.name}`,
        problem: `is already listed at services.${first.toString()}`,
        remedy: "list the service once, with every way it is exported",
      },
    ];
  });
}

/** Two different services must not end up as one mirror: `a-b` of cluster `c` and `a` of cluster `b-c`. */
function collisionProblems({ services, links }: Settings): Problem[] {
  const seen = new Map<string, number>();
  return services.flatMap((service, index) =>
    mirrorsOf(service, links)
      .filter(({ mode }) => mode !== "federated")
      .flatMap(({ cluster, namespace, name }) => {
        const key = `${cluster}/${namespace}/${name}`;
        const first = seen.get(key) ?? index;
        seen.set(key, first);
        const other = services[first];
        if (other === undefined || other.cluster === service.cluster) return [];
        return [
          {
            path: `services.${index.toString()}.name`,
            value: service.name,
            problem: `has the same mirror, ${name} in ${cluster}, as services.${first.toString()}`,
            remedy: "rename one of the services or clusters",
          },
        ];
      }),
  );
}

export function serviceProblems(settings: Settings): Problem[] {
  return [
    ...settings.services.flatMap((service, index) => {
      const path = `services.${index.toString()}`;
      return [...exportProblems(service, path, settings), ...nameProblems(service, path, settings)];
    }),
    ...duplicateProblems(settings),
    ...collisionProblems(settings),
  ];
}
