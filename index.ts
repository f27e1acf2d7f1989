import * as pulumi from "@pulumi/pulumi";

import { createMesh } from "./components/mesh/create-mesh.ts";
import { guardRotation } from "./components/trust/rotation-guard.ts";
import { mirrorsOf } from "./settings/mirror.ts";
import { readSettings } from "./settings/read.ts";

// Type stripping keeps every position, and translating each resource's stack trace would cost a second of every preview.
Reflect.deleteProperty(Error, "prepareStackTrace");

const settings = readSettings();
const { trusted, signers } = await guardRotation(settings);
const { anchors, clusters, installs, links } = createMesh(settings, { signers });

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
        { source, trustDomain, apiServer, gateway: installs.get(name)?.multicluster.gatewayAddresses },
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
  routes: settings.routes.map(({ cluster, namespace, service, backends }) => ({
    service: `${cluster}/${namespace}/${service}`,
    backends: backends.map(({ service: name, weight }) => `${name} ${weight.toString()}`),
  })),
};

/**
 * Which anchors every cluster trusts and which one signed its issuer: the next update is compared with it. Known once
 * all clusters are done, so that a failed update leaves what the last one wrote.
 */
export const trust = pulumi.all([...installs.values()].map(({ done }) => done)).apply(() => ({
  trusted,
  signers,
  renewals: settings.trust.issuerRenewals,
  anchors: anchors.certificates,
}));

/** When each certificate of the mesh expires, RFC 3339. */
export const expires = {
  anchors: anchors.expires,
  issuers: Object.fromEntries([...installs].map(([name, { issuer }]) => [name, issuer.expires])),
  webhooks: Object.fromEntries([...installs].map(([name, { webhookExpires }]) => [name, webhookExpires])),
};

/** Secret; `pulumi stack output kubeconfigs --show-secrets`. */
export const kubeconfigs = pulumi.secret(
  Object.fromEntries([...clusters].map(([name, { kubeconfig }]) => [name, kubeconfig])),
);
