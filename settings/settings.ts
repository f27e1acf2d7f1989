import type { ParsedSettings } from "./schema.ts";

/** What a link can carry, and how a service can be exported. */
export type Mode = "gateway" | "pod-to-pod" | "federated";

/** A certificate and its private key, given from outside, both PEM. The key is secret. */
export interface GivenCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Raw Helm values per chart, merged over ours: the escape hatch. */
export type ValuesByChart = ParsedSettings["linkerd"]["values"];

/** How the other clusters reach this cluster's gateway. */
export type GatewaySettings = ParsedSettings["clusters"][string]["gateway"];

interface ClusterFacts {
  readonly name: string;
  /** Version of the charts. */
  readonly version: string;
  /** Networks of the pods; empty where an existing cluster doesn't say, which rules out pod-to-pod links. */
  readonly podNetworks: readonly string[];
  readonly serviceNetworks: readonly string[];
  readonly clusterDomain: string;
  /** Suffix of every identity of this cluster; the cluster domain unless said otherwise. */
  readonly trustDomain: string;
  /** The API server as the other clusters reach it; found out by the cluster where it isn't given. */
  readonly apiServer: string | undefined;
  readonly controlPlaneNamespace: string;
  readonly gateway: GatewaySettings;
  /** Networks from which its calls arrive at other gateways; empty for any. */
  readonly egressNetworks: readonly string[];
  /** How far it is on its way out: nobody calls it any more, or it isn't linked either. */
  readonly retire: "traffic" | "links" | undefined;
  readonly issuer: GivenCertificate | undefined;
  readonly values: ValuesByChart;
}

export interface K3dClusterSettings extends ClusterFacts {
  readonly source: "k3d";
  readonly servers: number;
  readonly agents: number;
  readonly image: string;
  readonly dockerNetwork: string;
}

export interface SimulatedClusterSettings extends ClusterFacts {
  readonly source: "simulated";
  readonly nodes: number;
}

/** Where the kubeconfig of a cluster that isn't ours comes from. */
export type KubeconfigSource =
  | { readonly from: "context"; readonly context: string; readonly path: string | undefined }
  | { readonly from: "secret"; readonly kubeconfig: string }
  | { readonly from: "stack"; readonly stack: string; readonly output: string };

export interface ExistingClusterSettings extends ClusterFacts {
  readonly source: "existing";
  readonly kubeconfig: KubeconfigSource;
  /** Whether what is there of Linkerd is taken over. */
  readonly adopt: boolean;
  readonly kubernetesVersion: string | undefined;
}

export type ClusterSettings = K3dClusterSettings | SimulatedClusterSettings | ExistingClusterSettings;

/** One direction: the source holds the Link and the mirrors, the target exports. */
export interface LinkSettings {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly carries: readonly Mode[];
  /** Identities that the target's gateway admits, `*` for a first part that may be anything; or anyone. */
  readonly clients: Clients;
}

/** How the tokens of links are renewed. */
export interface CredentialsSettings {
  /** By link what tells its token from the one before. */
  readonly renewals: Readonly<Record<string, string>>;
  /** Hours after which a token is made anew; undefined for never. */
  readonly lifetime: number | undefined;
  /** Names of links whose source has lost its access to the target. */
  readonly revoked: readonly string[];
}

/** What the mirror controllers do with every link. */
export type MirroringSettings = Pick<
  ParsedSettings["links"],
  "headless" | "createNamespaces" | "excludedLabels" | "excludedAnnotations"
>;

/** Mesh identities, or `any`: open to everybody. */
export type Clients = "any" | readonly string[];

/** Workloads of one other cluster that may call a service's pods directly. */
export interface ServiceClients {
  readonly cluster: string;
  readonly identities: readonly string[];
}

export type ServicePort = NonNullable<ParsedSettings["services"][number]["ports"]>[number];
export type CircuitBreaking = NonNullable<ParsedSettings["services"][number]["circuitBreaking"]>;

/** A Service with pods behind it. */
export interface ServiceSpec {
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number }[];
}

