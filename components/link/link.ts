import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { gatewayIdentity } from "../../settings/multicluster.ts";
import type { ClusterSettings, MirroringSettings, Mode } from "../../settings/settings.ts";
import { linkerdVersion } from "../../settings/settings.ts";
import { base64 } from "../base64.ts";
import { fingerprint, type ClusterAccess } from "../cluster/cluster.ts";
import type { OrderedOptions } from "../options.ts";
import { linkKubeconfig } from "./credentials.ts";
import { DestinationRestart } from "./destination-restart.ts";
import { MirrorCleanup } from "./mirror-cleanup.ts";
import type { RemoteAccess } from "./remote-access.ts";

export interface LinkSource {
  readonly controlPlaneNamespace: string;
  /** Namespace of the multicluster extension. */
  readonly namespace: pulumi.Input<string>;
  /** How a clean-up or a restart reaches the cluster. */
  readonly access: ClusterAccess;
}

export interface LinkTarget extends Pick<
  ClusterSettings,
  "name" | "clusterDomain" | "trustDomain" | "controlPlaneNamespace" | "gateway"
> {
  /** The API server as pods of the source reach it. */
  readonly apiServer: pulumi.Input<string>;
  readonly gatewayAddresses: pulumi.Input<string[]>;
}

export interface LinkArgs {
  readonly source: LinkSource;
  readonly target: LinkTarget;
  readonly carries: readonly Mode[];
  /** Labels and annotations that mirrors don't get. */
  readonly mirroring: Pick<MirroringSettings, "excludedLabels" | "excludedAnnotations">;
  /** The source's access to the target. */
  readonly access: Pick<RemoteAccess, "token" | "certificateAuthority" | "serviceAccount">;
  /** Version of the charts; `linkerd multicluster check` compares it with its own. */
  readonly chartVersion: string;
}

const credentialsType = "mirror.linkerd.io/remote-kubeconfig";

function gatewaySpec({ gateway, ...target }: LinkTarget) {
  return {
    gatewayAddress: pulumi.output(target.gatewayAddresses).apply((addresses) => addresses.join(",")),
    gatewayPort: gateway.port.toString(),
    gatewayIdentity: gatewayIdentity(target),
    probeSpec: { path: "/ready", port: gateway.probePort.toString(), period: "3s" },
    selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
  };
}

/** A text that says nothing of the credentials, but differs with them. */
function fingerprintOf(kubeconfig: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.unsecret(kubeconfig).apply((text) => fingerprint([text]));
}

/** The spec that `linkerd multicluster link-gen` would write; a selector left out exports nothing. */
function linkSpec({ target, carries, mirroring }: LinkArgs, credentials: pulumi.Output<string>) {
  return {
    targetClusterName: target.name,
    targetClusterDomain: target.clusterDomain,
    targetClusterLinkerdNamespace: target.controlPlaneNamespace,
    clusterCredentialsSecret: `cluster-credentials-${target.name}`,
    ...(carries.includes("gateway") ? gatewaySpec(target) : {}),
    ...(carries.includes("pod-to-pod")
      ? { remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } } }
      : {}),
    ...(carries.includes("federated")
      ? { federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } } }
      : {}),
    ...(mirroring.excludedLabels.length > 0 ? { excludedLabels: mirroring.excludedLabels } : {}),
    // Its controller reads the credentials anew when the spec changes, and only then (linkerd2 link_handlers.go). No
    // Service has this annotation, so that leaving it out of mirrors changes nothing else.
    excludedAnnotations: [
      ...mirroring.excludedAnnotations,
      credentials.apply((text) => `mesh/credentials-${text}`),
    ],
  };
}

/**
 * One direction of a link, on the source cluster: the target's services appear there. The other direction is another
 * Link, so two clusters linked both ways are no cycle.
 */
export class Link extends pulumi.ComponentResource {
  /** The target's gateway as the Link names it, `address,address`; empty where the link has none. */
  readonly gatewayAddress: pulumi.Output<string>;
  /** The Link itself, for what must come after it. */
  readonly resource: k8s.apiextensions.CustomResource;

  constructor(name: string, args: LinkArgs, opts: OrderedOptions) {
    const { source, target, carries } = args;
    super("mesh:link:Link", name, { target: target.name, carries }, opts);

    const { dependsOn } = opts;
    const secretName = `cluster-credentials-${target.name}`;
    const { token, certificateAuthority, serviceAccount } = args.access;
    const kubeconfig = linkKubeconfig({
      cluster: target.name,
      server: target.apiServer,
      certificateAuthority,
      serviceAccount,
      token,
    });
    const data = { kubeconfig: base64(kubeconfig) };

    // Changed in place: there is no moment without them. What makes Linkerd take the new ones is the Link's spec for the
    // mirror controller, and for destination a restart (destination-restart.ts).
    const mirrorCredentials = new k8s.core.v1.Secret(
      `${name}-mirror-credentials`,
      { metadata: { name: secretName, namespace: source.namespace }, data, type: credentialsType },
      { parent: this, dependsOn },
    );
    const annotations = {
      "multicluster.linkerd.io/trust-domain": target.trustDomain,
      "multicluster.linkerd.io/cluster-domain": target.clusterDomain,
    };
    const destinationCredentials = new k8s.core.v1.Secret(
      `${name}-destination-credentials`,
      {
        metadata: {
          name: secretName,
          namespace: source.controlPlaneNamespace,
          labels: { "multicluster.linkerd.io/cluster-name": target.name },
          annotations,
        },
        data,
        type: credentialsType,
      },
      // Destination reads it when it is added, and never tries again: the target must be able to answer.
      { parent: this, dependsOn },
    );
    const credentials = fingerprintOf(kubeconfig);
    new DestinationRestart(
      `${name}-destination-restart`,
      {
        target: target.name,
        namespace: source.controlPlaneNamespace,
        credentials: credentials.apply((text) => fingerprint([text, ...Object.values(annotations)])),
        access: source.access,
      },
      { parent: this, dependsOn: [destinationCredentials] },
    );
    // On the way down: the Link, then the mirrors it leaves behind, then the credentials.
    const cleanup = new MirrorCleanup(
      `${name}-mirrors`,
      { target: target.name, namespace: source.namespace, access: source.access },
      { parent: this, dependsOn: [mirrorCredentials, destinationCredentials] },
    );
    this.resource = new k8s.apiextensions.CustomResource(
      `${name}-link`,
      {
        apiVersion: "multicluster.linkerd.io/v1alpha3",
        kind: "Link",
        metadata: {
          name: target.name,
          namespace: source.namespace,
          // `linkerd multicluster check` reads exactly these two words.
          annotations: { "linkerd.io/created-by": `linkerd/cli ${linkerdVersion(args.chartVersion)}` },
        },
        spec: linkSpec(args, credentials),
      },
      { parent: this, dependsOn: [...dependsOn, cleanup] },
    );
    this.gatewayAddress = carries.includes("gateway")
      ? pulumi.output(target.gatewayAddresses).apply((addresses) => addresses.join(","))
      : pulumi.output("");
    this.registerOutputs({ gatewayAddress: this.gatewayAddress });
  }
}
