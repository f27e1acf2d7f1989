import type { StackValidationPolicy } from "@pulumi/policy";

import { isKind, known } from "./resource.ts";

interface LinkProps {
  readonly spec?: { readonly targetClusterName?: string };
}

/** Whether it is the stack of a cluster of the same environment, which is split: `prod-cluster-west` for `prod-links-east`. */
function isPartWith(stack: string, other: string, cluster: string): boolean {
  const suffix = `-cluster-${cluster}`;
  return other.endsWith(suffix) && stack.startsWith(`${other.slice(0, -suffix.length)}-`);
}

export const ownEnvironment: StackValidationPolicy = {
  name: "own-environment",
  description: "Links stay inside of their environment.",
  validateStack: ({ resources }, report) => {
    const clusters = new Set(
      resources.filter(({ type }) => type === "pulumi:providers:kubernetes").map(({ name }) => name),
    );
    const stacks = resources.filter(({ type }) => type === "pulumi:pulumi:StackReference");
    for (const resource of resources) {
      if (!isKind(resource, "multicluster.linkerd.io", "Link")) continue;
      const target = known(() => (resource.props as LinkProps).spec?.targetClusterName);
      if (target === undefined || clusters.has(target)) continue;
      const [, , stack = ""] = resource.urn.split(":");
      if (stacks.some(({ name }) => isPartWith(stack, name, target))) continue;
      report(
        "It leads to a cluster that this stack doesn't know: link clusters of the same stack file only. Environments " +
          "never share trust.",
        resource.urn,
      );
    }
  },
};
