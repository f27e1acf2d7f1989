import * as pulumi from "@pulumi/pulumi";

import {
  exclusionVariable,
  forgottenVariable,
  leftOutClusters,
  withoutChangesOf,
} from "../../settings/left-out.ts";
import { mirrorsOf } from "../../settings/mirror.ts";
import { scopeOf, type Place } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import { readDeployed } from "../trust/read-deployed.ts";
import { guardRotation } from "../trust/rotation-guard.ts";
import { createMesh, type MeshOptions } from "./create-mesh.ts";
import { fewSlots } from "./engine-slots.ts";
import { guardClusters, guardExtension } from "./guard-clusters.ts";
import { clusterOutputs, multiclusterOutputs, trustOutputs, type PartOutputs } from "./part-outputs.ts";
import { expiresOutput, trustOutput } from "./trust-outputs.ts";
import { warnOfUsedMirrors } from "./used-mirrors.ts";

/**
 * Makes an environment, or a part of it, unless that would break what is deployed.
 *
 * @returns what a person or another stack wants to know of it. That must be outputs of the stack under the same names: the
 * next update is compared with them.
 * @throws pulumi.RunError with every problem, before any resource is made.
 */
export async function deployMesh(
  settings: Settings,
  place: Place,
  options: Pick<MeshOptions, "kubeconfigs" | "parent"> = {},
) {
  const scope = scopeOf(place.part, settings);
  const deployed = await readDeployed();
  const leftOut = leftOutClusters(settings.clusters, process.env[exclusionVariable]);
  guardExtension(place.part, place.base, deployed);
  guardClusters(settings, deployed, { forgotten: process.env[forgottenVariable]?.split(",") ?? [], leftOut });
  const slots = fewSlots(settings, scope.extensions);
  if (slots !== undefined) await pulumi.log.warn(slots);
  await warnOfUsedMirrors(settings, deployed, leftOut, place);
  const planned = await guardRotation(settings, place, leftOut);
  const resources = createMesh(settings, { planned, leftOut, ...place, ...options });
  const { clusters, extensions, apiServers, links } = resources;
  const remembered = { deployed, leftOut };
  // Who signs is said by the part that makes the issuer.
  const signers = Object.fromEntries(
    Object.entries(planned.signers).filter(([name]) => scope.clusters.includes(name)),
  );

  /** By cluster what this update knows; of a cluster that is left out, what the last update knew. */
  function remembering<T>(current: Iterable<[string, T]>, last: Readonly<Record<string, unknown>>) {
    return withoutChangesOf<unknown>(leftOut, Object.fromEntries(current), last);
  }

  /** What the stacks of other parts read of this one; nothing where the environment is one stack. */
  function partOutputs(): PartOutputs | pulumi.Output<unknown> | undefined {
    switch (place.part.kind) {
      case "trust":
        return trustOutputs(resources);
      case "cluster":
      case "multicluster": {
        if (leftOut.includes(place.part.cluster)) return pulumi.secret(deployed.parts);
        return place.part.kind === "cluster" ? clusterOutputs(resources) : multiclusterOutputs(resources);
      }
      case "links":
      case "whole":
        return undefined;
    }
  }

  return {
    mesh: {
      environment: settings.environment,
      /** For the other parts of a split environment. */
      parts: partOutputs(),
      clusters: remembering(
        settings.clusters
          .filter(({ name }) => clusters.has(name) || extensions.has(name))
          .map(({ name, source, version, trustDomain }) => [
            name,
            {
              source,
              version,
              trustDomain,
              apiServer: apiServers.get(name),
              gateway: extensions.get(name)?.gatewayAddresses,
            },
          ]),
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
    },
    /** What of trust is deployed. */
    trust: trustOutput(settings, { ...planned, signers }, resources, remembered) ?? {},
    /** When each certificate of the mesh ends, and each token that is renewed by age, RFC 3339. */
    expires: expiresOutput(settings, resources, remembered) ?? {},
    /** Secret; `pulumi stack output kubeconfigs --show-secrets`. */
    kubeconfigs: pulumi.secret(
      remembering(
        [...clusters].map(([name, { kubeconfig }]) => [name, kubeconfig]),
        deployed.kubeconfigs,
      ),
    ),
  };
}

export type MeshOutputs = Awaited<ReturnType<typeof deployMesh>>;
