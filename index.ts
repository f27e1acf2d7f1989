import * as pulumi from "@pulumi/pulumi";

import { createMesh } from "./components/mesh/create-mesh.ts";
import { clusterOutputs, trustOutputs, type PartOutputs } from "./components/mesh/part-outputs.ts";
import { expiresOutput, trustOutput } from "./components/mesh/trust-outputs.ts";
import { guardRotation } from "./components/trust/rotation-guard.ts";
import { mirrorsOf } from "./settings/mirror.ts";
import { scopeOf } from "./settings/part.ts";
import { readPlace, readSettings } from "./settings/read.ts";

// Type stripping keeps every position, and translating each resource's stack trace would cost a second of every preview.
Reflect.deleteProperty(Error, "prepareStackTrace");

const settings = readSettings();
const place = readPlace(settings);
const scope = scopeOf(place.part, settings);
const planned = await guardRotation(settings, place);
const resources = createMesh(settings, { planned, ...place });
const { clusters, installs, links } = resources;

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
  services: settings.services
    .filter(({ cluster }) => scope.clusters.includes(cluster))
    .map((service) => ({
      service: `${service.cluster}/${service.namespace}/${service.name}`,
      mirrors: mirrorsOf(service, settings.links).map(
        ({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`,
      ),
    })),
  routes: settings.routes
    .filter(({ cluster }) => scope.links.includes(cluster))
    .map(({ cluster, namespace, service, backends }) => ({
      service: `${cluster}/${namespace}/${service}`,
      backends: backends.map(({ service: name, weight }) => `${name} ${weight.toString()}`),
    })),
};

/** What of trust is deployed: the next update is compared with it. */
export const trust = trustOutput(settings, planned, resources);

/** When each certificate of the mesh ends, and each token that is renewed by age, RFC 3339. */
export const expires = expiresOutput(settings, resources);

/** Secret; `pulumi stack output kubeconfigs --show-secrets`. */
export const kubeconfigs = pulumi.secret(
  Object.fromEntries([...clusters].map(([name, { kubeconfig }]) => [name, kubeconfig])),
);

/** What other parts of a split environment read; nothing where it is one stack. */
export const { trustBundle, trustSigner, identities, accesses } = partOutputs();

function partOutputs(): PartOutputs {
  switch (place.part.kind) {
    case "trust":
      return trustOutputs(resources);
    case "cluster":
      return clusterOutputs(resources);
    case "links":
    case "whole":
      return {};
  }
}
