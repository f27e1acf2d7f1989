import * as command from "@pulumi/command";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing, k3d, simulated } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, types, valueOf } from "../../tests/record.ts";
import { createClusters, createPodRoutes } from "./create-clusters.ts";
import type { K3dAnswer, K3dNode } from "./k3d-cluster.ts";

function adopted(number: number) {
  const { context: _context, ...rest } = existing(number, { kubeconfig: kubeconfigOf("adopted") });
  return rest;
}

function make(clusters: Record<string, unknown>, links: Record<string, unknown> = {}) {
  const settings = parseSettings(configuration({ clusters, links }));
  return record(
    () => {
      const opts = { provider: new command.Provider("command") };
      const names = settings.clusters.map(({ name }) => name);
      const created = createClusters(settings, names, opts);
      return { created, routes: createPodRoutes(created, settings, opts) };
    },
    {
      answers: (_token, inputs) => {
        const { MESH_CLUSTER } = inputs["environment"] as { MESH_CLUSTER: string };
        const node = { name: MESH_CLUSTER, address: "172.18.0.2", podNetwork: "10.1.0.0/24", started: "now" };
        return { stdout: JSON.stringify({ found: [node] } satisfies K3dAnswer<K3dNode[]>) };
      },
    },
  );
}

describe("clusters", () => {
  test("come from where the settings say, each with a provider of its name", async () => {
    const { graph, result } = await make({ docker: k3d(1), kwok: simulated(2), theirs: adopted(3) });
    expect(graph.children()).toEqual({
      command: "pulumi:providers:command",
      "mc-network": types.command,
      docker: "mesh:cluster:K3dCluster",
      kwok: "mesh:cluster:SimulatedCluster",
      theirs: "mesh:cluster:ExistingCluster",
    });
    expect(
      graph
        .ofType(types.kubernetesProvider)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["docker", "kwok", "theirs"]);
    expect([...result.created.keys()]).toEqual(["docker", "kwok", "theirs"]);
    for (const [name, { provider, settings }] of result.created) {
      expect(await valueOf(provider.urn)).toBe(graph.named(name, types.kubernetesProvider).urn);
      expect(settings.name).toBe(name);
    }
  });

  test("made by k3d share a network by its name, and have one each where the names differ", async () => {
    const { graph } = await make({
      a: k3d(1),
      b: k3d(2),
      c: k3d(3, { dockerNetwork: "other" }),
    });
    const networks = graph.resources.filter(
      ({ type, parent }) => type === types.command && parent === undefined,
    );
    expect(networks.map(({ name }) => name)).toEqual(["mc-network", "other"]);
    expect(["a", "b", "c"].map((name) => graph.dependencies(`${name}-containers`))).toEqual([
      ["a-identity", "mc-network"],
      ["b-identity", "mc-network"],
      ["c-identity", "other"],
    ]);
  });

  test("need no Docker network without k3d", async () => {
    const { graph } = await make({ east: simulated(1) });
    expect(graph.children()).toEqual({
      command: "pulumi:providers:command",
      east: "mesh:cluster:SimulatedCluster",
    });
  });

  test("aren't made when a kubeconfig on this machine can't serve them", async () => {
    const clusters = { east: simulated(1), west: existing(2, { kubeconfigPath: "/nonexistent/config" }) };
    await expect(make(clusters)).rejects.toThrow(
      /^The settings have 1 problem; nothing was created or changed\.\n\n {2}clusters\.west\.context = "context-2"/,
    );
  });
});

describe("routes between pods", () => {
  const clusters = { a: k3d(1), b: k3d(2), c: k3d(3) };

  test("are between k3d clusters that a pod-to-pod or federated link joins, in both directions", async () => {
    const { graph, result } = await make(clusters, {
      oneWay: [
        { source: "a", target: "b", carries: ["pod-to-pod"] },
        { source: "c", target: "b", carries: ["federated"] },
        { source: "a", target: "c", carries: ["gateway"] },
      ],
    });
    expect([...result.routes.keys()]).toEqual(["a", "b", "c"]);
    expect(["a", "b", "c"].map((name) => graph.dependencies(`${name}-routes`))).toEqual([
      ["a-containers", "b-containers"],
      ["a-containers", "b-containers", "c-containers"],
      ["b-containers", "c-containers"],
    ]);
    expect(graph.provider("a-routes")).toBe("command");
  });

  test("aren't needed for gateways alone", async () => {
    const { result } = await make(clusters, { topology: "mesh", carries: ["gateway"] });
    expect([...result.routes.keys()]).toEqual([]);
  });

  test("aren't ours to make between clusters that k3d didn't", async () => {
    const { result } = await make(
      { a: k3d(1), b: simulated(2), c: adopted(3) },
      { topology: "mesh", carries: ["pod-to-pod"] },
    );
    expect([...result.routes.keys()]).toEqual([]);
  });
});