/** A service that is offered to the clusters that link to its own. */
export interface ServiceSettings {
  /** Where the stack file asks for it. */
  readonly path: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly modes: readonly Mode[];
  readonly headless: boolean;
  /** Who may call its pods from other clusters, by cluster; or anyone. Nobody where it is only exported by gateway. */
  readonly clients: "any" | readonly ServiceClients[];
  /** Empty where they aren't said. */
  readonly ports: readonly ServicePort[];
  readonly circuitBreaking: CircuitBreaking | undefined;
  /** Labels of the pods behind it; undefined where the Service is to be asked. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** The Service itself where this stack makes it; undefined for one that others own. */
  readonly spec: ServiceSpec | undefined;
}

/** Where calls to a service go from one cluster. */
export type RouteSettings = Omit<ParsedSettings["routes"][number], "name" | "backends"> & {
  /** Where the stack file asks for it. */
  readonly path: string;
  readonly name: string;
  readonly backends: readonly RouteBackend[];
};

export interface RouteBackend {
  /** `local`, `federated` or a cluster. */
  readonly from: string;
  /** The Service's name on its own cluster. */
  readonly origin: string;
  /** The Service on the route's own cluster: itself, a mirror, or a federated one. */
  readonly service: string;
  readonly port: number;
  readonly weight: number;
}

/** Linkerd's example application, split over two clusters. */
export type EmojivotoSettings = Pick<
  ParsedSettings["emojivoto"],
  "mode" | "namespace" | "registry" | "version"
> & {
  readonly web: string;
  readonly backends: string;
};

export type LinkerdSettings = ParsedSettings["linkerd"];

export interface TrustSettings {
  /** Hours that a certificate of each kind is valid. */
  readonly anchorLifetime: number;
  readonly issuerLifetime: number;
  readonly webhookLifetime: number;
  /** An anchor given from outside; without its key, every cluster brings its issuer. */
  readonly givenAnchor: { readonly certificate: string; readonly privateKey: string | undefined } | undefined;
  /** Anchors made here, by name, in the order in which they are trusted; none beside a given one. */
  readonly generations: readonly string[];
  /** The generation that signs the issuers; undefined where the anchor is given. */
  readonly signer: string | undefined;
  /** Whether the engine refuses to delete the anchor that signs. */
  readonly protect: boolean;
  /** By cluster what tells its issuer from the one before. */
  readonly issuerRenewals: Readonly<Record<string, string>>;
  /** Hours before its end at which an issuer, or a webhook's certificate, is made anew. */
  readonly issuerRenewBefore: number;
  readonly webhookRenewBefore: number;
  /** By cluster what tells its webhooks' certificates from the ones before. */
  readonly webhookRenewals: Readonly<Record<string, string>>;
  /** By cluster the CAs of its webhooks; the last one signs. */
  readonly webhookAuthorities: Readonly<Record<string, readonly string[]>>;
  /** Namespaces whose meshed workloads are restarted with the anchors. */
  readonly restart: readonly string[];
  /** Hours before a certificate's end from which on it is warned of. */
  readonly warning: number;
}

/** How manifests are rendered. */
export type ManifestSettings = NonNullable<ParsedSettings["manifests"]>;

/** The whole stack as plain, checked values: what exists is decided here and nowhere else. */
export interface Settings {
  readonly environment: string;
  readonly linkerd: LinkerdSettings;
  readonly trust: TrustSettings;
  /** Sorted by name. */
  readonly clusters: readonly ClusterSettings[];
  /** Clusters that may be taken down. */
  readonly retired: readonly string[];
  /** Sorted by name, one entry for each direction. */
  readonly links: readonly LinkSettings[];
  readonly credentials: CredentialsSettings;
  readonly mirroring: MirroringSettings;
  readonly services: readonly ServiceSettings[];
  readonly routes: readonly RouteSettings[];
  readonly emojivoto: EmojivotoSettings | undefined;
  readonly manifests: ManifestSettings | undefined;
  /** Whether the environment is several stacks. */
  readonly split: boolean;
}

/** `edge-26.8.3` for chart version `2026.8.3`, as upstream's bin/compute-edge-version makes it. */
export function linkerdVersion(chartVersion: string): string {
  const [year = "", month = "", patch = ""] = chartVersion.split(".");
  return year.length === 4 ? `edge-${year.slice(2)}.${month}.${patch}` : `stable-${chartVersion}`;
}

/** Whether the link needs the pods of both clusters to reach each other. */
export function needsFlatNetwork(link: Pick<LinkSettings, "carries">): boolean {
  return link.carries.some((mode) => mode !== "gateway");
}
