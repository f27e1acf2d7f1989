import { z } from "zod";

import { existingCluster, k3dCluster, simulatedCluster } from "./schema/clusters.ts";
import { emojivoto } from "./schema/emojivoto.ts";
import { linkerd } from "./schema/linkerd.ts";
import { links } from "./schema/links.ts";
import { manifests } from "./schema/manifests.ts";
import { route } from "./schema/routes.ts";
import { service } from "./schema/services.ts";
import { trust } from "./schema/trust.ts";
import { dnsLabel } from "./schema/values.ts";

/**
 * Shape and defaults of the stack's configuration, a file for each section in `schema/`. Rules that need more than one
 * value are in `rules/`.
 */

/** Rewriting a stack file, the engine puts a plain true in quotes. */
const switched = z.preprocess(
  (value) => (value === "true" ? true : value === "false" ? false : value),
  z.boolean(),
);

export const settingsSchema = z.strictObject({
  environment: dnsLabel.describe(
    "Name of the environment: `dev`, `uat`, `prod`. Environments never share trust.",
  ),
  linkerd,
  trust: trust.prefault({}),
  clusters: z
    .record(
      dnsLabel,
      z.discriminatedUnion("source", [k3dCluster, simulatedCluster, existingCluster], {
        error: "is not a place where a cluster comes from -> use k3d, simulated or existing",
      }),
    )
    .describe("The clusters by name."),
  retired: z
    .array(dnsLabel)
    .default([])
    .describe(
      "Clusters that were in `clusters` and are taken down: the mesh on them, and the cluster itself where this " +
        "stack made it. A deployed cluster that is in neither is refused.",
    ),
  links: links.prefault({}),
  services: z.array(service).default([]).describe("The services that cross the links."),
  routes: z
    .array(route)
    .default([])
    .describe(
      "Where calls to a service go. A ServiceProfile of the same Service silently wins over its routes.",
    ),
  emojivoto: emojivoto.prefault(false),
  manifests: manifests.optional(),
  split: switched
    .default(false)
    .describe(
      "Whether trust, each cluster and each cluster's links are stacks of their own, all with this file: `prod-trust`, " +
        "`prod-cluster-<name>` and `prod-links-<name>` of a stack `prod`.",
    ),
});

/** Settings as a person writes them. */
export type GivenSettings = z.input<typeof settingsSchema>;

export type ParsedSettings = z.output<typeof settingsSchema>;
