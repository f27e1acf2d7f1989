import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { parseSettings } from "../settings/parse.ts";
import { clustersNamed, configuration } from "../settings/test-examples.ts";
import { startApiServer, toBase64, type ApiServer } from "../tests/record.ts";
import type { ClusterFacts } from "./facts.ts";
import { gather, type GatherOptions } from "./gather.ts";

const settings = parseSettings(
  configuration({
    clusters: clustersNamed(["east", "west"]),
    links: { oneWay: [{ source: "east", target: "west" }] },
  }),
);

const multicluster = "/api/v1/namespaces/linkerd-multicluster";

/** What the target's API server is told of itself, with the token that it knows. */
function credentials(server: string, token = "west-token") {
  const kubeconfig = JSON.stringify({
    clusters: [{ cluster: { server, "certificate-authority-data": toBase64("authority of west") } }],
    users: [{ user: { token } }],
  });
  return {
    metadata: {
      name: "cluster-credentials-west",
      namespace: "linkerd-multicluster",
      creationTimestamp: "2026-01-01T00:00:00Z",
      managedFields: [
        { time: "2026-01-02T00:00:00Z", fieldsV1: { "f:data": {} } },
        { time: "2026-01-03T00:00:00Z", fieldsV1: { "f:metadata": {} } },
      ],
    },
    type: "mirror.linkerd.io/remote-kubeconfig",
    data: { kubeconfig: toBase64(kubeconfig) },
  };
}

const absent = [
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/links.multicluster.linkerd.io",
  "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.tap.linkerd.io",
];

let east: ApiServer;
let west: ApiServer;

beforeEach(async () => {
  [east, west] = await Promise.all([startApiServer("east"), startApiServer("west")]);
  for (const server of [east, west]) {
    server.objects["/version"] = { gitVersion: "v1.35.0" };
    server.missing.push(...absent);
  }
  east.objects["/api/v1/namespaces/default/configmaps/kube-root-ca.crt"] = {
    data: { "ca.crt": "authority of east\n" },
  };
});

afterEach(() => Promise.all([east.close(), west.close()]));

async function ask(options: GatherOptions = {}) {
  return gather(settings, { east: east.kubeconfig, west: west.kubeconfig }, options);
}

async function factsOf(name: string): Promise<ClusterFacts> {
  const answer = (await ask()).find((one) => one.name === name);
  if (answer === undefined || !("facts" in answer)) throw new Error(JSON.stringify(answer));
  return answer.facts;
}

test("a cluster without anything of Linkerd's says so", async () => {
  expect(await factsOf("east")).toMatchObject({
    name: "east",
    version: "v1.35.0",
    isSimulated: false,
    config: undefined,
    roots: undefined,
    issuer: undefined,
    links: [],
    linkVersions: [],
    services: [],
    admissions: {},
  });
});

describe("of the objects on a cluster", () => {
  test("what matters is kept, with times and addresses", async () => {
    east.lists["/api/v1/nodes"] = [
      {
        metadata: { name: "node-1" },
        spec: { podCIDRs: ["10.1.0.0/24"] },
        status: { nodeInfo: { kubeletVersion: "kwok-v0.8.0" } },
      } as never,
    ];
    east.lists["/api/v1/services"] = [
      {
        metadata: { name: "linkerd-gateway", namespace: "linkerd-multicluster" },
        spec: { type: "LoadBalancer", ports: [{ name: "mc-gateway", port: 4143 }] },
        status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { hostname: "gateway.test" }] } },
      } as never,
    ];
    east.lists[`${multicluster}/pods`] = [
      {
        metadata: {
          name: "controller-west-7-x",
          namespace: "linkerd-multicluster",
          labels: { "pod-template-hash": "7" },
          ownerReferences: [{ kind: "ReplicaSet", name: "controller-west-7", controller: true }],
        },
        spec: {
          nodeName: "node-1",
          containers: [{ name: "linkerd-proxy", image: "proxy:edge-26.8.3" }],
        },
        status: {
          phase: "Running",
          startTime: "2026-01-01T00:00:00Z",
          containerStatuses: [{ state: { running: { startedAt: "2026-01-01T00:00:05Z" } } }],
          conditions: [{ type: "Ready", status: "True" }],
        },
      } as never,
    ];
    east.objects["/api/v1/namespaces/linkerd/configmaps/linkerd-config"] = {
      data: { values: "linkerdVersion: edge-26.8.3\nclusterNetworks: 10.0.0.0/8,fd00::/8\n" },
    };
    const facts = await factsOf("east");
    expect(facts.isSimulated).toBe(true);
    expect(facts.nodes).toEqual([{ name: "node-1", podNetworks: ["10.1.0.0/24"] }]);
    expect(facts.services[0]?.addresses).toEqual(["192.0.2.1", "gateway.test"]);
    expect(facts.config).toMatchObject({ version: "edge-26.8.3", networks: ["10.0.0.0/8", "fd00::/8"] });
    expect(facts.pods).toMatchObject([
      {
        owner: "Deployment controller-west",
        isReady: true,
        isSimulated: true,
        started: "2026-01-01T00:00:05Z",
        proxy: { image: "proxy:edge-26.8.3" },
      },
    ]);
  });

  test("a Link keeps when its spec was written, and what the controller said", async () => {
    east.lists["/apis/multicluster.linkerd.io/v1alpha3/links"] = [
      {
        metadata: {
          name: "west",
          creationTimestamp: "2026-01-01T00:00:00Z",
          managedFields: [
            { time: "2026-01-02T00:00:00Z", fieldsV1: { "f:spec": {} } },
            { time: "2026-01-09T00:00:00Z", fieldsV1: { "f:status": {} }, subresource: "status" },
          ],
        },
        spec: { targetClusterName: "west" },
        status: {
          mirrorServices: [
            {
              remoteRef: { name: "cart", namespace: "shop" },
              conditions: [{ type: "Mirrored", status: "True" }],
            },
          ],
        },
      } as never,
    ];
    const { links } = await factsOf("east");
    expect(links).toMatchObject([
      {
        name: "west",
        changed: "2026-01-02T00:00:00Z",
        mirrored: [{ namespace: "shop", name: "cart", conditions: [{ status: "True" }] }],
      },
    ]);
  });
});

