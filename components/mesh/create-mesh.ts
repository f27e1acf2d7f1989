import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { emojivotoPath } from "../../settings/emojivoto.ts";
import { linksFor } from "../../settings/mirror.ts";
import { multiclusterNamespace } from "../../settings/multicluster.ts";
import { otherPodNetworks } from "../../settings/networks.ts";
import { scopeOf, type Part, type Scope } from "../../settings/part.ts";
import type { Planned } from "../../settings/planned.ts";
import type {
  ClusterSettings,
  EmojivotoSettings,
  LinkSettings,
  RouteSettings,
  ServiceSettings,
  Settings,
} from "../../settings/settings.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { createClusters, createPodRoutes } from "../cluster/create-clusters.ts";
import { LeftOut } from "../cluster/left-out.ts";
import { ReferencedCluster } from "../cluster/referenced-cluster.ts";
import { Emojivoto, emojivotoParts } from "../emojivoto/emojivoto.ts";
import { GatewayAuthorization } from "../link/gateway-authorization.ts";
import { Link, type LinkTarget } from "../link/link.ts";
import { RemoteAccess } from "../link/remote-access.ts";
import { Linkerd, linkerdElsewhere } from "../linkerd/linkerd.ts";
import { Multicluster } from "../linkerd/multicluster.ts";
import { Ownership } from "../linkerd/ownership.ts";
import { trustFingerprint } from "../linkerd/trust-annotation.ts";
import { ExportedService } from "../service/exported-service.ts";
import { ServiceAuthorization } from "../service/service-authorization.ts";
import { TrafficRoute } from "../service/traffic-route.ts";
import { createAnchors } from "../trust/anchors.ts";
import { OtherParts, type Access, type TrustedAnchors } from "./other-parts.ts";

/** What this stack makes of a mesh, for who tells of it. */
export interface MeshResources {
  /** Undefined where nothing needs them. */
  readonly anchors: TrustedAnchors | undefined;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** By cluster. */
  readonly installs: ReadonlyMap<string, Linkerd>;
  /** By cluster. */
  readonly extensions: ReadonlyMap<string, Multicluster>;
  /** As pods of other clusters reach them, by cluster. */
  readonly apiServers: ReadonlyMap<string, pulumi.Output<string>>;
  /** Access to the clusters whose extensions are made here. */
  readonly accesses: readonly MadeAccess[];
  readonly links: readonly MadeLink[];
}

type MadeAccess = Pick<LinkSettings, "name" | "source" | "target"> & { readonly access: RemoteAccess };
type MadeLink = Pick<LinkSettings, "source" | "target" | "carries"> & { readonly link: Link };
type MadeService = ServiceSettings & { readonly exported: ExportedService };

export interface MeshOptions {
  /** Which anchor signs each cluster's issuer, and what is made anew. */
  readonly planned: Planned;
  /** What of the environment is made; the whole of it unless other stacks make parts. */
  readonly part?: Part;
  /** Name of the environment's stack, by which its parts know each other. */
  readonly base?: string;
  /** Clusters that can't be reached: nothing of them is made, and what the links with them need stays as it is. */
  readonly leftOut?: readonly string[];
  /** Kubeconfigs that are only known at run time, by cluster; of clusters whose settings only say that there is one. */
  readonly kubeconfigs?: Readonly<Record<string, pulumi.Input<string>>>;
  /** What it is a part of. */
  readonly parent?: pulumi.Resource;
}

function scopeWithout({ trust, clusters, extensions, links }: Scope, leftOut: readonly string[]): Scope {
  const isHere = (name: string) => !leftOut.includes(name);
  return {
    trust,
    clusters: clusters.filter(isHere),
    extensions: extensions.filter(isHere),
    links: links.filter(isHere),
  };
}

/**
 * Everything of one environment, in the order of the graph: clusters, trust, installs, links, what crosses. Or one part of
 * it: what belongs to another part is known from the outputs of that part's stack, and waits for nothing there.
 */
export function createMesh(settings: Settings, options: MeshOptions): MeshResources {
  return new MeshBuilder(settings, options).build();
}

