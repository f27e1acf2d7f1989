import { z } from "zod";

import { normalizeCidr } from "cidr-tools";

/** Shape and defaults of the stack's configuration. Rules that need more than one value are in `rules/`. */

/** A single value is written without a list. */
function oneOrMore<T extends z.ZodType>(one: T, whenEmpty = "is empty -> list at least one") {
  return z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(one).min(1, whenEmpty),
  );
}

const dnsLabel = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "is not a DNS label -> use at most 63 lower-case letters, digits and dashes",
  );

const domain = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "is not a domain -> write a lower-case domain such as cluster.local",
  )
  .max(253);

const network = z
  .union([z.cidrv4(), z.cidrv6()], "is not a network -> write one in CIDR form, such as 10.23.0.0/16")
  .superRefine((value, context) => {
    if (normalizeCidr(value) === value) return;
    context.addIssue({
      code: "custom",
      message: `has bits set behind its prefix -> write ${normalizeCidr(value)}`,
    });
  });

const networks = oneOrMore(network);

const hours = z
  .string()
  .regex(/^[1-9][0-9]*h$/, "is not a number of hours -> write it as Linkerd does, such as 8760h")
  .transform((text) => Number(text.slice(0, -1)));

/** Hours, a part of one for minutes. */
const period = z
  .string()
  .regex(/^[1-9][0-9]*[hm]$/, "is not a time in hours or minutes -> write it such as 720h or 30m")
  .transform((text) => Number(text.slice(0, -1)) / (text.endsWith("m") ? 60 : 1));

const port = z
  .int("is not a port -> use a number from 1 to 65535")
  .min(1, "is not a port -> use a number from 1 to 65535")
  .max(65535, "is not a port -> use a number from 1 to 65535");

const pem = z
  .string()
  .regex(/^-----BEGIN [A-Z ]+-----/, "is not PEM text -> paste the whole file, with its BEGIN and END lines")
  .transform((text) => text.trim());

const chartValues = z.record(z.string(), z.unknown()).describe("Helm values, merged over ours.");

const duration = z
  .string()
  .regex(/^[1-9][0-9]*(ms|s|m|h)$/, "is not a duration -> write it as Linkerd does, such as 500ms or 5s");

const valuesByChart = z
  .strictObject({
    crds: chartValues.default({}),
    cni: chartValues.default({}),
    controlPlane: chartValues.default({}),
    multicluster: chartValues.default({}),
    viz: chartValues.default({}),
  })
  .describe("Raw Helm values by chart: the escape hatch. Never a secret.");

const givenCertificate = z.strictObject({
  certificate: pem.describe("PEM."),
  privateKey: pem.describe("PEM; a secret (`pulumi config set --secret --path`)."),
});

const gateway = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Without it, no link to this cluster can carry `gateway`."),
    serviceType: z
      .enum(["LoadBalancer", "NodePort", "ClusterIP"])
      .default("LoadBalancer")
      .describe("How the gateway's Service is published."),
    annotations: z
      .record(z.string(), z.string())
      .default({})
      .describe(
        "Annotations of the gateway's Service, such as those that ask a cloud for an internal load balancer.",
      ),
    addresses: z
      .array(
        z.union(
          [z.ipv4(), z.ipv6(), domain],
          "is not an address -> write an IP address or a DNS name that the other clusters can reach",
        ),
      )
      .default([])
      .describe("Declared addresses, where there is no load balancer to ask. Nothing waits for one then."),
    port: port
      .default(4143)
      .describe("Where the other clusters reach the gateway; the node port for a NodePort."),
    probePort: port.default(4191).describe("Where they probe it; the node port for a NodePort."),
  })
  .describe("How the other clusters reach this cluster's gateway.");

function hasCredentials(url: string): boolean {
  return URL.canParse(url) && [new URL(url).username, new URL(url).password].some((part) => part !== "");
}

const apiServer = z
  .url({
    protocol: /^https$/,
    error: "is not an https address -> write it with its port, such as https://172.18.0.2:6443",
    abort: true,
  })
  .refine(
    (url) => !hasCredentials(url),
    "holds a user or a password -> leave them out: links authenticate with tokens of their own",
  )
  .transform((url) => url.replace(/\/$/, ""))
  .describe(
    "The API server as pods of the *other* clusters reach it. Found out for created clusters; for existing ones " +
      "the default is the kubeconfig's.",
  );

