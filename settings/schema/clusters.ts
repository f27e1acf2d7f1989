import { z } from "zod";

import {
  dnsLabel,
  domain,
  givenCertificate,
  hasCredentials,
  networks,
  port,
  valuesByChart,
} from "./values.ts";

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

export const chartVersion = z
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

export const k3dCluster = z
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

export const simulatedCluster = z
  .strictObject({
    source: z.literal("simulated").describe("Where the cluster comes from."),
    ...created,
    nodes: z.int().min(1).default(1).describe("Nodes that KWOK plays, added and removed in place."),
  })
  .describe("Created: a real API server on this machine, with nodes and pods that KWOK plays.");

const kubernetesVersion = z
  .string()
  .regex(/^v?\d+\.\d+(\.\d+)?$/, "is not a Kubernetes version -> write it as 1.33 or 1.33.4");

export const existingCluster = z
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
