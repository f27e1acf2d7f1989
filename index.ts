import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { createClusters, createPodRoutes } from "./components/cluster/create-clusters.ts";
import { Linkerd } from "./components/linkerd/linkerd.ts";
import { Link } from "./components/link/link.ts";
import { RemoteAccess } from "./components/link/remote-access.ts";
import { ExportedService } from "./components/service/exported-service.ts";
import { TrustAnchor } from "./components/trust/trust-anchor.ts";
import { linksFor, mirrorsOf } from "./settings/mirror.ts";
import { readSettings } from "./settings/read.ts";

// Type stripping keeps every position, and translating each resource's stack trace would cost a second of every preview.
Reflect.deleteProperty(Error, "prepareStackTrace");

const settings = readSettings();
const tlsProvider = new tls.Provider("tls");
const commandProvider = new command.Provider("command");

const anchor = new TrustAnchor(
  "trust-anchor",
  {
    environment: settings.environment,
    lifetime: settings.trust.anchorLifetime,
    ...settings.trust.givenAnchor,
  },
  { provider: tlsProvider },
);

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
        trustBundle: anchor.bundle,
        signer: anchor.signer,
        lifetimes: settings.trust,
        links,
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

const links = settings.links.map(({ name, source, target, carries }) => {
  const { multicluster } = installOn(target);
  const access = new RemoteAccess(
    `${name}-access`,
    { source, namespace: multicluster.namespace },
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
  return { source, target, carries, link };
});

for (const service of settings.services) {
  const carriers = service.modes.flatMap((mode) => linksFor(service, mode, settings.links));
  new ExportedService(`${service.cluster}/${service.namespace}/${service.name}`, service, {
    ...on(service.cluster),
    dependsOn: links
      .filter(({ source, target }) =>
        carriers.some((carrier) => carrier.source === source && carrier.target === target),
      )
      .map(({ link }) => link.resource),
  });
}

/** What a person or another stack wants to know of the mesh. */
export const mesh = {
  environment: settings.environment,
  clusters: Object.fromEntries(
    [...clusters].map(
      ([
        name,
        {
          settings: { source, trustDomain },
          apiServer,
        },
      ]) => [
        name,
        { source, trustDomain, apiServer, gateway: installOn(name).multicluster.gatewayAddresses },
      ],
    ),
  ),
  links: links.map(({ source, target, carries, link }) => ({
    source,
    target,
    carries,
    gateway: link.gatewayAddress,
  })),
  services: settings.services.map((service) => ({
    service: `${service.cluster}/${service.namespace}/${service.name}`,
    mirrors: mirrorsOf(service, settings.links).map(
      ({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`,
    ),
  })),
};

/** When each certificate that this stack made expires, RFC 3339. */
export const expires = {
  anchor: anchor.expires,
  issuers: Object.fromEntries([...installs].map(([name, { issuer }]) => [name, issuer.expires])),
  webhooks: Object.fromEntries([...installs].map(([name, { webhookExpires }]) => [name, webhookExpires])),
};

/** Secret; `pulumi stack output kubeconfigs --show-secrets`. */
export const kubeconfigs = pulumi.secret(
  Object.fromEntries([...clusters].map(([name, { kubeconfig }]) => [name, kubeconfig])),
);
