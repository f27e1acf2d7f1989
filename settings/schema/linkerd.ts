import { z } from "zod";

import { chartVersion } from "./clusters.ts";
import { dnsLabel, valuesByChart } from "./values.ts";

const chartSource = z
  .union(
    [
      z.strictObject({ repository: z.url({ protocol: /^https?$/ }) }),
      z.strictObject({ oci: z.string().startsWith("oci://") }),
      z.strictObject({ directory: z.string().min(1) }),
    ],
    "is not a chart source -> give one of repository (https://…), oci (oci://…) or directory (a folder of .tgz archives)",
  )
  .describe(
    "One of `repository: https://…`, `oci: oci://…` or `directory: <folder of chart archives>`. The environment " +
      "variable `LINKERD_CHARTS_DIR` names a folder that is used instead.",
  );

export const linkerd = z
  .strictObject({
    version: chartVersion.describe("Version of the charts; `2026.8.3` is edge-26.8.3."),
    charts: chartSource.default({ repository: "https://helm.linkerd.io/edge" }),
    registry: z.string().min(1).optional().describe("One registry for every image of every chart."),
    pullSecrets: z
      .array(
        z.strictObject({
          name: dnsLabel.describe("Name of the Secret in each of Linkerd's namespaces."),
          dockerConfigJson: z
            .string()
            .min(1)
            .optional()
            .describe("Its content; a secret. Without it, somebody else makes the Secret."),
        }),
      )
      .default([])
      .describe("Secrets with which every image of every chart is pulled."),
    highAvailability: z
      .boolean()
      .default(false)
      .describe("Three replicas of everything, as the charts' values-ha.yaml."),
    viz: z.boolean().default(true).describe("Whether the viz extension is installed."),
    cni: z.boolean().default(false).describe("The CNI plugin in place of an init container in each pod."),
    gatewayApi: z
      .boolean()
      .default(true)
      .describe(
        "Whether the Gateway API's definitions are installed; false where the cluster has them already.",
      ),
    values: valuesByChart.prefault({}),
  })
  .describe("What is installed on every cluster.");