const chartVersion = z
  .string()
  .regex(/^\d+\.\d+\.\d+$/, "is not an exact chart version -> pin one, such as 2026.8.3");

const common = {
  version: chartVersion
    .optional()
    .describe(
      "Version of the charts on this cluster; `linkerd.version` by default. For an upgrade in waves: docs/upgrading.md.",
    ),
  podNetworks: networks
    .optional()
    .describe("Networks of the pods, CIDR, one or a list. Pod-to-pod links need them."),
  serviceNetworks: networks.optional().describe("Networks of the services, CIDR, one or a list."),
  clusterDomain: domain.default("cluster.local").describe("The cluster's DNS domain."),
  trustDomain: domain
    .optional()
    .describe(
      "Suffix of the cluster's identities; the cluster domain by default. One each lets policies tell clusters apart.",
    ),
  apiServer: apiServer.optional(),
  controlPlaneNamespace: dnsLabel
    .default("linkerd")
    .describe("Namespace of the control plane; the same on clusters joined pod-to-pod."),
  gateway: gateway.prefault({}),
  egressNetworks: networks
    .optional()
    .describe(
      "Networks from which this cluster's calls arrive at the other clusters' gateways, CIDR, one or a list. Given, " +
        "the gateways admit them from nowhere else; mind addresses that are translated on the way.",
    ),
  retire: z
    .enum(["traffic", "links"], "is not a step of retiring a cluster -> use traffic, then links")
    .optional()
    .describe(
      "How far the cluster is on its way out, an update each: `traffic` takes its services away from the other " +
        "clusters and out of their routes, `links` its links as well. Then move it to `retired`.",
    ),
  issuer: givenCertificate
    .optional()
    .describe("An issuer given from outside, signed by `trust.anchor.certificate`."),
  values: valuesByChart.prefault({}),
};

const created = {
  ...common,
  podNetworks: networks.describe("Network of the pods, CIDR. Changing it makes the cluster anew."),
  serviceNetworks: networks.describe("Network of the services, CIDR. Changing it makes the cluster anew."),
};

const k3dCluster = z
  .strictObject({
    source: z.literal("k3d").describe("Where the cluster comes from."),
    ...created,
    servers: z.int().min(1).default(1).describe("Server nodes. Changing it makes the cluster anew."),
    agents: z.int().min(0).default(0).describe("Agent nodes, added and removed in place."),
    image: z
      .string()
      .min(1)
      .default("rancher/k3s:v1.33.4-k3s1")
      .describe("The k3s image. Changing it makes the cluster anew."),
    dockerNetwork: dnsLabel.default("mc-network").describe("The Docker network that the clusters share."),
  })
  .describe("Created: k3s in Docker containers on this machine.");

const simulatedCluster = z
  .strictObject({
    source: z.literal("simulated").describe("Where the cluster comes from."),
    ...created,
    nodes: z.int().min(1).default(1).describe("Nodes that KWOK plays, added and removed in place."),
  })
  .describe("Created: a real API server on this machine, with nodes and pods that KWOK plays.");

const kubernetesVersion = z
  .string()
  .regex(/^v?\d+\.\d+(\.\d+)?$/, "is not a Kubernetes version -> write it as 1.33 or 1.33.4");

const existingCluster = z
  .strictObject({
    source: z.literal("existing").describe("Where the cluster comes from."),
    ...common,
    context: z.string().min(1).optional().describe("The kubeconfig context that is this cluster."),
    kubeconfigPath: z
      .string()
      .min(1)
      .optional()
      .describe("The file with that context; kubectl's own by default."),
    kubeconfig: z
      .string()
      .min(1)
      .optional()
      .describe("The kubeconfig itself; a secret. In place of `context`."),
    stack: z
      .strictObject({
        name: z.string().min(1).describe("`organization/project/stack`."),
        output: z
          .string()
          .min(1)
          .default("kubeconfig")
          .describe(
            "Its output that is the kubeconfig; with dots what is inside of one, such as `kubeconfigs.cluster1`.",
          ),
      })
      .optional()
      .describe("Another stack that made the cluster. In place of `context`."),
    adopt: z
      .boolean()
      .default(false)
      .describe(
        "Whether Linkerd is on the cluster already and is taken over: what is there is changed to what is wanted " +
          "instead of being refused. Remove it once that is done; docs/adopting.md.",
      ),
    kubernetesVersion: kubernetesVersion
      .optional()
      .describe("What it runs, to be refused early when it is too old."),
  })
  .describe("Adopted: nothing of the cluster is created or deleted.");

