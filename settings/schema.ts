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

const chartValues = z.record(z.string(), z.unknown());

const valuesByChart = z.strictObject({
  crds: chartValues.default({}),
  cni: chartValues.default({}),
  controlPlane: chartValues.default({}),
  multicluster: chartValues.default({}),
  viz: chartValues.default({}),
});

const givenCertificate = z.strictObject({ certificate: pem, privateKey: pem });

const gateway = z.strictObject({
  enabled: z.boolean().default(true),
  serviceType: z.enum(["LoadBalancer", "NodePort", "ClusterIP"]).default("LoadBalancer"),
  annotations: z.record(z.string(), z.string()).default({}),
  addresses: z
    .array(
      z.union(
        [z.ipv4(), z.ipv6(), domain],
        "is not an address -> write an IP address or a DNS name that the other clusters can reach",
      ),
    )
    .default([]),
  port: port.default(4143),
  probePort: port.default(4191),
});

const apiServer = z
  .url({
    protocol: /^https$/,
    error: "is not an https address -> write it with its port, such as https://172.18.0.2:6443",
  })
  .transform((url) => url.replace(/\/$/, ""));

const common = {
  podNetworks: networks.optional(),
  serviceNetworks: networks.optional(),
  clusterDomain: domain.default("cluster.local"),
  trustDomain: domain.optional(),
  apiServer: apiServer.optional(),
  controlPlaneNamespace: dnsLabel.default("linkerd"),
  gateway: gateway.prefault({}),
  issuer: givenCertificate.optional(),
  values: valuesByChart.prefault({}),
};

const created = { ...common, podNetworks: networks, serviceNetworks: networks };

const k3dCluster = z.strictObject({
  source: z.literal("k3d"),
  ...created,
  servers: z.int().min(1).default(1),
  agents: z.int().min(0).default(0),
  image: z.string().min(1).default("rancher/k3s:v1.33.4-k3s1"),
  dockerNetwork: dnsLabel.default("mc-network"),
});

const simulatedCluster = z.strictObject({
  source: z.literal("simulated"),
  ...created,
  nodes: z.int().min(1).default(1),
});

const kubernetesVersion = z
  .string()
  .regex(/^v?\d+\.\d+(\.\d+)?$/, "is not a Kubernetes version -> write it as 1.33 or 1.33.4");

const existingCluster = z.strictObject({
  source: z.literal("existing"),
  ...common,
  context: z.string().min(1).optional(),
  kubeconfigPath: z.string().min(1).optional(),
  kubeconfig: z.string().min(1).optional(),
  stack: z
    .strictObject({ name: z.string().min(1), output: z.string().min(1).default("kubeconfig") })
    .optional(),
  kubernetesVersion: kubernetesVersion.optional(),
});

const carries = z
  .array(
    z.enum(
      ["gateway", "pod-to-pod", "federated"],
      "is not something a link can carry -> use gateway, pod-to-pod or federated",
    ),
  )
  .min(1, "is empty -> say what the link carries: gateway, pod-to-pod, federated, in any mix");

const linkOverride = z.strictObject({
  source: dnsLabel,
  target: dnsLabel,
  carries: carries.optional(),
});

const pair = z.strictObject({
  clusters: z.tuple([dnsLabel, dnsLabel], "is not a pair -> name two clusters"),
  carries: carries.optional(),
});

const links = z.strictObject({
  topology: z.enum(["mesh", "hub-and-spoke"]).optional(),
  hub: dnsLabel.optional(),
  carries: carries.default(["gateway"]),
  pairs: z.array(pair).default([]),
  oneWay: z.array(linkOverride).default([]),
});

const exportMode = z.enum(
  ["gateway", "pod-to-pod", "federated"],
  "is not a way to export -> use gateway, pod-to-pod or federated",
);

const service = z.strictObject({
  cluster: dnsLabel,
  namespace: dnsLabel,
  name: dnsLabel,
  export: oneOrMore(exportMode),
});

const chartSource = z.union(
  [
    z.strictObject({ repository: z.url({ protocol: /^https?$/ }) }),
    z.strictObject({ oci: z.string().startsWith("oci://") }),
    z.strictObject({ directory: z.string().min(1) }),
  ],
  "is not a chart source -> give one of repository (https://…), oci (oci://…) or directory (a folder of .tgz archives)",
);

const linkerd = z.strictObject({
  version: z.string().regex(/^\d+\.\d+\.\d+$/, "is not an exact chart version -> pin one, such as 2026.8.3"),
  charts: chartSource.default({ repository: "https://helm.linkerd.io/edge" }),
  registry: z.string().min(1).optional(),
  pullSecrets: z
    .array(z.strictObject({ name: dnsLabel, dockerConfigJson: z.string().min(1).optional() }))
    .default([]),
  highAvailability: z.boolean().default(false),
  viz: z.boolean().default(true),
  cni: z.boolean().default(false),
  gatewayApi: z.boolean().default(true),
  values: valuesByChart.prefault({}),
});

const trust = z.strictObject({
  anchor: z
    .strictObject({
      lifetime: hours.default(87_600),
      certificate: pem.optional(),
      privateKey: pem.optional(),
    })
    .prefault({}),
  issuerLifetime: hours.default(8_760),
  webhookLifetime: hours.default(8_760),
});

export const settingsSchema = z.strictObject({
  environment: dnsLabel,
  linkerd,
  trust: trust.prefault({}),
  clusters: z.record(
    dnsLabel,
    z.discriminatedUnion("source", [k3dCluster, simulatedCluster, existingCluster], {
      error: "is not a place where a cluster comes from -> use k3d, simulated or existing",
    }),
  ),
  links: links.prefault({}),
  services: z.array(service).default([]),
});

export type ParsedSettings = z.output<typeof settingsSchema>;
