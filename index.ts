import * as pulumi from "@pulumi/pulumi";

import { createMesh } from "./components/mesh/create-mesh.ts";
import { guardClusters } from "./components/mesh/guard-clusters.ts";
import { clusterOutputs, trustOutputs, type PartOutputs } from "./components/mesh/part-outputs.ts";
import { expiresOutput, trustOutput } from "./components/mesh/trust-outputs.ts";
import { warnOfUsedMirrors } from "./components/mesh/used-mirrors.ts";
import { readDeployed } from "./components/trust/read-deployed.ts";
import { guardRotation } from "./components/trust/rotation-guard.ts";
import {
  exclusionVariable,
  forgottenVariable,
  leftOutClusters,
  withoutChangesOf,
} from "./settings/left-out.ts";
import { mirrorsOf } from "./settings/mirror.ts";
import { scopeOf } from "./settings/part.ts";
import { readPlace, readSettings } from "./settings/read.ts";

// Type stripping keeps every position, and translating each resource's stack trace would cost a second of every preview.
Reflect.deleteProperty(Error, "prepareStackTrace");

const settings = readSettings();
const place = readPlace(settings);
const scope = scopeOf(place.part, settings);
const deployed = await readDeployed();
const leftOut = leftOutClusters(settings.clusters, process.env[exclusionVariable]);
guardClusters(settings, deployed, { forgotten: process.env[forgottenVariable]?.split(",") ?? [], leftOut });
await warnOfUsedMirrors(settings, deployed, leftOut);
const planned = await guardRotation(settings, place, leftOut);
const resources = createMesh(settings, { planned, leftOut, ...place });
const { clusters, installs, links } = resources;
const remembered = { deployed, leftOut };

/** By cluster what this update knows; of a cluster that is left out, what the last update knew. */
function remembering<T>(current: Iterable<[string, T]>, last: Readonly<Record<string, unknown>>) {
  return withoutChangesOf<unknown>(leftOut, Object.fromEntries(current), last);
}

/** What the stacks of other parts read of this one; nothing where the environment is one stack. */
function partOutputs(): PartOutputs | undefined {
  switch (place.part.kind) {
    case "trust":
      return trustOutputs(resources);
    case "cluster":
      return clusterOutputs(resources);
    case "links":
    case "whole":
      return undefined;
  }
}

/** What a person or another stack wants to know of the mesh. */
export const mesh = {
  environment: settings.environment,
  /** For the other parts of a split environment. */
  parts: partOutputs(),
  clusters: remembering(
    [...clusters].map(
      ([
        name,
        {
          settings: { source, version, trustDomain },
          apiServer,
        },
      ]) => [
        name,
        {
          source,
          version,
          trustDomain,
          apiServer,
          gateway: installs.get(name)?.multicluster.gatewayAddresses,
        },
      ],
    ),
    deployed.clusters,
  ),
  links: settings.links.flatMap(({ source, target, carries }) => {
    const isSame = (other: { source: string; target: string }) =>
      other.source === source && other.target === target;
    const here = links.find(isSame);
    if (here !== undefined) return [{ source, target, carries, gateway: here.link.gatewayAddress }];
    const isLeftOut = [source, target].some((end) => leftOut.includes(end));
    return isLeftOut ? deployed.links.filter(isSame) : [];
  }),
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
export const trust = trustOutput(settings, planned, resources, remembered) ?? {};

/** When each certificate of the mesh ends, and each token that is renewed by age, RFC 3339. */
export const expires = expiresOutput(settings, resources, remembered) ?? {};

/** Secret; `pulumi stack output kubeconfigs --show-secrets`. */
export const kubeconfigs = pulumi.secret(
  remembering(
    [...clusters].map(([name, { kubeconfig }]) => [name, kubeconfig]),
    deployed.kubeconfigs,
  ),
);
