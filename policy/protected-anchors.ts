import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";

import { isPartOf } from "./resource.ts";

/** The keys and certificates of anchors that signed the issuer of a cluster. */
function signers(resources: readonly PolicyResource[]): PolicyResource[] {
  const issuers = resources.filter((resource) => isPartOf(resource, "mesh:trust:ClusterIssuer"));
  const behind = issuers.flatMap(({ propertyDependencies }) => Object.values(propertyDependencies).flat());
  return behind.filter((resource) => isPartOf(resource, "mesh:trust:TrustAnchor"));
}

/** Clusters that are made here go with the stack, and their trust with them: nothing to protect there. */
export const protectedAnchors: StackValidationPolicy = {
  name: "protected-anchors",
  description: "The trust anchor of clusters that others made is protected from deletion.",
  validateStack: ({ resources }, report) => {
    if (!resources.some(({ type }) => type === "mesh:cluster:ExistingCluster")) return;
    const unprotected = signers(resources).filter(({ opts }) => !opts.protect);
    for (const urn of new Set(unprotected.map((signer) => signer.parent?.urn ?? signer.urn))) {
      report(
        "Take protect: false out of mesh:trust. To take the whole mesh away, set this policy to advisory first.",
        urn,
      );
    }
  },
};
