import { z } from "zod";

import { normalizeCidr } from "cidr-tools";

/** Shape and defaults of the stack's configuration. Rules that need more than one value are in `rules/`. */

/** A single value is written without a list. */
function oneOrMore<T extends z.ZodType>(one: T) {
  return z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(one).min(1),
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

const port = z
  .int("is not a port -> use a number from 1 to 65535")
  .min(1, "is not a port -> use a number from 1 to 65535")
  .max(65535, "is not a port -> use a number from 1 to 65535");

const pem = z
  .string()
  .regex(/^-----BEGIN [A-Z ]+-----/, "is not PEM text -> paste the whole file, with its BEGIN and END lines")
  .transform((text) => text.trim());

const chartValues = z.record(z.string(), z.unknown()).describe("Helm values, merged over ours.");

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

const apiServer = z
  .url({
    protocol: /^https$/,
    error: "is not an https address -> write it with its port, such as https://172.18.0.2:6443",
  })
  .transform((url) => url.replace(/\/$/, ""))
  .describe(
    "The API server as pods of the *other* clusters reach it. Found out for created clusters; for existing ones " +
      "the default is the kubeconfig's.",
  );

const common = {
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
    source: z.literal("k3d"),
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
    source: z.literal("simulated"),
    ...created,
    nodes: z.int().min(1).default(1).describe("Nodes that KWOK plays, added and removed in place."),
  })
  .describe("Created: a real API server on this machine, with nodes and pods that KWOK plays.");

const kubernetesVersion = z
  .string()
  .regex(/^v?\d+\.\d+(\.\d+)?$/, "is not a Kubernetes version -> write it as 1.33 or 1.33.4");

const existingCluster = z
  .strictObject({
    source: z.literal("existing"),
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
    kubernetesVersion: kubernetesVersion
      .optional()
      .describe("What it runs, to be refused early when it is too old."),
  })
  .describe("Adopted: nothing of the cluster is created or deleted.");

const carries = z
  .array(
    z.enum(
      ["gateway", "pod-to-pod", "federated"],
      "is not something a link can carry -> use gateway, pod-to-pod or federated",
    ),
  )
  .min(1, "is empty -> say what the link carries: gateway, pod-to-pod, federated, in any mix");

const oneWay = z.strictObject({
  source: dnsLabel.describe("The cluster where the mirrors appear."),
  target: dnsLabel.describe("The cluster that exports."),
  carries: carries.optional().describe("`links.carries` by default."),
});

const pair = z.strictObject({
  clusters: z.tuple([dnsLabel, dnsLabel], "is not a pair -> name two clusters").describe("Linked both ways."),
  carries: carries.optional().describe("`links.carries` by default."),
});

const links = z
  .strictObject({
    topology: z
      .enum(["mesh", "hub-and-spoke"])
      .optional()
      .describe(
        "`mesh`: every cluster with every other; `hub-and-spoke`: every cluster with the hub. Both ways.",
      ),
    hub: dnsLabel.optional().describe("The cluster in the middle of hub-and-spoke."),
    carries: carries.default(["gateway"]).describe("What links carry unless they say otherwise."),
    pairs: z
      .array(pair)
      .default([])
      .describe("Pairs linked both ways, beside the topology or overriding it."),
    oneWay: z.array(oneWay).default([]).describe("Single directions, beside the topology or overriding it."),
  })
  .describe("Who is linked with whom, and what the links carry.");

const exportMode = z.enum(
  ["gateway", "pod-to-pod", "federated"],
  "is not a way to export -> use gateway, pod-to-pod or federated",
);

const service = z.strictObject({
  cluster: dnsLabel.describe("The cluster whose Service it is."),
  namespace: dnsLabel.describe(
    "Its namespace, which must exist on the clusters where the mirrors are to appear.",
  ),
  name: dnsLabel.describe("The Service, which others own: only labels are added to it."),
  export: oneOrMore(exportMode).describe(
    "One or a list of `gateway` or `pod-to-pod` (appears as `<name>-<cluster>`) and `federated` (`<name>-federated`).",
  ),
});

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
    version: z
      .string()
      .regex(/^\d+\.\d+\.\d+$/, "is not an exact chart version -> pin one, such as 2026.8.3")
      .describe("Version of the charts; `2026.8.3` is edge-26.8.3."),
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
    issuerLifetime: hours.prefault("8760h").describe("Of the clusters' issuers."),
    webhookLifetime: hours.prefault("8760h").describe("Of the webhooks' certificates."),
  })
  .describe("Certificates. Lifetimes are in hours, such as `8760h`.");

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
  links: links.prefault({}),
  services: z.array(service).default([]).describe("The services that cross the links."),
});

export type ParsedSettings = z.output<typeof settingsSchema>;
