import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { linkerdNetworks } from "../../settings/networks.ts";
import type { ClusterSettings, LinkerdSettings } from "../../settings/settings.ts";
import { base64 } from "../base64.ts";
import type { ClusterIssuer } from "../trust/cluster-issuer.ts";
import { WebhookCertificate } from "../trust/webhook-certificate.ts";
import type { WebhookTrust } from "../trust/webhook-trust.ts";
import { linkerdChart } from "./chart.ts";
import { placeholderFor } from "./late-values.ts";
import { lateTrust, trustAnnotation } from "./trust-annotation.ts";
import { highAvailabilityLayer, imageValues } from "./values.ts";

/** What an install needs to know of its cluster. */
export type InstallTarget = Pick<
  ClusterSettings,
  "name" | "source" | "clusterDomain" | "trustDomain" | "controlPlaneNamespace" | "gateway" | "values"
>;

export interface ControlPlaneArgs {
  readonly linkerd: LinkerdSettings;
  readonly cluster: InstallTarget;
  readonly namespace: pulumi.Input<string>;
  /** PEM certificates that the proxies trust. */
  readonly trustBundle: pulumi.Output<string>;
  /** Changes when the control plane's own proxies must start anew. */
  readonly trustFingerprint: pulumi.Output<string>;
  readonly issuer: ClusterIssuer;
  readonly webhookTrust: WebhookTrust;
  /** Pod networks of this and the linked clusters, for which Linkerd does discovery. */
  readonly podNetworks: readonly string[];
  /** What the chart's objects need first: the custom resource definitions and the CNI plugin. */
  readonly dependsOn: pulumi.Resource[];
  /** What hands over an installation that is there. */
  readonly takeover?: readonly pulumi.Resource[];
}

/** The control plane's webhooks: chart value, Service in front, Secret that its pods mount. */
const webhooks = [
  { value: "proxyInjector", service: "linkerd-proxy-injector", secretName: "linkerd-proxy-injector-k8s-tls" },
  { value: "profileValidator", service: "linkerd-sp-validator", secretName: "linkerd-sp-validator-k8s-tls" },
  {
    value: "policyValidator",
    service: "linkerd-policy-validator",
    secretName: "linkerd-policy-validator-k8s-tls",
  },
] as const;

/** Pods of a simulated cluster answer no webhook, so a failing one must not block them. */
export function simulatedLayer({ source }: Pick<ClusterSettings, "source">) {
  return source === "simulated" ? { webhookFailurePolicy: "Ignore" } : {};
}

/** Linkerd's control plane with the cluster's own issuer. */
export class ControlPlane extends pulumi.ComponentResource {
  /** Of each webhook, by Service. */
  readonly webhookCertificates: Readonly<Record<string, WebhookCertificate>>;
  /** Depend on this for a control plane that runs. One resource: a component would be all of its children. */
  readonly chart: k8s.helm.v4.Chart;

  constructor(name: string, args: ControlPlaneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:linkerd:ControlPlane", name, {}, opts);

    const { linkerd, cluster, issuer, namespace } = args;
    const issuerSecret = new k8s.core.v1.Secret(
      `${name}-issuer`,
      {
        metadata: { name: "linkerd-identity-issuer", namespace },
        type: "kubernetes.io/tls",
        data: {
          "tls.crt": base64(issuer.certificate),
          "tls.key": base64(issuer.privateKey),
          // Only `linkerd check` reads it (linkerd2 pkg/issuercerts).
          "ca.crt": base64(args.trustBundle),
        },
      },
      { parent: this, dependsOn: [...(args.takeover ?? [])] },
    );
    // The chart's own would change at the same time as the pods that read it when they start.
    const trustRoots = new k8s.core.v1.ConfigMap(
      `${name}-trust-roots`,
      {
        metadata: {
          name: "linkerd-identity-trust-roots",
          namespace,
          labels: {
            "linkerd.io/control-plane-component": "identity",
            "linkerd.io/control-plane-ns": cluster.controlPlaneNamespace,
          },
        },
        data: { "ca-bundle.crt": args.trustBundle },
      },
      { parent: this },
    );
    this.webhookCertificates = Object.fromEntries(
      webhooks.map(({ service, secretName }) => [
        service,
        new WebhookCertificate(
          `${name}-${service}`,
          {
            host: `${service}.${cluster.controlPlaneNamespace}.svc`,
            namespace,
            secretName,
            ...args.webhookTrust.certificates,
          },
          { parent: this },
        ),
      ]),
    );
    const secrets = Object.values(this.webhookCertificates).map(({ secret }) => secret);
    const webhookValues = Object.fromEntries(
      webhooks.map(({ value }) => [value, { externalSecret: true, caBundle: placeholderFor("webhook-ca") }]),
    );
    this.chart = linkerdChart(
      `${name}-chart`,
      {
        chart: "linkerd-control-plane",
        namespace,
        linkerd,
        values: [
          highAvailabilityLayer(linkerd, "controlPlane"),
          imageValues(linkerd).controlPlane,
          {
            clusterDomain: cluster.clusterDomain,
            identityTrustDomain: cluster.trustDomain,
            clusterNetworks: linkerdNetworks(args.podNetworks),
            cniEnabled: linkerd.cni,
            identityTrustAnchorsPEM: placeholderFor("trust-anchors"),
            identity: { issuer: { scheme: "kubernetes.io/tls" }, externalCA: true },
            // The chart's default is ten minutes after each rendering, which would differ in every preview.
            heartbeatSchedule: "0 0 * * *",
            podAnnotations: trustAnnotation,
            ...webhookValues,
          },
          simulatedLayer(cluster),
          linkerd.values.controlPlane,
          cluster.values.controlPlane,
        ],
        late: {
          "trust-anchors": args.trustBundle,
          "webhook-ca": args.webhookTrust.caBundle,
          ...lateTrust(args.trustFingerprint),
        },
      },
      {
        parent: this,
        dependsOn: [issuerSecret, trustRoots, ...secrets, ...args.dependsOn],
      },
    );
    this.registerOutputs({});
  }
}
