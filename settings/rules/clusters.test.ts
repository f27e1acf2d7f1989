import { expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import {
  configuration,
  existing,
  k3d,
  linkerd,
  problemsOf,
  simulated,
  type Found,
} from "../test-examples.ts";

const mesh = { topology: "mesh" };
const longName = "a".repeat(33);
const veryLongName = "a".repeat(58);

test.each<[string, Record<string, unknown>, Found[]]>([
  ["a stack without clusters", { clusters: {} }, [{ path: "clusters", problem: "is empty" }]],
  ...["local", "federated"].map((name): [string, Record<string, unknown>, Found[]] => [
    `a cluster named ${name}`,
    { clusters: { [name]: simulated(1) } },
    [
      {
        path: `clusters.${name}`,
        value: name,
        problem: "is a name that Linkerd's mirrors use themselves",
      },
    ],
  ]),
  [
    "a k3d cluster with a name of 33 characters",
    { clusters: { [longName]: k3d(1) } },
    [
      {
        path: `clusters.${longName}`,
        value: longName,
        problem: "is longer than the 32 characters that k3d allows",
      },
    ],
  ],
  [
    "a name whose probe Service would be too long",
    { clusters: { [veryLongName]: simulated(1) } },
    [
      {
        path: `clusters.${veryLongName}`,
        value: veryLongName,
        problem: "makes a probe Service with a name longer than 63 characters",
      },
    ],
  ],
  [
    "an image with an old Kubernetes",
    { clusters: { east: k3d(1, { image: "rancher/k3s:v1.30.9-k3s1" }) } },
    [
      {
        path: "clusters.east.image",
        value: "1.30.9",
        problem: "is older than Kubernetes 1.31.0, which Linkerd's charts require",
      },
    ],
  ],
  [
    "an existing cluster with an old Kubernetes",
    { clusters: { east: existing(1, { kubernetesVersion: "v1.30" }) } },
    [
      {
        path: "clusters.east.kubernetesVersion",
        value: "v1.30",
        problem: "is older than Kubernetes 1.31.0, which Linkerd's charts require",
      },
    ],
  ],
  ...[
    "https://127.0.0.1:6443",
    "https://127.8.8.8:6443",
    "https://localhost:6443",
    "https://[::1]:6443",
    "https://0.0.0.0:6443",
  ].map((apiServer): [string, Record<string, unknown>, Found[]] => [
    `the target of a link at ${apiServer}`,
    {
      clusters: { east: existing(1, { apiServer }), west: existing(2) },
      links: { oneWay: [{ source: "west", target: "east" }] },
    },
    [
      {
        path: "clusters.east.apiServer",
        value: apiServer,
        problem: "is this machine's own address; the other clusters can't reach it",
      },
    ],
  ]),
  ...["NodePort", "ClusterIP"].map((serviceType): [string, Record<string, unknown>, Found[]] => [
    `a ${serviceType} gateway without addresses`,
    { clusters: { east: simulated(1, { gateway: { serviceType } }) } },
    [
      {
        path: "clusters.east.gateway.addresses",
        problem: `is missing, but a gateway of type ${serviceType} has no load balancer to ask for its address`,
      },
    ],
  ]),
  [
    "one cluster that is adopted twice",
    { clusters: { east: existing(1), west: existing(2, { context: "context-1" }) } },
    [{ path: "clusters.west", problem: "is the same cluster as clusters.east" }],
  ],
  [
    "one stack's cluster that is adopted twice",
    {
      clusters: {
        east: existing(1, { context: undefined, stack: { name: "gke" } }),
        west: existing(2, { context: undefined, stack: { name: "gke", output: "kubeconfig" } }),
      },
    },
    [{ path: "clusters.west", problem: "is the same cluster as clusters.east" }],
  ],
  [
    "one API server for two clusters",
    {
      clusters: {
        east: simulated(1, { apiServer: "https://10.0.0.1:6443" }),
        west: existing(2, { apiServer: "https://10.0.0.1:6443/" }),
      },
    },
    [
      {
        path: "clusters.west.apiServer",
        value: "https://10.0.0.1:6443",
        problem: "is the address of clusters.east too",
      },
    ],
  ],
  [
    "high availability on fewer than three nodes",
    {
      linkerd: linkerd({ highAvailability: true }),
      clusters: { east: k3d(1, { agents: 1 }), west: simulated(2, { nodes: 2 }) },
    },
    [
      {
        path: "clusters.east.agents",
        value: 1,
        problem:
          "leaves fewer than three nodes, but high availability puts each replica on a node of its own",
      },
      {
        path: "clusters.west.nodes",
        value: 2,
        problem:
          "leaves fewer than three nodes, but high availability puts each replica on a node of its own",
      },
    ],
  ],
])("%s: refused", (_, more, expected) => {
  expect(problemsOf(configuration(more))).toEqual(expected);
});

test.each<[string, Record<string, unknown>]>([
  ["a k3d name of 32 characters", { clusters: { ["a".repeat(32)]: k3d(1) } }],
  ["another cluster's name of 57 characters", { clusters: { ["a".repeat(57)]: simulated(1) } }],
  ["the oldest Kubernetes allowed", { clusters: { east: existing(1, { kubernetesVersion: "1.31" }) } }],
  ["an image without a version", { clusters: { east: k3d(1, { image: "k3s:latest" }) } }],
  [
    "a loopback address of a cluster to which nothing links",
    {
      clusters: { east: existing(1), west: existing(2, { apiServer: "https://127.0.0.1:6443" }) },
      links: { oneWay: [{ source: "west", target: "east" }] },
    },
  ],
  [
    "a loopback address of a simulated cluster",
    {
      clusters: { east: simulated(1, { apiServer: "https://127.0.0.1:6443" }), west: simulated(2) },
      links: mesh,
    },
  ],
  [
    "a NodePort gateway with an address",
    { clusters: { east: simulated(1, { gateway: { serviceType: "NodePort", addresses: ["10.0.0.1"] } }) } },
  ],
  [
    "a NodePort gateway that is switched off",
    { clusters: { east: simulated(1, { gateway: { serviceType: "NodePort", enabled: false } }) } },
  ],
  [
    "the same context of two files",
    {
      clusters: {
        east: existing(1, { context: "admin", kubeconfigPath: "/etc/east" }),
        west: existing(2, { context: "admin", kubeconfigPath: "/etc/west" }),
      },
    },
  ],
  [
    "high availability on three nodes",
    {
      linkerd: linkerd({ highAvailability: true }),
      clusters: {
        east: k3d(1, { servers: 1, agents: 2 }),
        north: existing(2),
        west: simulated(3, { nodes: 3 }),
      },
    },
  ],
])("%s: accepted", (_, more) => {
  expect(() => parseSettings(configuration(more))).not.toThrow();
});
