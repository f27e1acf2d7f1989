import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { emojivotoPath } from "../../settings/emojivoto.ts";
import { linksFor } from "../../settings/mirror.ts";
import { otherPodNetworks } from "../../settings/networks.ts";
import type { Planned } from "../../settings/planned.ts";
import type { EmojivotoSettings, LinkSettings, Settings } from "../../settings/settings.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { createClusters, createPodRoutes } from "../cluster/create-clusters.ts";
import { Emojivoto, emojivotoParts } from "../emojivoto/emojivoto.ts";
import { GatewayAuthorization } from "../link/gateway-authorization.ts";
import { Link } from "../link/link.ts";
import { RemoteAccess } from "../link/remote-access.ts";
import { Linkerd } from "../linkerd/linkerd.ts";
import { ExportedService } from "../service/exported-service.ts";
import { ServiceAuthorization } from "../service/service-authorization.ts";
import { TrafficRoute } from "../service/traffic-route.ts";
import { createAnchors, type Anchors } from "../trust/anchors.ts";

/** What a mesh is made of, for who tells of it. */
export interface MeshResources {
  readonly anchors: Anchors;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** By cluster. */
  readonly installs: ReadonlyMap<string, Linkerd>;
  readonly links: readonly (Pick<LinkSettings, "name" | "source" | "target" | "carries"> & {
    readonly access: RemoteAccess;
    readonly link: Link;
  })[];
}

export interface MeshOptions {
  /** Which anchor signs each cluster's issuer, and what is made anew. */
  readonly planned: Planned;
}

