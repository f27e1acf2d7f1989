import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ServiceClients, ServicePort, ServiceSettings } from "../../settings/settings.ts";
import type { OrderedOptions } from "../options.ts";

type Selector = Readonly<Record<string, string>>;

/** Workloads of one cluster that may call, and the networks of that cluster's pods. */
export type AuthorizedClients = ServiceClients & { readonly podNetworks: readonly string[] };

export interface ServiceAuthorizationArgs extends Pick<ServiceSettings, "namespace" | "name" | "ports"> {
  /** Labels of the pods behind the Service. */
  readonly selector: pulumi.Input<Selector | undefined>;
  /** Who may call from other clusters; nobody else there may. */
  readonly clients: readonly AuthorizedClients[];
  /** Pod networks of all other clusters, CIDR. Who calls from anywhere else is not affected. */
  readonly otherPodNetworks: readonly string[];
}

interface PolicyObject {
  readonly kind: "AuthorizationPolicy" | "MeshTLSAuthentication" | "NetworkAuthentication";
  readonly name: string;
  readonly spec: object;
}

const group = "policy.linkerd.io";

/** Everything except `networks`, by address family. */
function everythingBut(networks: readonly string[]) {
  const families = [
    { cidr: "0.0.0.0/0", except: networks.filter((network) => !network.includes(":")) },
    { cidr: "::/0", except: networks.filter((network) => network.includes(":")) },
  ];
  return families.map(({ cidr, except }) => (except.length > 0 ? { cidr, except } : { cidr }));
}

/** Labels of the pods behind a Service; one that has none of its own can't be closed. */
export function podsOf(service: string, selector: Selector | undefined): Selector {
  if (selector !== undefined && Object.keys(selector).length > 0) return selector;
  throw new pulumi.RunError(
    `Service ${service} has no selector, so it has no pods to close: set clients: any.`,
  );
}

function serverName(service: string, { port, targetPort = port }: ServicePort): string {
  return `${service}-${targetPort.toString()}`;
}

/** Service ports by the containers' port: two of them may be one. */
function containerPorts(ports: readonly ServicePort[]): ServicePort[] {
  return [...new Map(ports.map((port) => [port.targetPort ?? port.port, port])).values()];
}

/** Lets those into each port for whom every one of the authentications holds. */
function policies(
  { name, ports }: ServiceAuthorizationArgs,
  from: string,
  authentications: readonly PolicyObject[],
): PolicyObject[] {
  return containerPorts(ports).map((port) => ({
    kind: "AuthorizationPolicy",
    name: `${serverName(name, port)}-from-${from}`,
    spec: {
      targetRef: { group, kind: "Server", name: serverName(name, port) },
      requiredAuthenticationRefs: authentications.map((one) => ({ group, kind: one.kind, name: one.name })),
    },
  }));
}

/** What isn't from the other clusters' pods is let in as before. */
function fromHere(args: ServiceAuthorizationArgs): PolicyObject[] {
  const networks: PolicyObject = {
    kind: "NetworkAuthentication",
    name: `${args.name}-from-here`,
    spec: { networks: everythingBut(args.otherPodNetworks) },
  };
  return [networks, ...policies(args, "here", [networks])];
}

/** Clusters may share a trust domain: the network says which of them an identity is from. */
function fromCluster(args: ServiceAuthorizationArgs, clients: AuthorizedClients): PolicyObject[] {
  const name = `${args.name}-from-${clients.cluster}`;
  const authentications: PolicyObject[] = [
    { kind: "MeshTLSAuthentication", name, spec: { identities: clients.identities } },
    {
      kind: "NetworkAuthentication",
      name,
      spec: { networks: clients.podNetworks.map((cidr) => ({ cidr })) },
    },
  ];
  return [...authentications, ...policies(args, clients.cluster, authentications)];
}

/**
 * Who of the other clusters may call a service's pods directly. On its cluster.
 *
 * A Server closes each port to everyone who isn't authorized. It comes last and goes first, so that nobody is shut out
 * in between.
 */
export class ServiceAuthorization extends pulumi.ComponentResource {
  constructor(name: string, args: ServiceAuthorizationArgs, opts: OrderedOptions) {
    const { namespace, clients } = args;
    super("mesh:service:ServiceAuthorization", name, { namespace, name: args.name, clients }, opts);

    const objects = [...fromHere(args), ...clients.flatMap((one) => fromCluster(args, one))];
    const authorizations = objects.map(
      ({ kind, name: objectName, spec }) =>
        new k8s.apiextensions.CustomResource(
          `${name}-${kind}-${objectName}`,
          { apiVersion: `${group}/v1alpha1`, kind, metadata: { name: objectName, namespace }, spec },
          { parent: this, dependsOn: opts.dependsOn },
        ),
    );
    const service = `${namespace}/${args.name}`;
    const matchLabels = pulumi.output(args.selector).apply((selector) => podsOf(service, selector));
    for (const port of containerPorts(args.ports)) {
      const { targetPort = port.port, protocol: proxyProtocol } = port;
      new k8s.apiextensions.CustomResource(
        `${name}-Server-${serverName(args.name, port)}`,
        {
          apiVersion: `${group}/v1beta3`,
          kind: "Server",
          metadata: { name: serverName(args.name, port), namespace },
          spec: { podSelector: { matchLabels }, port: targetPort, proxyProtocol },
        },
        { parent: this, dependsOn: [...opts.dependsOn, ...authorizations] },
      );
    }
    this.registerOutputs({});
  }
}
