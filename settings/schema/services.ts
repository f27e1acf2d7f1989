import { z } from "zod";

import { dnsLabel, duration, oneOrMore, port } from "./values.ts";

const exportMode = z.enum(
  ["gateway", "pod-to-pod", "federated"],
  "is not a way to export -> use gateway, pod-to-pod or federated",
);

const notAContainerPort = "is not a container's port -> use its number or its name";

const containerPort = z.union(
  [port, z.string().regex(/^(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/, notAContainerPort)],
  notAContainerPort,
);

const exportedPort = z.preprocess(
  (value) => (typeof value === "number" ? { port: value } : value),
  z.strictObject(
    {
      port: port.describe("The Service's port. A bare number is a port that the container has too."),
      targetPort: containerPort
        .optional()
        .describe("The container's, by number or name; the same by default."),
      protocol: z
        .enum(["unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS"])
        .default("unknown")
        .describe("What is spoken there; `unknown` is detected. `opaque` where the server speaks first."),
    },
    "is not a port -> write a number such as 8080, or a block such as { port: 80, targetPort: http }",
  ),
);

const clients = z.union(
  [
    z.literal("any"),
    z.array(z.string()).min(1, "is empty -> name the workloads, or open the pods to everyone with any"),
  ],
  "doesn't say who may call -> write any, or a list of cluster/namespace/serviceaccount",
);

export const circuitBreaking = z
  .strictObject(
    {
      maxFailures: z
        .int()
        .min(1)
        .default(7)
        .describe("Failures in a row after which an endpoint gets no more calls."),
      minPenalty: duration.default("1s").describe("How long it is left alone the first time."),
      maxPenalty: duration.default("1m").describe("How long at most, after failing again and again."),
      jitterRatio: z
        .number()
        .min(0)
        .max(100)
        .default(0.5)
        .describe("How much each wait is varied at random."),
    },
    "is not a block -> write {} for Linkerd's own defaults, or leave it out",
  )
  .describe(
    "Endpoints that fail in a row get no calls for a while (Linkerd's failure accrual). Off by default.",
  );

export const service = z.strictObject({
  cluster: dnsLabel.describe("The cluster whose Service it is."),
  namespace: dnsLabel.describe("Its namespace."),
  name: dnsLabel.describe("The Service, which others own: only labels and annotations are added to it."),
  export: oneOrMore(
    exportMode,
    "is empty -> say how it is exported: gateway, pod-to-pod or federated",
  ).describe(
    "One or a list of `gateway` or `pod-to-pod` (appears as `<name>-<cluster>`) and `federated` (`<name>-federated`).",
  ),
  headless: z
    .boolean()
    .default(false)
    .describe(
      "Whether it is a headless Service. Such a one can only be exported by `gateway`, with `links.headless`.",
    ),
  clients: clients
    .optional()
    .describe(
      "Which workloads of other clusters may call its pods directly: a list of `cluster/namespace/serviceaccount`, " +
        "`cluster/namespace/*`, `cluster/*/*` or whole identities, or `any`. Needed for `pod-to-pod` and `federated`, " +
        "where nobody may call who isn't named. Callers in its own cluster are not affected.",
    ),
  ports: oneOrMore(exportedPort)
    .optional()
    .describe("Its ports, one or a list. Needed where `clients` are named: each is closed to everyone else."),
  selector: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      "Labels of the pods behind it. Asked of the Service itself unless given; rendered manifests can't ask, and need " +
        "them where `clients` are named.",
    ),
  circuitBreaking: circuitBreaking.optional(),
});
