import path from "node:path";

import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import type { LinkerdSettings } from "../../settings/settings.ts";
import { lateValuesTransform, type LateValues } from "./late-values.ts";
import { mergeValues, type ChartValues } from "./values.ts";

export type ChartName =
  "linkerd-crds" | "linkerd2-cni" | "linkerd-control-plane" | "linkerd-multicluster" | "linkerd-viz";

export interface LinkerdChartArgs {
  readonly chart: ChartName;
  readonly namespace: pulumi.Input<string>;
  readonly linkerd: LinkerdSettings;
  /** Values from lowest to highest precedence. */
  readonly values: readonly ChartValues[];
  /** Values for placeholders in `values`. */
  readonly late?: LateValues;
  /** Changes to rendered objects that no value of the chart makes. */
  readonly transforms?: readonly pulumi.ResourceTransform[];
}

/** Where a chart and its version are found: a Helm repository, an OCI registry, or a folder of archives. */
export function locateChart(
  chart: ChartName,
  { charts, version }: Pick<LinkerdSettings, "charts" | "version">,
) {
  if ("directory" in charts) return { chart: path.join(charts.directory, `${chart}-${version}.tgz`) };
  if ("oci" in charts) return { chart: `${charts.oci.replace(/\/$/, "")}/${chart}`, version };
  return { chart, version, repositoryOpts: { repo: charts.repository } };
}

/** One after the other, as one: the engine asks back for each transform of each object. */
export function inTurn(transforms: readonly pulumi.ResourceTransform[]): pulumi.ResourceTransform {
  return async (args) => {
    let changed: pulumi.ResourceTransformResult | undefined;
    for (const transform of transforms) changed = (await transform({ ...args, ...changed })) ?? changed;
    return changed;
  };
}

/** One of Linkerd's charts, rendered so that every object shows in the preview. */
export function linkerdChart(
  name: string,
  args: LinkerdChartArgs,
  opts: pulumi.ComponentResourceOptions,
): k8s.helm.v4.Chart {
  const late = args.late === undefined ? [] : [lateValuesTransform(args.late)];
  const transforms = [...(args.transforms ?? []), ...late];
  return new k8s.helm.v4.Chart(
    name,
    {
      ...locateChart(args.chart, args.linkerd),
      name: args.chart,
      namespace: args.namespace,
      values: mergeValues(...args.values),
    },
    { ...opts, ...(transforms.length === 0 ? {} : { transforms: [inTurn(transforms)] }) },
  );
}
