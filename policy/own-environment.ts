import type { StackValidationPolicy } from "@pulumi/policy";

import { isKind, known } from "./resource.ts";

interface LinkProps {
  readonly spec?: { readonly targetClusterName?: string };
}

export const ownEnvironment: StackValidationPolicy = {
  name: "own-environment",
  description: "Links stay inside of their environment.",
  validateStack: ({ resources }, report) => {
    // A stack that has links alone is a part of an environment, which finds the other clusters by its own stack's name.
    if (!resources.some(({ type }) => type === "mesh:linkerd:Linkerd")) return;
    const clusters = new Set(
      resources.filter(({ type }) => type === "pulumi:providers:kubernetes").map(({ name }) => name),
    );
    for (const resource of resources) {
      if (!isKind(resource, "multicluster.linkerd.io", "Link")) continue;
      const target = known(() => (resource.props as LinkProps).spec?.targetClusterName);
      if (target === undefined || clusters.has(target)) continue;
      report(
        "It leads to a cluster that this stack doesn't know: link clusters of the same stack file only. Environments " +
          "never share trust.",
        resource.urn,
      );
    }
  },
};