const carries = oneOrMore(
  z.enum(
    ["gateway", "pod-to-pod", "federated"],
    "is not something a link can carry -> use gateway, pod-to-pod or federated",
  ),
  "is empty -> say what the link carries: gateway, pod-to-pod, federated, in any mix",
);

const metadataKeys = z.array(
  z
    .string()
    .regex(
      /^[A-Za-z0-9]([-A-Za-z0-9._/]*([A-Za-z0-9]|\/\*))?$/,
      "is not a label or annotation -> write its whole name, or prefix/* for all with that prefix",
    ),
);

/** Who may call over a gateway link; a workload is named by its namespace and service account. */
const linkClients = z
  .union(
    [
      z.literal("any"),
      z
        .array(
          z
            .string()
            .regex(
              /^(\*\/\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/(\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?))$/,
              "is not a workload -> write namespace/serviceaccount, such as emojivoto/web or emojivoto/*",
            ),
        )
        .min(1, "is empty -> name the workloads, or leave it out for all of the source's"),
    ],
    "doesn't say who may call -> write any, or a list of namespace/serviceaccount",
  )
  .optional();

const clientsOfLinks = linkClients.describe(
  "Which workloads of the source the target's gateway admits: a list of `namespace/serviceaccount`, `namespace/*` or " +
    "`*/*`, or `any`, which opens the gateway to every meshed workload from everywhere. All of the source's by default.",
);

const oneWay = z.strictObject({
  source: dnsLabel.describe("The cluster where the mirrors appear."),
  target: dnsLabel.describe("The cluster that exports."),
  carries: carries.optional().describe("`links.carries` by default."),
  clients: linkClients.describe("`links.clients` by default."),
});

const pair = z.strictObject({
  clusters: z.tuple([dnsLabel, dnsLabel], "is not a pair -> name two clusters").describe("Linked both ways."),
  carries: carries.optional().describe("`links.carries` by default."),
  clients: linkClients.describe("`links.clients` by default."),
});

/** YAML reads a bare 2 as a number. */
function nameOrNumber(name: z.ZodString) {
  return z.preprocess((value) => (typeof value === "number" ? value.toString() : value), name);
}

const generation = nameOrNumber(dnsLabel);

const credentials = z
  .strictObject({
    renewals: z
      .record(dnsLabel, generation)
      .default({})
      .describe(
        "By link, `source-to-target`, a name or number; another one makes its token anew and revokes the one before, in a split environment the one before that.",
      ),
    lifetime: period
      .optional()
      .describe(
        "Age in hours or minutes, such as `2160h`, after which the next update makes a token anew. Never by default.",
      ),
    revoked: z
      .array(dnsLabel)
      .default([])
      .describe(
        "Links, `source-to-target`, whose source may neither read its target any more nor call what is closed there.",
      ),
  })
  .describe(
    "The tokens with which clusters read each other; docs/trust.md says how they are renewed and revoked.",
  );

