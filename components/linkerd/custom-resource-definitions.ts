import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ClusterSettings, LinkerdSettings } from "../../settings/settings.ts";
import type { ClusterAccess } from "../cluster/cluster.ts";
import { locateChart } from "./chart.ts";
import { GatewayApiCleanup } from "./gateway-api-cleanup.ts";
import { Takeover } from "./takeover.ts";
import { mergeValues } from "./values.ts";

export interface CustomResourceDefinitionsArgs {
  readonly linkerd: LinkerdSettings;
  readonly cluster: Pick<ClusterSettings, "values"> & { readonly adopt?: boolean };
  readonly namespace: pulumi.Input<string>;
  /** How a clean-up reaches the cluster. */
  readonly access: ClusterAccess;
}

/**
 * Linkerd's and the Gateway API's custom resource definitions. A Helm release: they are large, never edited, and as
 * resources of their own they would be most of the state and of every preview's time.
 */
export class CustomResourceDefinitions extends pulumi.ComponentResource {
  readonly release: k8s.helm.v3.Release;
  /** What hands over an installation that is there; nothing on a cluster that isn't adopted. */
  readonly takeover: readonly pulumi.Resource[];

  constructor(name: string, args: CustomResourceDefinitionsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:linkerd:CustomResourceDefinitions", name, {}, opts);

    const { linkerd } = args;
    const release = "linkerd-crds";
    const cleanup = linkerd.gatewayApi
      ? [new GatewayApiCleanup(`${name}-gateway-api`, { release, access: args.access }, { parent: this })]
      : [];
    this.takeover =
      args.cluster.adopt === true
        ? [
            new Takeover(
              `${name}-takeover`,
              { release, namespace: args.namespace, access: args.access },
              { parent: this },
            ),
          ]
        : [];
    this.release = new k8s.helm.v3.Release(
      `${name}-release`,
      {
        name: release,
        ...locateChart("linkerd-crds", linkerd),
        namespace: args.namespace,
        values: mergeValues(
          { installGatewayAPI: linkerd.gatewayApi },
          linkerd.values.crds,
          args.cluster.values.crds,
        ),
      },
      { parent: this, dependsOn: [...cleanup, ...this.takeover] },
    );
    this.registerOutputs({});
  }
}