/** Everything of one environment, in the order of the graph: clusters, trust, installs, links, what crosses. */
export function createMesh(settings: Settings, { planned }: MeshOptions): MeshResources {
  const tlsProvider = new tls.Provider("tls");
  const commandProvider = new command.Provider("command");

  const anchors = createAnchors(settings, { provider: tlsProvider });

  const clusters = createClusters(settings, { provider: commandProvider });
  const podRoutes = createPodRoutes(clusters, settings, { provider: commandProvider });

  function clusterNamed(name: string) {
    const cluster = clusters.get(name);
    if (cluster === undefined) throw new pulumi.RunError(`There is no cluster ${name}.`);
    return cluster;
  }

  /** Options for what lives on one cluster: it is made through that cluster's provider, and gone when the cluster is. */
  function on(name: string) {
    const { provider, deletedWith } = clusterNamed(name);
    return {
      providers: [provider, tlsProvider, commandProvider],
      ...(deletedWith === undefined ? {} : { deletedWith }),
    };
  }

  const installs = new Map(
    settings.clusters.map((cluster) => {
      const links = settings.links.filter(({ source }) => source === cluster.name);
      const linked = settings.links.flatMap(({ source, target }) =>
        source === cluster.name ? [target] : target === cluster.name ? [source] : [],
      );
      const install = new Linkerd(
        `${cluster.name}-linkerd`,
        {
          linkerd: settings.linkerd,
          cluster,
          access: clusterNamed(cluster.name).access,
          trustBundle: anchors.bundle,
          signerId: planned.signers[cluster.name] ?? "",
          signer: anchors.signer,
          trust: settings.trust,
          renewals: {
            issuer: planned.issuers[cluster.name]?.id,
            webhooks: planned.webhooks[cluster.name]?.id,
          },
          links,
          mirroring: settings.mirroring,
          peers: settings.clusters.filter(({ name }) => linked.includes(name)),
        },
        on(cluster.name),
      );
      return [cluster.name, install];
    }),
  );

  function installOn(name: string) {
    const install = installs.get(name);
    if (install === undefined) throw new pulumi.RunError(`Linkerd isn't installed on ${name}.`);
    return install;
  }

  /** Whether a cluster has lost its access to another one. */
  function isRevoked(source: string, target: string): boolean {
    const link = settings.links.find((one) => one.source === source && one.target === target);
    return link !== undefined && settings.credentials.revoked.includes(link.name);
  }

  const links = settings.links.map(({ name, source, target, carries, clients }) => {
    const { multicluster } = installOn(target);
    const access = new RemoteAccess(
      `${name}-access`,
      {
        source,
        namespace: multicluster.namespace,
        renewal: planned.credentials[name]?.id,
        revoked: isRevoked(source, target),
      },
      on(target),
    );
    const link = new Link(
      name,
      {
        source: {
          controlPlaneNamespace: clusterNamed(source).settings.controlPlaneNamespace,
          namespace: installOn(source).multicluster.namespace,
          access: clusterNamed(source).access,
        },
        target: {
          ...clusterNamed(target).settings,
          apiServer: clusterNamed(target).apiServer,
          gatewayAddresses: multicluster.gatewayAddresses,
        },
        carries,
        mirroring: settings.mirroring,
        access,
        chartVersion: settings.linkerd.version,
      },
      {
        ...on(source),
        dependsOn: [
          installOn(source).multicluster.chart,
          multicluster.chart,
          ...[source, target].flatMap((end) => podRoutes.get(end) ?? []),
        ],
      },
    );
    if (carries.includes("gateway") && !isRevoked(source, target)) {
      const networks = clients === "any" ? [] : clusterNamed(source).settings.egressNetworks;
      new GatewayAuthorization(
        `${name}-gateway`,
        { source, namespace: multicluster.namespace, clients, networks },
        { ...on(target), dependsOn: [multicluster.chart] },
      );
    }
    return { name, source, target, carries, access, link };
  });

  function createEmojivoto(emojivoto: EmojivotoSettings) {
    return emojivotoParts(emojivoto).map(([cluster, parts]) => {
      const options = { ...on(cluster), dependsOn: [installOn(cluster).multicluster.chart] };
      return { cluster, app: new Emojivoto(`${cluster}/emojivoto`, { emojivoto, parts }, options) };
    });
  }

  const emojivotoApps = settings.emojivoto === undefined ? [] : createEmojivoto(settings.emojivoto);

  /** The namespace, where this stack makes it. */
  function namespaceOn({ cluster, namespace }: { cluster: string; namespace: string }): pulumi.Resource[] {
    if (namespace !== settings.emojivoto?.namespace) return [];
    return emojivotoApps.filter((one) => one.cluster === cluster).map(({ app }) => app.namespace);
  }

  const federated = new Map<string, pulumi.Resource[]>();
  const exportedServices = settings.services.map((service) => {
    const { cluster, namespace, name, modes, clients } = service;
    const carriers = modes.flatMap((mode) => linksFor(service, mode, settings.links));
    const carrying = links.filter(({ source, target }) =>
      carriers.some((carrier) => carrier.source === source && carrier.target === target),
    );
    // Members that join at the same moment race for the federated Service, and the loser stays out of it.
    const member = `${namespace}/${name}`;
    const before = modes.includes("federated") ? (federated.get(member) ?? []) : [];
    const exported = new ExportedService(`${cluster}/${namespace}/${name}`, service, {
      ...on(cluster),
      dependsOn: [...carrying.map(({ link }) => link.resource), ...namespaceOn(service), ...before],
    });
    if (modes.includes("federated")) federated.set(member, [exported.resource]);
    if (clients !== "any" && modes.some((mode) => mode !== "gateway")) {
      new ServiceAuthorization(
        `${cluster}/${namespace}/${name}-authorization`,
        {
          ...service,
          selector: service.selector ?? exported.selector,
          clients: clients
            .filter((one) => !isRevoked(one.cluster, cluster))
            .map((one) => ({ ...one, podNetworks: clusterNamed(one.cluster).settings.podNetworks })),
          otherPodNetworks: otherPodNetworks(clusterNamed(cluster).settings, settings.clusters),
        },
        { ...on(cluster), dependsOn: [installOn(cluster).multicluster.chart, ...namespaceOn(service)] },
      );
    }
    return { ...service, exported };
  });

  for (const { cluster, app } of emojivotoApps) {
    // Only the other cluster's: a Service of the same one is there when the pods behind it are.
    const called = exportedServices.filter((one) => one.path === emojivotoPath && one.cluster !== cluster);
    app.deploy(called.map(({ exported }) => exported.resource));
  }

  for (const route of settings.routes) {
    const { cluster, namespace, name, backends } = route;
    const origins = exportedServices.filter(
      (service) => service.namespace === namespace && backends.some(({ origin }) => origin === service.name),
    );
    new TrafficRoute(`${cluster}/${namespace}/${name}-route`, route, {
      ...on(cluster),
      dependsOn: [
        installOn(cluster).multicluster.chart,
        ...namespaceOn(route),
        ...origins.map(({ exported }) => exported.resource),
      ],
    });
  }

  return { anchors, clusters, installs, links };
}
