import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ClusterSettings, LinkerdSettings, TrustSettings } from "../../settings/settings.ts";
import type { ClusterAccess } from "../cluster/cluster.ts";
import { ClusterIssuer } from "../trust/cluster-issuer.ts";
import type { Signer } from "../trust/trust-anchor.ts";
import type { WebhookCertificate } from "../trust/webhook-certificate.ts";
import { createWebhookTrust, type WebhookTrust } from "../trust/webhook-trust.ts";
import { Cni } from "./cni.ts";
import { ControlPlane } from "./control-plane.ts";
import { CustomResourceDefinitions } from "./custom-resource-definitions.ts";
import { linkerdNamespace, podSecurity } from "./namespace.ts";
import { trustFingerprint } from "./trust-annotation.ts";
import { Viz } from "./viz.ts";
import { WorkloadRestart } from "./workload-restart.ts";

const linkerdType = "mesh:linkerd:Linkerd";

export interface LinkerdArgs {
  readonly linkerd: LinkerdSettings;
  readonly cluster: ClusterSettings;
  /** How a clean-up reaches the cluster. */
  readonly access: ClusterAccess;
  /** PEM certificates that every cluster of the environment trusts. */
  readonly trustBundle: pulumi.Output<string>;
  /** Which of them signs this cluster's issuer. */
  readonly signerId: string;
  /** Signs this cluster's issuer, unless that is given. */
  readonly signer: Signer | undefined;
  readonly trust: Pick<
    TrustSettings,
    "issuerLifetime" | "webhookLifetime" | "webhookAuthorities" | "restart"
  >;
  /** What tells this cluster's issuer, and its webhooks' certificates, from the ones before. */
  readonly renewals: { readonly issuer: string | undefined; readonly webhooks: string | undefined };
  /** The clusters that this one is linked with, in either direction. */
  readonly peers: readonly Pick<ClusterSettings, "podNetworks">[];
}

/** What of Linkerd is on a cluster whether or not it is linked; its multicluster extension comes on top. */
export class Linkerd extends pulumi.ComponentResource {
  readonly issuer: ClusterIssuer;
  /** Depend on this for a control plane that runs. */
  readonly controlPlane: k8s.helm.v4.Chart;
  /** Depend on these for everything that is installed. */
  readonly charts: readonly pulumi.Resource[];
  /** Known once all of it is there: never after a failed update. */
  readonly done: pulumi.Output<boolean>;
  readonly webhookTrust: WebhookTrust;
  /** Of each webhook, by Service. */
  readonly webhookCertificates: Readonly<Record<string, WebhookCertificate>>;

  constructor(name: string, args: LinkerdArgs, opts?: pulumi.ComponentResourceOptions) {
    super(linkerdType, name, { version: args.linkerd.version }, opts);

    const { linkerd, cluster, trust, renewals, peers } = args;
    this.issuer = new ClusterIssuer(
      `${name}-issuer`,
      {
        trustDomain: cluster.trustDomain,
        lifetime: trust.issuerLifetime,
        signer: args.signer,
        renewal: renewals.issuer,
        given: cluster.issuer,
      },
      { parent: this },
    );
    this.webhookTrust = createWebhookTrust(
      `${name}-webhooks`,
      {
        cluster: cluster.name,
        authorities: trust.webhookAuthorities[cluster.name] ?? ["1"],
        lifetime: trust.webhookLifetime,
        renewal: renewals.webhooks,
      },
      { parent: this },
    );
    const namespace = linkerdNamespace(
      `${name}-namespace`,
      {
        name: cluster.controlPlaneNamespace,
        labels: {
          "linkerd.io/is-control-plane": "true",
          "linkerd.io/control-plane-ns": cluster.controlPlaneNamespace,
          "config.linkerd.io/admission-webhooks": "disabled",
          ...podSecurity(linkerd),
        },
        annotations: { "linkerd.io/inject": "disabled" },
        linkerd,
      },
      { parent: this },
    );
    const definitions = new CustomResourceDefinitions(
      `${name}-crds`,
      { linkerd, cluster, namespace: namespace.metadata.name, access: args.access },
      { parent: this },
    );
    const cni = linkerd.cni ? [new Cni(`${name}-cni`, { linkerd, cluster }, { parent: this })] : [];
    const fingerprint = trustFingerprint(args.trustBundle, args.signerId);
    const controlPlane = new ControlPlane(
      `${name}-control-plane`,
      {
        linkerd,
        cluster,
        namespace: namespace.metadata.name,
        trustBundle: args.trustBundle,
        trustFingerprint: fingerprint,
        issuer: this.issuer,
        webhookTrust: this.webhookTrust,
        podNetworks: [cluster, ...peers].flatMap(({ podNetworks }) => podNetworks),
        takeover: definitions.takeover,
        dependsOn: [definitions.release, ...cni.map(({ chart }) => chart)],
      },
      { parent: this },
    );
    const viz = linkerd.viz
      ? new Viz(
          `${name}-viz`,
          {
            linkerd,
            cluster,
            trustFingerprint: fingerprint,
            webhookTrust: this.webhookTrust,
            dependsOn: [controlPlane.chart],
          },
          { parent: this },
        )
      : undefined;
    this.controlPlane = controlPlane.chart;
    const charts = [controlPlane.chart, ...(viz === undefined ? [] : [viz.chart])];
    this.charts = charts;
    const restarts =
      trust.restart.length === 0
        ? []
        : [
            new WorkloadRestart(
              `${name}-restart`,
              { namespaces: trust.restart, trustFingerprint: fingerprint, access: args.access },
              { parent: this, dependsOn: charts },
            ),
          ];
    this.done = pulumi
      .all([...charts.map(({ resources }) => resources.apply(() => "")), ...restarts.map(({ urn }) => urn)])
      .apply(() => true);
    this.webhookCertificates = { ...controlPlane.webhookCertificates, ...viz?.webhookCertificates };
    this.registerOutputs({});
  }
}

/** The same component where another stack makes what is in it: what this stack adds has the same place and name. */
export function linkerdElsewhere(
  name: string,
  { version }: Pick<LinkerdSettings, "version">,
  opts?: pulumi.ComponentResourceOptions,
): pulumi.ComponentResource {
  return new pulumi.ComponentResource(linkerdType, name, { version }, opts);
}
