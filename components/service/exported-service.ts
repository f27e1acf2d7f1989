import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { exportLabels } from "../../settings/mirror.ts";
import type { ServiceSettings } from "../../settings/settings.ts";
import type { OrderedOptions } from "../options.ts";
import { annotated } from "./annotations.ts";
import { circuitBreakingAnnotations } from "./circuit-breaking.ts";

export type ExportedServiceArgs = Pick<
  ServiceSettings,
  "namespace" | "name" | "modes" | "circuitBreaking" | "spec"
>;

/**
 * Offers a Service to the clusters that link to its own. Of a Service that others own only the labels, and the
 * annotations for circuit breaking, are ours: they go when the export goes, and the rest is never touched.
 */
export class ExportedService extends pulumi.ComponentResource {
  /** The Service, or what was put on it; for what must come after it. */
  readonly resource: pulumi.Resource;
  /** Labels of the pods behind it; undefined for a Service without pods of its own. */
  readonly selector: pulumi.Output<Readonly<Record<string, string>> | undefined>;

  constructor(name: string, args: ExportedServiceArgs, opts: OrderedOptions) {
    const { namespace, modes, spec } = args;
    super("mesh:service:ExportedService", name, { namespace, name: args.name, modes }, opts);

    const metadata = {
      name: args.name,
      namespace,
      labels: exportLabels(modes),
      ...annotated(circuitBreakingAnnotations(args.circuitBreaking)),
    };
    // Un-exporting comes before unlinking, so that the mirror controllers still see it.
    const options = { parent: this, dependsOn: opts.dependsOn };
    const service =
      spec === undefined
        ? new k8s.core.v1.ServicePatch(`${name}-labels`, { metadata }, options)
        : new k8s.core.v1.Service(
            `${name}-service`,
            { metadata, spec: { selector: spec.selector, ports: [...spec.ports] } },
            options,
          );
    this.resource = service;
    // A patch knows the whole Service that it was put on.
    this.selector = pulumi
      .output(service.spec)
      .apply((found: { selector?: Record<string, string> } | undefined) => found?.selector);
    this.registerOutputs({});
  }
}
