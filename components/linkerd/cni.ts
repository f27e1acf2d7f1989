import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ClusterSettings, LinkerdSettings } from "../../settings/settings.ts";
import { linkerdChart } from "./chart.ts";
import { linkerdNamespace } from "./namespace.ts";
import { imageValues } from "./values.ts";

export interface CniArgs {
  readonly linkerd: LinkerdSettings;
  readonly cluster: Pick<ClusterSettings, "values">;
}

export const cniNamespace = "linkerd-cni";

/** The CNI plugin, which sets up pods' networks in place of an init container. */
export class Cni extends pulumi.ComponentResource {
  readonly chart: k8s.helm.v4.Chart;

  constructor(name: string, args: CniArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:linkerd:Cni", name, {}, opts);

    const { linkerd, cluster } = args;
    const namespace = linkerdNamespace(
      `${name}-namespace`,
      {
        name: cniNamespace,
        labels: {
          "linkerd.io/cni-resource": "true",
          "config.linkerd.io/admission-webhooks": "disabled",
          "pod-security.kubernetes.io/enforce": "privileged",
        },
        linkerd,
      },
      { parent: this },
    );
    this.chart = linkerdChart(
      `${name}-chart`,
      {
        chart: "linkerd2-cni",
        namespace: namespace.metadata.name,
        linkerd,
        values: [imageValues(linkerd).cni, linkerd.values.cni, cluster.values.cni],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