const links = z
  .strictObject({
    topology: z
      .enum(["mesh", "hub-and-spoke"])
      .optional()
      .describe(
        "`mesh`: every cluster with every other; `hub-and-spoke`: every cluster with the hub. Both ways.",
      ),
    hub: dnsLabel.optional().describe("The cluster in the middle of hub-and-spoke."),
    carries: carries
      .default(["gateway"])
      .describe(
        "What links carry unless they say otherwise; one or a list of `gateway`, `pod-to-pod` and `federated`.",
      ),
    clients: clientsOfLinks,
    headless: z
      .boolean()
      .default(false)
      .describe("Whether headless services are mirrored as such, each of their named pods with a Service."),
    createNamespaces: z
      .boolean()
      .default(true)
      .describe("Whether the namespace of an exported service is made on the clusters that lack it."),
    excludedLabels: metadataKeys
      .default([
        "app.kubernetes.io/managed-by",
        "argocd.argoproj.io/*",
        "helm.toolkit.fluxcd.io/*",
        "kustomize.toolkit.fluxcd.io/*",
      ])
      .describe(
        "Labels of exported services that mirrors don't get: the marks of tools that would claim the mirror.",
      ),
    excludedAnnotations: metadataKeys
      .default([
        "argocd.argoproj.io/*",
        "helm.toolkit.fluxcd.io/*",
        "kubectl.kubernetes.io/*",
        "kustomize.toolkit.fluxcd.io/*",
        "meta.helm.sh/*",
        "pulumi.com/*",
      ])
      .describe("The same for annotations."),
    pairs: z
      .array(pair)
      .default([])
      .describe("Pairs linked both ways, beside the topology or overriding it."),
    oneWay: z.array(oneWay).default([]).describe("Single directions, beside the topology or overriding it."),
    credentials: credentials.prefault({}),
  })
  .describe("Who is linked with whom, and what the links carry.");

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

const circuitBreaking = z
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