class MeshBuilder {
  private readonly settings: Settings;
  private readonly planned: Planned;
  /** Without what is left out. */
  private readonly scope: Scope;
  private readonly leftOut: readonly string[];
  private readonly kubeconfigs: Readonly<Record<string, pulumi.Input<string>>>;
  /** Options of what is a part of nothing else here. */
  private readonly top: { readonly parent?: pulumi.Resource };
  private readonly others: OtherParts;
  private tlsProvider: tls.Provider | undefined;
  private commandProvider: command.Provider | undefined;
  private readonly clusters = new Map<string, Cluster>();
  private readonly installs = new Map<string, Linkerd>();
  /** Where another part makes them. */
  private readonly elsewhere = new Map<string, pulumi.ComponentResource>();
  private readonly extensions = new Map<string, Multicluster>();

  constructor(
    settings: Settings,
    { planned, part = { kind: "whole" }, base = "", leftOut = [], kubeconfigs = {}, parent }: MeshOptions,
  ) {
    this.top = parent === undefined ? {} : { parent };
    this.kubeconfigs = kubeconfigs;
    this.settings = settings;
    this.planned = planned;
    this.leftOut = leftOut;
    this.scope = scopeWithout(scopeOf(part, settings), leftOut);
    this.others = new OtherParts(base, this.top);
  }

  /** Made where a part needs it: each provider is a process of its own. */
  private get tls(): tls.Provider {
    return (this.tlsProvider ??= new tls.Provider("tls", {}, this.top));
  }

  private get command(): command.Provider {
    return (this.commandProvider ??= new command.Provider("command", {}, this.top));
  }

  build(): MeshResources {
    const { settings, scope } = this;
    const anchors = this.anchors();
    const made = this.clustersNamed(scope.clusters);
    for (const [name, cluster] of made) this.clusters.set(name, cluster);
    for (const cluster of this.leftOut) {
      new LeftOut(`${cluster}-left-out`, { cluster }, { ...this.top, provider: this.command });
    }
    const podRoutes = this.podRoutes(made);
    for (const name of [...scope.extensions, ...scope.links]) {
      if (!this.clusters.has(name)) this.clusters.set(name, this.referTo(name));
    }
    for (const name of scope.clusters) {
      if (anchors !== undefined) this.installs.set(name, this.install(this.settingsOf(name), anchors));
    }
    for (const name of scope.extensions) {
      if (anchors !== undefined) this.extensions.set(name, this.extend(this.settingsOf(name), anchors));
    }
    const linksHere = settings.links.filter(
      ({ source, target }) => !this.leftOut.includes(source) && !this.leftOut.includes(target),
    );
    const accesses = linksHere
      .filter(({ target }) => scope.extensions.includes(target))
      .map((link) => this.admit(link));
    const links = linksHere
      .filter(({ source }) => scope.links.includes(source))
      .map((link) => {
        const access = accesses.find(
          ({ source, target }) => source === link.source && target === link.target,
        );
        const routes = [link.source, link.target].flatMap((end) => podRoutes.get(end) ?? []);
        return this.link(link, access?.access ?? this.others.access(link.source, link.target), routes);
      });
    const apps = settings.emojivoto === undefined ? [] : this.emojivoto(settings.emojivoto);
    const services = this.exportServices(links, apps);
    for (const { cluster, app } of apps) {
      // Only the other cluster's: a Service of the same one is there when the pods behind it are.
      const called = services.filter((one) => one.path === emojivotoPath && one.cluster !== cluster);
      app.deploy(called.map(({ exported }) => exported.resource));
    }
    for (const route of settings.routes) {
      if (scope.links.includes(route.cluster)) this.route(route, services, apps);
    }
    for (const name of new Set([...scope.clusters, ...scope.extensions, ...scope.links])) {
      this.takeOwnership(name, accesses, links, services);
    }
    return {
      anchors,
      clusters: made,
      installs: this.installs,
      extensions: this.extensions,
      apiServers: new Map([...this.clusters].map(([name, { apiServer }]) => [name, apiServer])),
      accesses,
      links,
    };
  }

