import type { ResourceValidationPolicy } from "@pulumi/policy";
import semver from "semver";

import { known } from "./resource.ts";

/** What says the version of the charts that it is made of, beside the charts. */
const linkerd = "mesh:linkerd:Linkerd";
const charts = ["kubernetes:helm.sh/v4:Chart", "kubernetes:helm.sh/v3:Release"];

interface Chart {
  readonly chart?: string;
  readonly version?: string;
}

/** The version that an archive has in its name, `linkerd-crds-2026.8.3.tgz`. */
function versionOfArchive(chart: string | undefined): string | undefined {
  return /-(\d+\.\d+\.\d+[^/]*)\.tgz$/.exec(chart ?? "")?.[1];
}

export const pinnedCharts: ResourceValidationPolicy = {
  name: "pinned-charts",
  description: "Every chart has an exact version, so that a preview says what will be there.",
  validateResource: ({ type, props }, report) => {
    if (![...charts, linkerd].includes(type)) return;
    const { chart, version } = {
      chart: known(() => (props as Chart).chart),
      version: known(() => (props as Chart).version),
    };
    // The engine shows policies nothing of a chart that a provider renders: there, Linkerd's own version must do.
    if (type !== linkerd && chart === undefined) return;
    if (semver.valid(version ?? versionOfArchive(chart)) !== null) return;
    report("Give the chart an exact version such as 2026.8.3, or an archive with its version in its name.");
  },
};
