import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { gatewayIdentity, multiclusterNamespace } from "../../settings/multicluster.ts";
import type { LinkerdSettings, LinkSettings, MirroringSettings } from "../../settings/settings.ts";
import { linkerdChart } from "./chart.ts";
import type { InstallTarget } from "./control-plane.ts";
import { linkerdNamespace, podSecurity } from "./namespace.ts";
import { lateTrust, trustAnnotation } from "./trust-annotation.ts";
import { highAvailabilityLayer, imageValues, mergeValues } from "./values.ts";

export interface MulticlusterArgs {
  readonly linkerd: LinkerdSettings;
  readonly cluster: InstallTarget;
  /** The links whose source is this cluster: each gets a mirror controller. */
  readonly links: readonly Pick<LinkSettings, "target" | "carries">[];
  /** Where each linked cluster's gateway is probed; it must be the port of the Service that the controller probes. */
  readonly probePorts: Readonly<Record<string, number>>;
  /** What the mirror controllers do with what they mirror. */
  readonly mirroring: MirroringSettings;
  /** Changes when the extension's proxies must start anew. */
  readonly trustFingerprint: pulumi.Output<string>;
  /** What the chart's objects need first: the control plane and its custom resource definitions. */
  readonly dependsOn: pulumi.Resource[];
}

/**
 * What the provider waits for: the address of a load balancer, and nothing where addresses are declared, as there may be none.
 * Otherwise it would wait, beside that, for ten seconds without a change of the pods behind the Service
 * (pulumi-kubernetes provider/pkg/await/service.go), whose Deployment it waits for already.
 */
function gatewayWait({ gateway }: InstallTarget): Readonly<Record<string, string>> {
  const hasAddress = gateway.serviceType === "LoadBalancer" && gateway.addresses.length === 0;
  return hasAddress
    ? { "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}" }
    : { "pulumi.com/skipAwait": "true" };
}

function gatewayValues(cluster: InstallTarget) {
  const { gateway } = cluster;
  const nodePorts =
    gateway.serviceType === "NodePort"
      ? { nodePort: gateway.port, probe: { nodePort: gateway.probePort } }
      : { port: gateway.port, probe: { port: gateway.probePort } };
  return {
    enabled: gateway.enabled,
    serviceType: gateway.serviceType,
    // They are the pods', whatever the chart calls them.
    deploymentAnnotations: trustAnnotation,
    serviceAnnotations: { ...gateway.annotations, ...gatewayWait(cluster) },
    ...nodePorts,
  };
}

function controllerValues({ links, probePorts, mirroring }: MulticlusterArgs) {
  return links.map(({ target, carries }) => ({
    link: { ref: { name: target } },
    ...(mirroring.headless ? { enableHeadlessServices: true } : {}),
    gateway: {
      enabled: carries.includes("gateway"),
      ...(carries.includes("gateway") ? { probe: { port: probePorts[target] ?? 4191 } } : {}),
    },
  }));
}

/** The local mirror has no Link to read these from. */
function localMirrorValues({ excludedLabels, excludedAnnotations }: MirroringSettings) {
  return { excludedLabels: excludedLabels.join(","), excludedAnnotations: excludedAnnotations.join(",") };
}

/**
 * The chart's gateway admits every meshed identity from everywhere, no value changes that, and more policies only
 * widen it. So its own admits the gateway itself and nobody else; a GatewayAuthorization for each link says who comes.
 */
export function closedGateway(cluster: InstallTarget): pulumi.ResourceTransform {
  return ({ props, opts }) => {
    const { kind, metadata } = props as { kind?: string; metadata?: { name?: string } };
    if (kind !== "MeshTLSAuthentication" || metadata?.name !== "any-meshed") return undefined;
    return { props: { ...props, spec: { identities: [gatewayIdentity(cluster)] } }, opts };
  };
}

/** What a Service says of its load balancer; nothing before there is one. */
interface LoadBalancerStatus {
  readonly loadBalancer?: {
    readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
  };
}

function loadBalancerAddresses({ status }: k8s.core.v1.Service): pulumi.Output<string[]> {
  return (status as pulumi.Output<LoadBalancerStatus | undefined>).apply((known) =>
    (known?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) =>
      [ip, hostname].filter((address) => address !== undefined),
    ),
  );
}

/** The multicluster extension: the gateway that others come in by, and one mirror controller for each link. */
export class Multicluster extends pulumi.ComponentResource {
  readonly namespace: pulumi.Output<string>;
  /** Addresses at which the other clusters reach the gateway; empty without one. */
  readonly gatewayAddresses: pulumi.Output<string[]>;
  /** Depend on this for an extension that runs. */
  readonly chart: k8s.helm.v4.Chart;

  constructor(name: string, args: MulticlusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:linkerd:Multicluster", name, { trust: args.trustFingerprint }, opts);

    const { linkerd, cluster } = args;
    const namespace = linkerdNamespace(
      `${name}-namespace`,
      {
        name: multiclusterNamespace,
        labels: { "linkerd.io/extension": "multicluster", ...podSecurity(linkerd) },
        linkerd,
      },
      { parent: this },
    );
    this.namespace = namespace.metadata.name;
    this.chart = linkerdChart(
      `${name}-chart`,
      {
        chart: "linkerd-multicluster",
        namespace: this.namespace,
        linkerd,
        values: [
          highAvailabilityLayer(linkerd, "multicluster"),
          imageValues(linkerd).multicluster,
          {
            linkerdNamespace: cluster.controlPlaneNamespace,
            identityTrustDomain: cluster.trustDomain,
            createNamespaceMetadataJob: false,
            // Its token Secret races with its ServiceAccount; RemoteAccess makes one for each source cluster.
            remoteMirrorServiceAccount: false,
            podAnnotations: trustAnnotation,
            gateway: gatewayValues(cluster),
            controllers: controllerValues(args),
            enableNamespaceCreation: args.mirroring.createNamespaces,
            localServiceMirror: localMirrorValues(args.mirroring),
          },
          linkerd.values.multicluster,
          cluster.values.multicluster,
        ],
        late: lateTrust(args.trustFingerprint),
        transforms: [closedGateway(cluster)],
      },
      { parent: this, dependsOn: args.dependsOn },
    );
    this.gatewayAddresses = this.findGatewayAddresses(cluster);
    this.registerOutputs({ namespace: this.namespace, gatewayAddresses: this.gatewayAddresses });
  }

  private findGatewayAddresses({ gateway, values }: InstallTarget): pulumi.Output<string[]> {
    if (!gateway.enabled) return pulumi.output([]);
    if (gateway.addresses.length > 0) return pulumi.output([...gateway.addresses]);
    const { gateway: raw } = mergeValues({ gateway: { name: "linkerd-gateway" } }, values.multicluster) as {
      gateway: { name: string };
    };
    return this.chart.resources.apply((resources) => {
      const services = resources.filter((resource) => k8s.core.v1.Service.isInstance(resource));
      // By URN, which every Service has in a preview; waiting for the others' status would hide a known address.
      return pulumi.all(services.map(({ urn }) => urn)).apply((urns) => {
        const found = services[urns.findIndex((urn) => urn.endsWith(`/${raw.name}`))];
        return found === undefined ? pulumi.output<string[]>([]) : loadBalancerAddresses(found);
      });
    });
  }
}