const service = z.strictObject({
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

const route = z.strictObject({
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

const emojivoto = z
  .preprocess(
    (value) => {
      // Rewriting a stack file, the engine puts a plain true in quotes.
      const text = typeof value === "boolean" ? value.toString() : value;
      return text === "true" || text === "false" ? { enabled: text === "true" } : value;
    },
    z.strictObject(
      {
        enabled: z.boolean().default(true).describe("Whether it is there; a block alone switches it on."),
        web: dnsLabel.optional().describe("The cluster of the web page; the first by name."),
        backends: dnsLabel
          .optional()
          .describe("The cluster of emoji, voting and the vote bot; the second by name."),
        mode: z
          .enum(["gateway", "pod-to-pod"], "is not how its calls can cross -> use gateway or pod-to-pod")
          .default("gateway")
          .describe("How its calls cross; the links between its two clusters carry it, both ways."),
        namespace: dnsLabel.default("emojivoto").describe("Its namespace, on both clusters."),
        registry: z.string().min(1).default("docker.l5d.io/buoyantio").describe("Where its images are."),
        version: z.string().min(1).default("v11").describe("Their tag."),
      },
      "is not a way to ask for emojivoto -> write true, false or a block of its settings",
    ),
  )
  .describe(
    "Linkerd's example application, split over two clusters. Off by default; `true` for all defaults.",
  );

const chartSource = z
  .union(
    [
      z.strictObject({ repository: z.url({ protocol: /^https?$/ }) }),
      z.strictObject({ oci: z.string().startsWith("oci://") }),
      z.strictObject({ directory: z.string().min(1) }),
    ],
    "is not a chart source -> give one of repository (https://…), oci (oci://…) or directory (a folder of .tgz archives)",
  )
  .describe(
    "One of `repository: https://…`, `oci: oci://…` or `directory: <folder of chart archives>`. The environment " +
      "variable `LINKERD_CHARTS_DIR` names a folder that is used instead.",
  );

const linkerd = z
  .strictObject({
    version: chartVersion.describe("Version of the charts; `2026.8.3` is edge-26.8.3."),
    charts: chartSource.default({ repository: "https://helm.linkerd.io/edge" }),
    registry: z.string().min(1).optional().describe("One registry for every image of every chart."),
    pullSecrets: z
      .array(
        z.strictObject({
          name: dnsLabel.describe("Name of the Secret in each of Linkerd's namespaces."),
          dockerConfigJson: z
            .string()
            .min(1)
            .optional()
            .describe("Its content; a secret. Without it, somebody else makes the Secret."),
        }),
      )
      .default([])
      .describe("Secrets with which every image of every chart is pulled."),
    highAvailability: z
      .boolean()
      .default(false)
      .describe("Three replicas of everything, as the charts' values-ha.yaml."),
    viz: z.boolean().default(true).describe("Whether the viz extension is installed."),
    cni: z.boolean().default(false).describe("The CNI plugin in place of an init container in each pod."),
    gatewayApi: z
      .boolean()
      .default(true)
      .describe(
        "Whether the Gateway API's definitions are installed; false where the cluster has them already.",
      ),
    values: valuesByChart.prefault({}),
  })
  .describe("What is installed on every cluster.");

const trust = z
  .strictObject({
    anchor: z
      .strictObject({
        lifetime: hours.prefault("87600h").describe("Of an anchor made here."),
        certificate: pem.optional().describe("An anchor, or a bundle of them, given from outside; PEM."),
        privateKey: pem
          .optional()
          .describe(
            "Its key; a secret. Without it, every cluster brings its `issuer`, and the key is never in the state.",
          ),
      })
      .prefault({})
      .describe("The root that all clusters of the environment trust."),
    generations: z
      .array(generation)
      .min(1, "is empty -> list at least one generation, or leave it out")
      .optional()
      .describe(
        'Anchors made here that are trusted, by names of your choice; `["1"]` by default. docs/trust.md says how they ' +
          "are renewed.",
      ),
    signer: generation
      .optional()
      .describe("The generation that signs the issuers; where there is only one, that."),
    protect: z
      .boolean()
      .optional()
      .describe(
        "Whether the engine refuses to delete the anchor that signs. By default where a cluster is `existing`; " +
          "`destroy` needs an update with false first.",
      ),
    issuerRenewals: z
      .record(dnsLabel, generation)
      .default({})
      .describe("By cluster a name or number; another one makes the cluster's issuer anew."),
    renewBefore: period
      .optional()
      .describe(
        "How long before its end, in hours or minutes, the next update makes an issuer or a webhook's certificate " +
          "anew; `720h`, or a quarter of the lifetime where that is less.",
      ),
    webhookRenewals: z
      .record(dnsLabel, generation)
      .default({})
      .describe(
        "By cluster a name or number; another one makes its webhooks' certificates anew, under the same CA.",
      ),
    webhookAuthorities: z
      .record(dnsLabel, z.array(generation).min(1, "is empty -> list at least one, or leave it out"))
      .default({})
      .describe(
        'By cluster the CAs that its API server trusts its webhooks by, the last of which signs; `["1"]` by default. ' +
          "One joins in one update, the one before leaves in the next.",
      ),
    restart: z
      .array(dnsLabel)
      .default([])
      .describe("Namespaces whose meshed workloads are restarted when the anchors or their signer change."),
    warning: hours
      .prefault("1440h")
      .describe("How long before a certificate's end every preview and update warns."),
    issuerLifetime: hours.prefault("8760h").describe("Of the clusters' issuers."),
    webhookLifetime: hours.prefault("8760h").describe("Of the webhooks' certificates."),
  })
  .describe("Certificates. Lifetimes are in hours, such as `8760h`.");

const manifests = z
  .strictObject({
    webhookAuthority: pem
      .optional()
      .describe("Certificate of the CA that signs the webhooks' certificates in the secret store; PEM."),
    secrets: z
      .strictObject({
        store: z
          .strictObject({
            name: z.string().min(1).describe("Its name, on every cluster."),
            kind: z.enum(["ClusterSecretStore", "SecretStore"]).default("ClusterSecretStore"),
          })
          .describe("The store of External Secrets that holds the secrets."),
        prefix: z
          .string()
          .min(1)
          .default("linkerd")
          .describe(
            "Keys in the store are `<prefix>/<environment>/<cluster>/<namespace>/<secret>`; of pull secrets " +
              "`<prefix>/<environment>/<secret>`.",
          ),
        separator: z
          .string()
          .min(1)
          .default("/")
          .describe("What stands between the parts of a key, where a store allows no slashes."),
        refreshInterval: duration.default("1h").describe("How often the store is asked."),
      })
      .describe("Where the clusters find their secrets: no manifest holds one."),
  })
  .describe(
    "How `npm run render` writes manifests for Argo CD or Flux. With it, issuers may be in the secret store alone.",
  );

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