  private clustersNamed(names: readonly string[]): Map<string, Cluster> {
    if (names.length === 0) return new Map();
    const opts = { ...this.top, provider: this.command };
    return createClusters(this.settings, names, opts, this.kubeconfigs);
  }

  private podRoutes(made: ReadonlyMap<string, Cluster>): ReadonlyMap<string, pulumi.Resource> {
    const { clusters } = this.settings;
    // Routes to the nodes of a cluster that is away would be taken out.
    const isAway = clusters.some(({ name, source }) => source === "k3d" && this.leftOut.includes(name));
    return isAway || made.size === 0
      ? new Map()
      : createPodRoutes(made, this.settings, { ...this.top, provider: this.command });
  }

  private anchors(): TrustedAnchors | undefined {
    const { trust, clusters, extensions } = this.scope;
    if (trust) return createAnchors(this.settings, { ...this.top, provider: this.tls });
    return clusters.length + extensions.length > 0 ? this.others.anchors(this.settings) : undefined;
  }

  private clusterNamed(name: string): Cluster {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) throw new pulumi.RunError(`There is no cluster ${name}.`);
    return cluster;
  }

  private settingsOf(name: string): ClusterSettings {
    const found = this.settings.clusters.find((cluster) => cluster.name === name);
    if (found === undefined) throw new pulumi.RunError(`There is no cluster ${name}.`);
    return found;
  }

  /** Options for what lives on one cluster: it is made through that cluster's provider, and gone when the cluster is. */
  private on(name: string) {
    const { provider, deletedWith } = this.clusterNamed(name);
    return {
      ...this.top,
      // Certificates are made with clusters.
      providers: [provider, this.command, ...(this.scope.clusters.length > 0 ? [this.tls] : [])],
      ...(deletedWith === undefined ? {} : { deletedWith }),
    };
  }

  /** A cluster of another part. One that others made is as near from here as from there. */
  private referTo(name: string): Cluster {
    const settings = this.settingsOf(name);
    const opts = { ...this.top, provider: this.command };
    if (settings.source === "existing") {
      const [cluster] = this.clustersNamed([name]).values();
      if (cluster !== undefined) return cluster;
    }
    return new ReferencedCluster(name, { settings, ...this.others.cluster(name) }, opts);
  }

  private install(cluster: ClusterSettings, { bundle, signer }: TrustedAnchors): Linkerd {
    const { settings } = this;
    const { name } = cluster;
    return new Linkerd(
      `${name}-linkerd`,
      {
        linkerd: { ...settings.linkerd, version: cluster.version },
        cluster,
        access: this.clusterNamed(name).access,
        trustBundle: bundle,
        signerId: this.planned.signers[name] ?? "",
        signer,
        trust: settings.trust,
        renewals: {
          issuer: this.planned.issuers[name]?.id,
          webhooks: this.planned.webhooks[name]?.id,
        },
        peers: this.peersOf(name),
      },
      this.on(name),
    );
  }

  /** The clusters that one is linked with, in either direction. */
  private peersOf(name: string): ClusterSettings[] {
    const { clusters, links } = this.settings;
    const linked = links.flatMap(({ source, target }) =>
      source === name ? [target] : target === name ? [source] : [],
    );
    return clusters.filter((peer) => linked.includes(peer.name));
  }

  private extend(cluster: ClusterSettings, { bundle }: TrustedAnchors): Multicluster {
    const { links, mirroring } = this.settings;
    const { name, version } = cluster;
    const install = this.installs.get(name);
    return new Multicluster(
      `${name}-linkerd-multicluster`,
      {
        linkerd: { ...this.settings.linkerd, version },
        cluster,
        links: links.filter(({ source }) => source === name),
        mirroring,
        trustFingerprint: trustFingerprint(bundle, this.planned.signers[name] ?? ""),
        probePorts: Object.fromEntries(this.peersOf(name).map((peer) => [peer.name, peer.gateway.probePort])),
        dependsOn: install === undefined ? [] : [install.controlPlane],
      },
      { parent: this.linkerdOn(name) },
    );
  }

  /** What all of Linkerd's on a cluster is a part of. */
  private linkerdOn(name: string): pulumi.ComponentResource {
    const known = this.installs.get(name) ?? this.elsewhere.get(name);
    if (known !== undefined) return known;
    const made = linkerdElsewhere(`${name}-linkerd`, this.settingsOf(name), this.on(name));
    this.elsewhere.set(name, made);
    return made;
  }

  /** Of what was on the cluster before, once all of it is taken over. */
  private takeOwnership(
    name: string,
    accesses: readonly MadeAccess[],
    links: readonly MadeLink[],
    services: readonly MadeService[],
  ): void {
    const cluster = this.settingsOf(name);
    if (cluster.source !== "existing" || !cluster.adopt) return;
    const { linkerd } = this.settings;
    const exported = services.filter((service) => service.cluster === name);
    const [install, extension] = [this.installs.get(name), this.extensions.get(name)];
    new Ownership(
      `${name}-linkerd-ownership`,
      { ...cluster, linkerd, services: exported, access: this.clusterNamed(name).access },
      {
        parent: this.linkerdOn(name),
        dependsOn: [
          ...(install?.charts ?? []),
          ...(extension === undefined ? [] : [extension.chart]),
          ...accesses.filter(({ target }) => target === name).map(({ access }) => access),
          ...links.filter(({ source }) => source === name).map(({ link }) => link.resource),
          ...exported.map(({ exported: service }) => service.resource),
        ],
      },
    );
  }

  /** For what needs the extension to run on a cluster. Another part's runs already. */
  private extensionOn(name: string): pulumi.Resource[] {
    const extension = this.extensions.get(name);
    return extension === undefined ? [] : [extension.chart];
  }

  private namespaceOf(name: string): pulumi.Input<string> {
    return this.extensions.get(name)?.namespace ?? multiclusterNamespace;
  }

  /** Whether a cluster has lost its access to another one. */
  private isRevoked(source: string, target: string): boolean {
    const { links, credentials } = this.settings;
    const link = links.find((one) => one.source === source && one.target === target);
    return link !== undefined && credentials.revoked.includes(link.name);
  }

  /** What a link's target has for its source. */
  private admit({ name, source, target, carries, clients }: LinkSettings): MadeAccess {
    const namespace = this.namespaceOf(target);
    const revoked = this.isRevoked(source, target);
    const { id: renewal, before } = this.planned.credentials[name] ?? {};
    const access = new RemoteAccess(
      `${name}-access`,
      { source, namespace, renewal, before, revoked },
      this.on(target),
    );
    if (carries.includes("gateway") && !revoked) {
      const networks = clients === "any" ? [] : this.settingsOf(source).egressNetworks;
      new GatewayAuthorization(
        `${name}-gateway`,
        { source, namespace, clients, networks },
        { ...this.on(target), dependsOn: this.extensionOn(target) },
      );
    }
    return { name, source, target, access };
  }

  private targetOf(name: string): LinkTarget {
    const extension = this.extensions.get(name);
    const apiServer =
      extension === undefined ? this.others.apiServer(name) : this.clusterNamed(name).apiServer;
    const gatewayAddresses = extension?.gatewayAddresses ?? this.others.gatewayAddresses(name);
    return { ...this.settingsOf(name), apiServer, gatewayAddresses };
  }

  private link(
    { name, source, target, carries }: LinkSettings,
    access: Access,
    podRoutes: readonly pulumi.Resource[],
  ): MadeLink {
    const { settings } = this;
    const link = new Link(
      name,
      {
        source: {
          controlPlaneNamespace: this.settingsOf(source).controlPlaneNamespace,
          namespace: this.namespaceOf(source),
          access: this.clusterNamed(source).access,
        },
        target: this.targetOf(target),
        carries,
        mirroring: settings.mirroring,
        access,
        chartVersion: this.settingsOf(source).version,
      },
      {
        ...this.on(source),
        dependsOn: [...this.extensionOn(source), ...this.extensionOn(target), ...podRoutes],
      },
    );
    return { source, target, carries, link };
  }

  private emojivoto(emojivoto: EmojivotoSettings): MadeApp[] {
    return emojivotoParts(emojivoto)
      .filter(([cluster]) => this.scope.clusters.includes(cluster))
      .map(([cluster, parts]) => {
        const options = { ...this.on(cluster), dependsOn: this.extensionOn(cluster) };
        return { cluster, app: new Emojivoto(`${cluster}/emojivoto`, { emojivoto, parts }, options) };
      });
  }

  /** The namespace, where this stack makes it. */
  private namespaceOn({ cluster, namespace }: OnCluster, apps: readonly MadeApp[]): pulumi.Resource[] {
    if (namespace !== this.settings.emojivoto?.namespace) return [];
    return apps.filter((one) => one.cluster === cluster).map(({ app }) => app.namespace);
  }

  private exportServices(links: readonly MadeLink[], apps: readonly MadeApp[]): MadeService[] {
    const members = new Map<string, pulumi.Resource[]>();
    return this.settings.services
      .filter(({ cluster }) => this.scope.clusters.includes(cluster))
      .map((service) => {
        const { namespace, name, modes } = service;
        // Members that join at the same moment race for the federated Service, and the loser stays out of it.
        const member = `${namespace}/${name}`;
        const before = modes.includes("federated") ? (members.get(member) ?? []) : [];
        const exported = this.exportService(service, links, [...this.namespaceOn(service, apps), ...before]);
        if (modes.includes("federated")) members.set(member, [exported.resource]);
        this.authorize(service, exported, apps);
        return { ...service, exported };
      });
  }

  private exportService(
    service: ServiceSettings,
    links: readonly MadeLink[],
    before: readonly pulumi.Resource[],
  ): ExportedService {
    const { cluster, namespace, name, modes } = service;
    const carriers = modes.flatMap((mode) => linksFor(service, mode, this.settings.links));
    const carrying = links.filter(({ source, target }) =>
      carriers.some((carrier) => carrier.source === source && carrier.target === target),
    );
    return new ExportedService(`${cluster}/${namespace}/${name}`, service, {
      ...this.on(cluster),
      dependsOn: [...carrying.map(({ link }) => link.resource), ...before],
    });
  }

  /** Closes the pods behind a service that is called directly, where it says who may call. */
  private authorize(service: ServiceSettings, exported: ExportedService, apps: readonly MadeApp[]): void {
    const { cluster, namespace, name, modes, clients } = service;
    if (clients === "any" || modes.every((mode) => mode === "gateway")) return;
    new ServiceAuthorization(
      `${cluster}/${namespace}/${name}-authorization`,
      {
        ...service,
        selector: service.selector ?? exported.selector,
        clients: clients
          .filter((one) => !this.isRevoked(one.cluster, cluster))
          .map((one) => ({ ...one, podNetworks: this.settingsOf(one.cluster).podNetworks })),
        otherPodNetworks: otherPodNetworks(this.settingsOf(cluster), this.settings.clusters),
      },
      {
        ...this.on(cluster),
        dependsOn: [...this.extensionOn(cluster), ...this.namespaceOn(service, apps)],
      },
    );
  }

  private route(route: RouteSettings, services: readonly MadeService[], apps: readonly MadeApp[]): void {
    const { cluster, namespace, name, backends } = route;
    const origins = services.filter(
      (service) => service.namespace === namespace && backends.some(({ origin }) => origin === service.name),
    );
    new TrafficRoute(`${cluster}/${namespace}/${name}-route`, route, {
      ...this.on(cluster),
      dependsOn: [
        ...this.extensionOn(cluster),
        ...this.namespaceOn(route, apps),
        ...origins.map(({ exported }) => exported.resource),
      ],
    });
  }
}

interface OnCluster {
  readonly cluster: string;
  readonly namespace: string;
}

interface MadeApp {
  readonly cluster: string;
  readonly app: Emojivoto;
}
