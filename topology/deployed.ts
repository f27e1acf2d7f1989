import { z } from "zod";

import { orderedBy } from "./order.ts";
import type { Certificate, Topology } from "./topology.ts";

const outputsSchema = z.object({
  mesh: z.object({ clusters: z.record(z.string(), z.object({ gateway: z.array(z.string()).default([]) })) }),
  expires: z
    .object({
      anchors: z.record(z.string(), z.string().nullish()).default({}),
      issuers: z.record(z.string(), z.string().nullish()).default({}),
    })
    .default({ anchors: {}, issuers: {} }),
});

/** What a deployed stack's outputs say beyond its file. */
export type Outputs = z.output<typeof outputsSchema>;

/** @throws Error where they aren't those of this program. */
export function parseOutputs(json: string): Outputs {
  const parsed = outputsSchema.safeParse(JSON.parse(json));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data;
}

/** The date takes the place of the lifetime. */
function expiring(certificate: Certificate, expires: string | null | undefined): Certificate {
  if (expires === undefined || expires === null || certificate.origin === "given") return certificate;
  const { lifetime: _lifetime, ...rest } = certificate;
  return { ...rest, expires };
}

/** The topology with the addresses and dates that came to be. */
export function withOutputs(topology: Topology, { mesh, expires }: Outputs): Topology {
  return {
    ...topology,
    anchors: topology.anchors.map((anchor) => {
      const [only] = Object.keys(expires.anchors);
      return expiring(anchor, expires.anchors[anchor.generation ?? only ?? ""]);
    }),
    clusters: topology.clusters.map((cluster) => {
      const found = mesh.clusters[cluster.name]?.gateway ?? [];
      const addresses = found.length === 0 ? cluster.gateway.addresses : orderedBy(found, String);
      return {
        ...cluster,
        gateway: { ...cluster.gateway, addresses },
        issuer: expiring(cluster.issuer, expires.issuers[cluster.name]),
      };
    }),
  };
}