describe("a link's credentials", () => {
  beforeEach(() => {
    east.lists[`${multicluster}/secrets`] = [credentials("https://west.test:6443")];
  });

  test("are described without what is secret in them", async () => {
    const facts = await factsOf("east");
    expect(facts.credentials).toMatchObject([
      {
        name: "cluster-credentials-west",
        server: "https://west.test:6443",
        created: "2026-01-01T00:00:00Z",
        changed: "2026-01-02T00:00:00Z",
      },
    ]);
    expect(facts.credentials[0]?.fingerprint).toMatch(/^[0-9a-f]{12}$/);
    expect(JSON.stringify(facts)).not.toMatch(/west-token|current-context|"users"/);
  });

  test("are shown to the target, at the address by which it is asked here", async () => {
    expect((await factsOf("east")).admissions).toEqual({
      "linkerd-multicluster/cluster-credentials-west": {
        admitted: true,
        missing: expect.arrayContaining(["list pods", "get services"]) as string[],
      },
    });
    expect(west.changes).toContain("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
  });

  test("that the target refuses are told with its reason", async () => {
    east.lists[`${multicluster}/secrets`] = [credentials("https://west.test:6443", "old")];
    expect((await factsOf("east")).admissions).toEqual({
      "linkerd-multicluster/cluster-credentials-west": { admitted: false, reason: "who are you?" },
    });
  });
});

describe("a cluster that doesn't answer", () => {
  test("is named with the reason, and the other one is asked", async () => {
    await west.close();
    const answers = await ask();
    expect(answers.map((one) => "facts" in one)).toEqual([true, false]);
    expect(answers[1]).toMatchObject({
      name: "west",
      problem: expect.stringContaining("ECONNREFUSED") as string,
    });
    west = await startApiServer("west");
  });

  test("is given up after a while", async () => {
    const [, answer] = await gather(
      settings,
      { east: east.kubeconfig, west: west.kubeconfig.replace(/127\.0\.0\.1:\d+/, await silentServer()) },
      { patience: 50 },
    );
    expect(answer).toEqual({ name: "west", problem: "no answer in 0.05 seconds" });
  });

  test("isn't needed where only others are asked", async () => {
    const progress: string[] = [];
    const answers = await ask({ only: ["east"], progress: (text) => progress.push(text) });
    expect(answers.map(({ name }) => name)).toEqual(["east"]);
    expect(progress[0]).toBe("1 of 1 clusters have answered");
  });

  test("that was never deployed is named", async () => {
    expect(await gather(settings, { east: east.kubeconfig })).toMatchObject([
      { name: "east" },
      { name: "west", problem: "the last update left no kubeconfig" },
    ]);
  });
});

const silent: { close(): void }[] = [];

/** Takes connections and says nothing. */
async function silentServer(): Promise<string> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  silent.push(server);
  const address = server.address();
  return typeof address === "object" && address !== null ? `127.0.0.1:${address.port.toString()}` : "";
}

afterEach(() => {
  for (const server of silent.splice(0)) server.close();
});
