import type { LinkerdSettings } from "../../settings/settings.ts";

/** Helm values: plain data, never a secret. */
export type ChartValues = Readonly<Record<string, unknown>>;

function isPlainObject(value: unknown): value is ChartValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Merges values as Helm does: maps key by key, everything else replaced by the later one. */
export function mergeValues(...layers: readonly ChartValues[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>((merged, layer) => {
    for (const [key, value] of Object.entries(layer)) {
      const before = merged[key];
      merged[key] = isPlainObject(before) && isPlainObject(value) ? mergeValues(before, value) : value;
    }
    return merged;
  }, {});
}

const upstreamRegistry = "cr.l5d.io/linkerd";

interface ImageValues {
  readonly crds: ChartValues;
  readonly cni: ChartValues;
  readonly controlPlane: ChartValues;
  readonly multicluster: ChartValues;
  readonly viz: ChartValues;
}

function pullSecretValues({ pullSecrets }: LinkerdSettings): ChartValues {
  return pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map(({ name }) => ({ name })) };
}

/**
 * Where every image of every chart comes from. With `linkerd.registry`, all of them: also Prometheus and the
 * gateway's pause container, which upstream takes from elsewhere.
 */
export function imageValues(linkerd: LinkerdSettings): ImageValues {
  const secrets = pullSecretValues(linkerd);
  const { registry } = linkerd;
  if (registry === undefined) {
    return { crds: {}, cni: secrets, controlPlane: secrets, multicluster: secrets, viz: secrets };
  }
  const controller = { name: `${registry}/controller` };
  return {
    crds: {},
    cni: { ...secrets, image: { name: `${registry}/cni-plugin` } },
    controlPlane: {
      ...secrets,
      controllerImage: controller.name,
      proxy: { image: { name: `${registry}/proxy` } },
      debugContainer: { image: { name: `${registry}/debug` } },
    },
    multicluster: {
      ...secrets,
      gateway: { pauseImage: `${registry}/pause:3.2` },
      namespaceMetadata: { image: { registry } },
      localServiceMirror: { image: controller },
      controllerDefaults: { image: controller },
    },
    viz: { ...secrets, defaultRegistry: registry, prometheus: { image: { registry } } },
  };
}

/** The registry that images come from, for resources that aren't a chart's. */
export function imageRegistry({ registry }: LinkerdSettings): string {
  return registry ?? upstreamRegistry;
}

const resources = (memoryRequest: string, cpuRequest = "100m", memoryLimit = "250Mi") => ({
  cpu: { limit: "", request: cpuRequest },
  memory: { limit: memoryLimit, request: memoryRequest },
});

/** `values-ha.yaml` of the charts (linkerd2 charts, values-ha.yaml), which a rendered archive can't be asked for. */
export const highAvailabilityValues = {
  controlPlane: {
    enablePodDisruptionBudget: true,
    controller: { podDisruptionBudget: { maxUnavailable: 1 } },
    deploymentStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: "25%" } },
    enablePodAntiAffinity: true,
    proxy: { resources: { cpu: { request: "100m" }, memory: { limit: "250Mi", request: "20Mi" } } },
    controllerReplicas: 3,
    controllerResources: resources("50Mi"),
    destinationResources: resources("50Mi"),
    identityResources: resources("10Mi"),
    heartbeatResources: resources("50Mi"),
    proxyInjectorResources: resources("50Mi"),
    spValidatorResources: resources("50Mi"),
    webhookFailurePolicy: "Fail",
    highAvailability: true,
  },
  multicluster: {
    gateway: { replicas: 3 },
    enablePodAntiAffinity: true,
    controllerDefaults: { replicas: 3, enablePodAntiAffinity: true },
    localServiceMirror: { replicas: 3 },
  },
  viz: {
    enablePodAntiAffinity: true,
    enablePodDisruptionBudget: true,
    resources: resources("50Mi"),
    tap: { replicas: 3, resources: resources("50Mi") },
    dashboard: { resources: resources("50Mi") },
    prometheus: { resources: resources("300Mi", "300m", "8192Mi") },
  },
} as const satisfies Record<string, ChartValues>;

/** The layer for high availability, or nothing. */
export function highAvailabilityLayer(
  linkerd: LinkerdSettings,
  chart: keyof typeof highAvailabilityValues,
): ChartValues {
  return linkerd.highAvailability ? highAvailabilityValues[chart] : {};
}
