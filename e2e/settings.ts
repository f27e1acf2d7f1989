import type { StackSettings } from "./engine.ts";

/** A folder of chart archives, where this machine has one. */
export const charts = process.env["LINKERD_CHARTS_DIR"];

export const chartVersion = "2026.8.3";

/** The Linkerd that every test but that of an upgrade installs. */
export const linkerdSettings: StackSettings = {
  version: chartVersion,
  viz: false,
  ...(charts === undefined ? {} : { charts: { directory: charts } }),
};

/** A simulated cluster, by the second part of its networks' addresses. */
export function simulatedCluster(pods: number, services: number) {
  return {
    source: "simulated",
    podNetworks: `10.${pods.toString()}.0.0/16`,
    serviceNetworks: `10.${services.toString()}.0.0/16`,
  };
}
