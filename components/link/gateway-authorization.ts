import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { Clients } from "../../settings/settings.ts";
import type { OrderedOptions } from "../options.ts";

export interface GatewayAuthorizationArgs {
  /** The cluster that calls. */
  readonly source: string;
  /** Namespace of the multicluster extension on the cluster that is called. */
  readonly namespace: pulumi.Input<string>;
  /** Identities that may pass, or anyone who is in the mesh. */
  readonly clients: Clients;
  /** Networks that their calls must come from, CIDR; from everywhere when empty. */
  readonly networks: readonly string[];
}

const apiVersion = "policy.linkerd.io/v1alpha1";
const group = "policy.linkerd.io";

/**
 * Who of one source cluster may pass the target's gateway, which admits nobody else. On the target.
 * The chart's Server `linkerd-gateway` is what they are authorized for (linkerd2 gateway-policy.yaml).
 */
export class GatewayAuthorization extends pulumi.ComponentResource {
  constructor(name: string, args: GatewayAuthorizationArgs, opts: OrderedOptions) {
    const { source, namespace, clients, networks } = args;
    super("mesh:link:GatewayAuthorization", name, { source, clients, networks }, opts);

    const metadata = { name: `linkerd-gateway-from-${source}`, namespace };
    const options = { parent: this, dependsOn: opts.dependsOn };
    const identities = new k8s.apiextensions.CustomResource(
      `${name}-identities`,
      {
        apiVersion,
        kind: "MeshTLSAuthentication",
        metadata,
        spec: { identities: clients === "any" ? ["*"] : clients },
      },
      options,
    );
    const addresses =
      networks.length === 0
        ? []
        : [
            new k8s.apiextensions.CustomResource(
              `${name}-networks`,
              {
                apiVersion,
                kind: "NetworkAuthentication",
                metadata,
                spec: { networks: networks.map((cidr) => ({ cidr })) },
              },
              options,
            ),
          ];
    new k8s.apiextensions.CustomResource(
      `${name}-policy`,
      {
        apiVersion,
        kind: "AuthorizationPolicy",
        metadata,
        spec: {
          targetRef: { group, kind: "Server", name: "linkerd-gateway" },
          requiredAuthenticationRefs: [identities, ...addresses].map(({ kind, metadata: { name } }) => ({
            group,
            kind,
            name,
          })),
        },
      },
      options,
    );
    this.registerOutputs({});
  }
}
