import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { parseSettings } from "../settings/parse.ts";
import { configuration, existing, simulated } from "../settings/test-examples.ts";
import { startApiServer, type ApiServer } from "../tests/record.ts";
import { clusterFindings, overlapFindings } from "./clusters.ts";
import type { Finding } from "./finding.ts";

const settings = parseSettings(
  configuration({
    clusters: { east: existing(1, { context: undefined, kubeconfig: "apiVersion: v1" }), west: simulated(2) },
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod"] },
  }),
);

let east: ApiServer;

beforeEach(async () => {
  east = await startApiServer("east");
  east.objects["/version"] = { gitVersion: "v1.33.4" };
  east.missing.push("/api/v1/namespaces/default/services/kubernetes");
  east.lists["/api/v1/nodes"] = [
    { metadata: { name: "one" }, spec: { podCIDRs: ["10.1.0.0/24"], providerID: "aws:///x/i-1" } } as never,
  ];
  east.lists["/apis/networking.k8s.io/v1/servicecidrs"] = [
    { metadata: { name: "kubernetes" }, spec: { cidrs: ["172.16.1.0/24"] } } as never,
  ];
});

afterEach(() => east.close());

async function found(kubeconfigs: Record<string, string> = { east: east.kubeconfig }): Promise<Finding[]> {
  const secret = { from: "secret", kubeconfig: kubeconfigs["east"] ?? "" } as const;
  const clusters = settings.clusters.map((cluster) =>
    cluster.source === "existing" ? { ...cluster, kubeconfig: secret } : cluster,
  );
  return clusterFindings({ ...settings, clusters }, {});
}

async function line(what: string): Promise<Finding | undefined> {
  return (await found()).find((one) => one.where === "east" && one.what === what);
}

test("a cluster that is to be made needs nothing", async () => {
  expect((await found()).filter(({ where }) => where === "west")).toEqual([
    { where: "west", what: "cluster", found: "made by this stack: simulated", level: "fine" },
  ]);
});

test("a cluster that can be adopted says what it is", async () => {
  const findings = (await found()).filter(({ where }) => where === "east");
  expect(
    findings.filter(({ what }) => what !== "permissions").map(({ what, found: text }) => [what, text]),
  ).toEqual([
    ["API server", expect.stringMatching(/^http:\/\/127\.0\.0\.1/)],
    ["Kubernetes", "v1.33.4"],
    ["clock", "as here"],
    ["Linkerd", "not there yet"],
    ["pod networks", "10.1.0.0/24"],
    ["service networks", "172.16.1.0/24"],
    ["load balancers", "none yet; nodes are of aws"],
  ]);
});

describe("trouble is named with a way out:", () => {
  test("an old Kubernetes", async () => {
    east.objects["/version"] = { gitVersion: "v1.29.1" };
    expect(await line("Kubernetes")).toMatchObject({
      level: "failed",
      remedy: "upgrade it to 1.31.0 or newer first",
    });
  });

  test("permissions that are missing", async () => {
    // The stand-in allows nothing.
    expect(await line("permissions")).toMatchObject({
      level: "failed",
      found: expect.stringContaining("create namespaces, patch namespaces, delete namespaces") as string,
    });
  });

  test("somebody else's Linkerd, but not the stack's own", async () => {
    const namespace = (manager: string) => ({ metadata: { name: "linkerd", managedFields: [{ manager }] } });
    east.lists["/api/v1/namespaces"] = [namespace("helm")];
    expect(await line("Linkerd")).toMatchObject({ level: "failed", found: "somebody else's, in linkerd" });
    east.lists["/api/v1/namespaces"] = [namespace("pulumi-kubernetes-1234")];
    expect(await line("Linkerd")).toMatchObject({ level: "fine" });
  });

  test("networks that aren't those of the stack file", async () => {
    east.lists["/api/v1/nodes"] = [{ metadata: { name: "one" }, spec: { podCIDR: "10.99.0.0/24" } } as never];
    expect(await line("pod networks")).toMatchObject({
      level: "failed",
      remedy: "correct clusters.east.podNetworks, which says 10.1.0.0/16",
    });
  });

  test("a service network that only the API server's own Service tells", async () => {
    delete east.lists["/apis/networking.k8s.io/v1/servicecidrs"];
    east.missing.splice(0);
    east.objects["/api/v1/namespaces/default/services/kubernetes"] = { spec: { clusterIP: "10.96.0.1" } };
    expect(await line("service networks")).toMatchObject({ level: "failed", found: "10.96.0.1" });
  });

  test("load balancers that nobody serves", async () => {
    east.lists["/api/v1/nodes"] = [{ metadata: { name: "one" } }];
    expect(await line("load balancers")).toMatchObject({
      level: "warning",
      remedy: expect.stringMatching(/MetalLB/) as string,
    });
    const service = { metadata: { name: "web" }, spec: { type: "LoadBalancer" } };
    east.lists["/api/v1/services"] = [service];
    expect(await line("load balancers")).toMatchObject({ found: "waiting Services get no address" });
    east.lists["/api/v1/services"] = [
      { ...service, status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } } as never,
    ];
    expect(await line("load balancers")).toMatchObject({ level: "fine", found: "1 of 1 have an address" });
  });

  test("a cluster that can't be reached", async () => {
    const { kubeconfig } = east;
    await east.close();
    expect((await found({ east: kubeconfig })).find(({ where }) => where === "east")).toMatchObject({
      what: "API server",
      level: "failed",
      found: expect.stringContaining("ECONNREFUSED") as string,
    });
    east = await startApiServer("east");
  });

  test("pods of two clusters that really have the same addresses", () => {
    const networks = ["east", "west"].map((cluster) => ({
      cluster,
      pods: ["10.1.0.0/24"],
      services: [],
      serviceAddress: undefined,
    }));
    expect(overlapFindings(settings, networks)).toMatchObject([
      { where: "east, west", found: "both have 10.1.0.0/24", level: "failed" },
    ]);
    const gatewayOnly = {
      ...settings,
      links: settings.links.map((link) => ({ ...link, carries: ["gateway"] as const })),
    };
    expect(overlapFindings(gatewayOnly, networks)).toEqual([]);
  });
});
