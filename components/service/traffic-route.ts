import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { RouteSettings } from "../../settings/settings.ts";
import type { OrderedOptions } from "../options.ts";
import { annotated } from "./annotations.ts";
import { circuitBreakingAnnotations } from "./circuit-breaking.ts";

const apiVersions = {
  "gateway.networking.k8s.io": "gateway.networking.k8s.io/v1",
  "policy.linkerd.io": "policy.linkerd.io/v1beta3",
} as const;

function withPrefix(prefix: string, values: Readonly<Record<string, string | number | undefined>>) {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[`${prefix}.linkerd.io/${key}`, value.toString()]],
    ),
  ) as Record<string, string>;
}

function routeSpec({ service, port, matches, backends }: RouteSettings) {
  return {
    parentRefs: [{ group: "core", kind: "Service", name: service, port }],
    rules: [
      {
        ...(matches.length === 0 ? {} : { matches }),
        backendRefs: backends.map(({ service: name, port: backendPort, weight }) => ({
          name,
          port: backendPort,
          weight,
        })),
      },
    ],
  };
}

/** Where calls to a Service go: local, mirrored and federated backends by weight. On the callers' cluster. */
export class TrafficRoute extends pulumi.ComponentResource {
  constructor(name: string, args: RouteSettings, opts: OrderedOptions) {
    const { namespace, service, kind } = args;
    super("mesh:service:TrafficRoute", name, { namespace, service }, opts);

    const { dependsOn } = opts;
    const parent = this.parentService(name, args, dependsOn);
    new k8s.apiextensions.CustomResource(
      `${name}-route`,
      {
        apiVersion: apiVersions[args.api],
        kind,
        metadata: {
          name: args.name,
          namespace,
          ...annotated({ ...withPrefix("timeout", args.timeouts), ...withPrefix("retry", args.retries) }),
        },
        spec: routeSpec(args),
      },
      { parent: this, dependsOn: [...dependsOn, ...parent] },
    );
    this.registerOutputs({});
  }

  /** The Service that callers name, where there is something of ours in it. */
  private parentService(
    name: string,
    { namespace, service, port, placeholder, circuitBreaking }: RouteSettings,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource[] {
    const metadata = {
      name: service,
      namespace,
      ...annotated(circuitBreakingAnnotations(circuitBreaking)),
    };
    const options = { parent: this, dependsOn };
    // Without a selector it has no endpoints: it is a name for the route, and calls that no route takes fail.
    if (placeholder)
      return [
        new k8s.core.v1.Service(`${name}-placeholder`, { metadata, spec: { ports: [{ port }] } }, options),
      ];
    if (circuitBreaking === undefined) return [];
    return [new k8s.core.v1.ServicePatch(`${name}-circuit-breaking`, { metadata }, options)];
  }
}
