import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { Mode, ServiceSettings } from "../../settings/settings.ts";
import type { OrderedOptions } from "../options.ts";

/** The labels by which links select what they mirror (the default selectors of `link-gen`). */
export function exportLabels(modes: readonly Mode[]): Record<string, string> {
  return {
    ...(modes.includes("gateway") ? { "mirror.linkerd.io/exported": "true" } : {}),
    ...(modes.includes("pod-to-pod") ? { "mirror.linkerd.io/exported": "remote-discovery" } : {}),
    ...(modes.includes("federated") ? { "mirror.linkerd.io/federated": "member" } : {}),
  };
}

/**
 * Offers a Service that others own to the clusters that link to its own. Only the labels are ours: they go when the
 * export goes, and the rest of the Service is never touched.
 */
export class ExportedService extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: Pick<ServiceSettings, "namespace" | "name" | "modes">,
    opts: OrderedOptions,
  ) {
    super("mesh:service:ExportedService", name, args, opts);

    new k8s.core.v1.ServicePatch(
      `${name}-labels`,
      { metadata: { name: args.name, namespace: args.namespace, labels: exportLabels(args.modes) } },
      // Un-exporting comes before unlinking, so that the mirror controllers still see it.
      { parent: this, dependsOn: opts.dependsOn },
    );
    this.registerOutputs({});
  }
}
