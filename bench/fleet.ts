/** Networks of the n-th cluster of a fleet (from 0): they never overlap. */
export function fleetNetworks(index: number) {
  return {
    podNetworks: `10.${(20 + index).toString()}.0.0/16`,
    serviceNetworks: `10.${(120 + index).toString()}.0.0/16`,
  };
}

export function clusterName(index: number): string {
  return `cluster${(index + 1).toString()}`;
}

export const chartVersion = "2026.8.3";

/** The settings of a full mesh of simulated clusters that carries everything. */
export function meshSettings(environment: string, count: number) {
  const clusters = Array.from({ length: count }, (_, index) => [
    clusterName(index),
    { source: "simulated", ...fleetNetworks(index) },
  ]);
  const directory = process.env["LINKERD_CHARTS_DIR"];
  return {
    environment,
    linkerd: {
      version: chartVersion,
      viz: false,
      ...(directory === undefined ? {} : { charts: { directory } }),
    },
    clusters: Object.fromEntries(clusters) as Record<string, object>,
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
  };
}
