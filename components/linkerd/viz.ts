import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { LinkerdSettings } from "../../settings/settings.ts";
import { WebhookCertificate } from "../trust/webhook-certificate.ts";
import type { WebhookTrust } from "../trust/webhook-trust.ts";
import { linkerdChart } from "./chart.ts";
import type { InstallTarget } from "./control-plane.ts";
import { placeholderFor } from "./late-values.ts";
import { linkerdNamespace, podSecurity } from "./namespace.ts";
import { lateTrust, trustAnnotation } from "./trust-annotation.ts";
import { highAvailabilityLayer, imageValues } from "./values.ts";

export interface VizArgs {
  readonly linkerd: LinkerdSettings;
  readonly cluster: InstallTarget;
  /** Changes when the extension's proxies must start anew. */
  readonly trustFingerprint: pulumi.Output<string>;
  readonly webhookTrust: WebhookTrust;
  /** What the chart's objects need first: the control plane and its custom resource definitions. */
  readonly dependsOn: pulumi.Resource[];
}

/** Viz's webhooks: chart value, Service in front, Secret that its pods mount. */
const webhooks = [
  { value: "tap", service: "tap", secretName: "tap-k8s-tls" },
  { value: "tapInjector", service: "tap-injector", secretName: "tap-injector-k8s-tls" },
] as const;

export const vizNamespace = "linkerd-viz";

/** The viz extension: metrics, dashboard and tap. */
export class Viz extends pulumi.ComponentResource {
  readonly chart: k8s.helm.v4.Chart;
  /** Of each webhook, by Service. */
  readonly webhookCertificates: Readonly<Record<string, WebhookCertificate>>;

  constructor(name: string, args: VizArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:linkerd:Viz", name, {}, opts);

    const { linkerd, cluster } = args;
    const namespace = linkerdNamespace(
      `${name}-namespace`,
      { name: vizNamespace, labels: { "linkerd.io/extension": "viz", ...podSecurity(linkerd) }, linkerd },
      { parent: this },
    );
    this.webhookCertificates = Object.fromEntries(
      webhooks.map(({ service, secretName }) => [
        service,
        new WebhookCertificate(
          `${name}-${service}`,
          {
            host: `${service}.${vizNamespace}.svc`,
            namespace: namespace.metadata.name,
            secretName,
            ...args.webhookTrust.certificates,
          },
          { parent: this },
        ),
      ]),
    );
    const secrets = Object.values(this.webhookCertificates).map(({ secret }) => secret);
    this.chart = linkerdChart(
      `${name}-chart`,
      {
        chart: "linkerd-viz",
        namespace: namespace.metadata.name,
        linkerd,
        values: [
          highAvailabilityLayer(linkerd, "viz"),
          imageValues(linkerd).viz,
          {
            linkerdNamespace: cluster.controlPlaneNamespace,
            clusterDomain: cluster.clusterDomain,
            identityTrustDomain: cluster.trustDomain,
            createNamespaceMetadataJob: false,
            podAnnotations: trustAnnotation,
            ...Object.fromEntries(
              webhooks.map(({ value }) => [
                value,
                { externalSecret: true, caBundle: placeholderFor("webhook-ca") },
              ]),
            ),
          },
          linkerd.values.viz,
          cluster.values.viz,
        ],
        late: { "webhook-ca": args.webhookTrust.caBundle, ...lateTrust(args.trustFingerprint) },
      },
      { parent: this, dependsOn: [...secrets, ...args.dependsOn] },
    );
    this.registerOutputs({});
  }
}
