/** What clusters say of themselves, as plain data without anything secret. */

export interface NamedFacts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ServiceFacts extends NamedFacts {
  readonly type: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name?: string; readonly port: number }[];
  readonly clusterIP: string | undefined;
  /** What its load balancer is reached by. */
  readonly addresses: readonly string[];
}

/** Addresses behind a Service that has no pods of its own, as the mirror controller wrote them. */
export interface EndpointsFacts extends NamedFacts {
  readonly ready: readonly string[];
  /** Of a gateway that doesn't answer the controller's probe. */
  readonly notReady: readonly string[];
}

export interface DeploymentFacts extends NamedFacts {
  readonly wanted: number;
  readonly available: number;
  readonly serviceAccount: string;
  readonly images: readonly string[];
}

export interface PodFacts extends NamedFacts {
  /** The workload that made it, such as `Deployment web`. */
  readonly owner: string;
  readonly serviceAccount: string;
  readonly phase: string;
  readonly isReady: boolean;
  /** When its newest container started, RFC 3339. */
  readonly started: string;
  /** KWOK plays it: nothing runs. */
  readonly isSimulated: boolean;
  readonly address: string | undefined;
  /** Undefined where there is no proxy in it. */
  readonly proxy: { readonly image: string; readonly anchors: string | undefined } | undefined;
}

/** A condition as Kubernetes reports it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** What became of one exported service, as the mirror controller says. */
export interface MirrorStatus {
  readonly namespace: string;
  readonly name: string;
  readonly conditions: readonly Condition[];
}

export interface LinkSpec {
  readonly targetClusterName?: string;
  readonly targetClusterDomain?: string;
  readonly targetClusterLinkerdNamespace?: string;
  readonly clusterCredentialsSecret?: string;
  readonly gatewayAddress?: string;
  readonly gatewayPort?: string;
  readonly gatewayIdentity?: string;
  readonly probeSpec?: { readonly path?: string; readonly port?: string; readonly period?: string };
  readonly selector?: LabelSelector;
  readonly remoteDiscoverySelector?: LabelSelector;
  readonly federatedServiceSelector?: LabelSelector;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface LinkFacts extends NamedFacts {
  readonly spec: LinkSpec;
  /** When the spec was last written, RFC 3339. */
  readonly changed: string;
  readonly mirrored: readonly MirrorStatus[];
}

/** A Secret with which a cluster reads another one, but for what is secret in it. */
export interface CredentialsFacts extends NamedFacts {
  readonly type: string;
  /** Of the whole kubeconfig; undefined where there is none in it. */
  readonly fingerprint: string | undefined;
  readonly server: string | undefined;
  /** Fingerprint of the CA that it trusts. */
  readonly authority: string | undefined;
  /** RFC 3339. */
  readonly created: string;
  /** When its content was last written, RFC 3339. */
  readonly changed: string;
}

/** What the target's API server says to the bearer of a link's credentials. */
export type Admission =
  | { readonly admitted: true; readonly missing: readonly string[] }
  | { readonly admitted: false; readonly reason: string };

export interface LeaseFacts {
  readonly name: string;
  readonly holder: string;
  /** Seconds after the last renewal for which it is valid. */
  readonly duration: number;
  readonly acquired: string;
  readonly renewed: string;
}

export interface WebhookFacts {
  /** Name of its configuration. */
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  /** PEM; what the API server trusts. */
  readonly authorities: string;
  /** PEM; what the webhook shows. Undefined without its Secret. */
  readonly certificate: string | undefined;
}

/** A policy object of Linkerd's: who may come, from where, to what. */
export interface PolicyFacts extends NamedFacts {
  readonly kind: "Server" | "AuthorizationPolicy" | "MeshTLSAuthentication" | "NetworkAuthentication";
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface RouteFacts extends NamedFacts {
  readonly kind: string;
  readonly parents: readonly { readonly kind?: string; readonly name: string; readonly port?: number }[];
  readonly backends: readonly { readonly name: string; readonly port?: number; readonly weight?: number }[];
  /** Whether it is about some calls only. */
  readonly isConditional: boolean;
  readonly conditions: readonly Condition[];
}

/** Linkerd's own record of how it was installed. */
export interface ConfigFacts {
  readonly version: string;
  readonly clusterDomain: string;
  readonly trustDomain: string;
  /** PEM. */
  readonly anchors: string;
  readonly networks: readonly string[];
  /** Who may call pods that no Server is about. */
  readonly defaultPolicy: string;
}

/** Everything that one cluster said. */
export interface ClusterFacts {
  readonly name: string;
  readonly server: string;
  /** Fingerprint of the CA in its own `kube-root-ca.crt`. */
  readonly authority: string | undefined;
  readonly version: string;
  /** When it was asked, by its own clock; RFC 3339. */
  readonly now: string;
  /** How far that is ahead of this machine's, milliseconds. */
  readonly clock: number;
  /** KWOK plays all of its nodes: nothing runs in pods. */
  readonly isSimulated: boolean;
  readonly nodes: readonly { readonly name: string; readonly podNetworks: readonly string[] }[];
  readonly namespaces: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  /** Served versions of the Link definition; empty without it. */
  readonly linkVersions: readonly string[];
  readonly config: ConfigFacts | undefined;
  readonly roots: string | undefined;
  readonly issuer: string | undefined;
  readonly services: readonly ServiceFacts[];
  readonly endpoints: readonly EndpointsFacts[];
  /** How many addresses are ready behind exported and named services, by `namespace/name`. */
  readonly behind: Readonly<Record<string, number>>;
  readonly deployments: readonly DeploymentFacts[];
  readonly pods: readonly PodFacts[];
  readonly links: readonly LinkFacts[];
  readonly credentials: readonly CredentialsFacts[];
  /** By `namespace/secret` of the credentials; left out where the target can't be asked. */
  readonly admissions: Readonly<Record<string, Admission>>;
  /** What each link's controller may not do, by name of its target. */
  readonly denied: Readonly<Record<string, readonly string[]>>;
  readonly leases: readonly LeaseFacts[];
  readonly webhooks: readonly WebhookFacts[];
  readonly policies: readonly PolicyFacts[];
  readonly routes: readonly RouteFacts[];
  /** Services that a ServiceProfile is about, by `namespace/name`. */
  readonly profiles: readonly string[];
}

/** What is known of a cluster: its facts, or why there are none. */
export type ClusterAnswer =
  | { readonly name: string; readonly facts: ClusterFacts }
  | { readonly name: string; readonly problem: string };
