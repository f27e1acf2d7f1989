import { z } from "zod";

import { circuitBreaking } from "./services.ts";
import { dnsLabel, duration, port } from "./values.ts";

const weight = z
  .int("is not a weight -> use a whole number from 0 to 1000000")
  .min(0, "is not a weight -> use a whole number from 0 to 1000000")
  .max(1_000_000, "is not a weight -> use a whole number from 0 to 1000000");

const backend = z.strictObject({
  from: dnsLabel.describe(
    "Whose service: `local`, `federated`, or the name of the cluster that exports it here.",
  ),
  service: dnsLabel.optional().describe("Its name on its own cluster; the route's by default."),
  port: port.optional().describe("Its port; the route's by default."),
  weight: weight.default(1).describe("Its share of the calls; 0 is none."),
});

const headerMatch = z.strictObject({
  name: z.string().min(1).describe("Its name."),
  type: z.enum(["Exact", "RegularExpression"]).optional().describe("`Exact` by default."),
  value: z.string().describe("Its value."),
});

const pathMatch = z
  .strictObject({
    type: z
      .enum(["Exact", "PathPrefix", "RegularExpression"])
      .optional()
      .describe("`PathPrefix` by default."),
    value: z.string().describe("With its slash in front, unless it is a regular expression."),
  })
  .superRefine(({ type, value }, context) => {
    if (type === "RegularExpression" || value.startsWith("/")) return;
    context.addIssue({
      code: "custom",
      path: ["value"],
      message: `doesn't start with a slash -> write /${value}, or use the type RegularExpression`,
    });
  });

const grpcMethod = z
  .strictObject({
    type: z.enum(["Exact", "RegularExpression"]).optional(),
    service: z.string().min(1).optional(),
    method: z.string().min(1).optional(),
  })
  .refine(
    ({ service, method }) => service !== undefined || method !== undefined,
    "names neither a service nor a method -> give one of them, or leave method out to match all",
  );

const match = z
  .strictObject({
    path: pathMatch.optional().describe("The path, of an HTTPRoute."),
    method: z
      .union(
        [
          z.enum(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]),
          grpcMethod,
        ],
        "is not a method -> write one such as GET, or { service: …, method: … } for a GRPCRoute",
      )
      .optional()
      .describe("Such as `GET`; of a GRPCRoute a block of `service`, `method` or both."),
    headers: z.array(headerMatch).optional().describe("Headers."),
    queryParams: z.array(headerMatch).optional().describe("Parameters behind the path, of an HTTPRoute."),
  })
  .describe("As in the Gateway API: all that is given must match.");

/** Whether a status, or a range of them, is one that some status is in. */
function isUpward(statuses: string): boolean {
  const [first = "", last = first] = statuses.split("-");
  return !/^\d+$/.test(first) || Number(first) <= Number(last);
}

export const route = z.strictObject({
  cluster: dnsLabel.describe("The cluster where the callers are."),
  namespace: dnsLabel.describe("The Service's namespace."),
  service: dnsLabel.describe("The name by which they call."),
  name: dnsLabel
    .optional()
    .describe("The route's name, where a service has several; the service's by default."),
  port: port.describe("The port by which they call."),
  placeholder: z
    .boolean()
    .default(false)
    .describe(
      "Whether to make that Service, without pods of its own, because it doesn't exist on this cluster.",
    ),
  kind: z.enum(["HTTPRoute", "GRPCRoute"]).default("HTTPRoute").describe("What is matched."),
  api: z
    .enum(["gateway.networking.k8s.io", "policy.linkerd.io"])
    .default("gateway.networking.k8s.io")
    .describe("Whose kind it is; `policy.linkerd.io` is Linkerd's older one."),
  matches: z.array(match).default([]).describe("Which calls; all of them by default. One match is enough."),
  backends: z
    .array(backend)
    .min(1, "is empty -> say where the calls go")
    .max(16, "has more than the 16 backends that the Gateway API allows -> remove some")
    .describe("Where they go."),
  timeouts: z
    .strictObject({
      request: duration.optional().describe("For the whole call with its retries."),
      response: duration.optional().describe("For one try."),
      idle: duration.optional().describe("Without anything being sent."),
    })
    .default({})
    .describe("None by default."),
  retries: z
    .strictObject({
      http: z
        .string()
        .regex(/^(5xx|gateway-error|[1-5]\d\d(-[1-5]\d\d)?)(,(5xx|gateway-error|[1-5]\d\d(-[1-5]\d\d)?))*$/, {
          error: "is not a list of statuses -> use 5xx, gateway-error, 503 or 500-504, separated by commas",
          abort: true,
        })
        .refine(
          (statuses) => statuses.split(",").every(isUpward),
          "has a range that runs backwards -> write the lower status first, such as 500-504",
        )
        .optional()
        .describe("Statuses that are tried again."),
      grpc: z
        .string()
        .regex(
          /^(cancelled|deadline-exceeded|internal|resource-exhausted|unavailable)(,(cancelled|deadline-exceeded|internal|resource-exhausted|unavailable))*$/,
          "is not a list of gRPC statuses -> use cancelled, deadline-exceeded, internal, resource-exhausted, unavailable",
        )
        .optional()
        .describe("gRPC statuses that are tried again."),
      limit: z.int().min(1).max(65_535).optional().describe("How often; once by default."),
      timeout: duration.optional().describe("How long a try may take before it is tried again."),
    })
    .default({})
    .describe("None by default. Each try may go to another backend."),
  circuitBreaking: circuitBreaking.optional(),
});
