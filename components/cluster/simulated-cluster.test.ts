import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, simulated } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, types, valueOf } from "../../tests/record.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";

function make(more: Record<string, unknown> = {}) {
  const settings = parseSettings(configuration({ clusters: { east: simulated(1, more) } })).clusters[0];
  return record(() => {
    if (settings?.source !== "simulated") throw new Error("There is no simulated cluster.");
    return new SimulatedCluster(
      "east",
      { environment: "test", settings },
      { provider: new command.Provider("command") },
    );
  });
}

const component = "mesh:cluster:SimulatedCluster";
const program = "node components/cluster/simulated-cluster.command.ts";

/** What kwokctl prints, as the recording answers for the command. */
const printed = kubeconfigOf("east-processes");

describe("a simulated cluster", () => {
  test("is the processes that kwokctl starts, and a provider", async () => {
    const { graph } = await make();
    expect(graph.children("east", component)).toEqual({
      "east-identity": types.command,
      "east-processes": types.command,
      "east-nodes": types.command,
      east: types.kubernetesProvider,
    });
    expect(graph.provider("east-processes")).toBe("command");
  });

  test("is told by its environment what to be", async () => {
    const { graph } = await make({ nodes: 3 });
    expect(graph.named("east-processes").inputs).toEqual({
      create: `${program} create`,
      delete: `${program} delete`,
      environment: {
        MESH_CLUSTER: "test-east",
        MESH_POD_NETWORK: "10.1.0.0/16",
        MESH_SERVICE_NETWORK: "172.16.1.0/24",
      },
      triggers: ["east-identity-id"],
      logging: "stderr",
    });
    expect(graph.named("east-nodes").inputs).toEqual({
      create: `${program} scale`,
      update: `${program} scale`,
      environment: { MESH_CLUSTER: "test-east", MESH_NODES: "3" },
      triggers: ["east-processes-id"],
      logging: "stderr",
    });
  });

  test("keeps its kubeconfig known while nodes are added, and has nodes before anything is made on it", async () => {
    const { graph } = await make();
    expect(graph.dependencies("east-processes")).toEqual(["east-identity"]);
    expect(graph.dependencies("east", types.kubernetesProvider)).toContain("east-nodes");
  });

  test("goes before its replacement comes, as both have one name", async () => {
    const { graph } = await make();
    expect(graph.named("east-processes").deleteBeforeReplace).toBe(true);
  });

  test("offers the printed kubeconfig as a secret, and its server readable", async () => {
    const { graph, result } = await make();
    expect(await valueOf(result.kubeconfig)).toBe(printed);
    expect(await pulumi.isSecret(result.kubeconfig)).toBe(true);
    expect(result.access).toEqual({ kubeconfig: result.kubeconfig });
    expect(await valueOf(result.apiServer)).toBe("https://east-processes.test:6443");
    expect(await pulumi.isSecret(result.apiServer)).toBe(false);
    expect(graph.named("east-processes").additionalSecretOutputs).toContain("stdout");
    expect(graph.named("east", types.kubernetesProvider).secrets).toEqual(["kubeconfig"]);
  });

  test("can be reached by the others at an address of its own", async () => {
    const { result } = await make({ apiServer: "https://10.0.0.7:6443" });
    expect(await valueOf(result.apiServer)).toBe("https://10.0.0.7:6443");
  });

  test("takes everything on it along when its processes go", async () => {
    const { graph, result } = await make();
    expect(await valueOf(result.deletedWith.urn)).toBe(graph.named("east-processes").urn);
  });
});

test("becomes another cluster when the networks are others, not when there are more nodes", async () => {
  const triggers = async (more: Record<string, unknown> = {}) =>
    (await make(more)).graph.named("east-identity").inputs["triggers"];
  expect(await triggers()).toEqual(["10.1.0.0/16", "172.16.1.0/24"]);
  expect(await triggers({ nodes: 3 })).toEqual(await triggers());
  expect(await triggers({ podNetworks: "10.9.0.0/16" })).not.toEqual(await triggers());
  expect(await triggers({ serviceNetworks: "172.16.9.0/24" })).not.toEqual(await triggers());
});

test("its provider is for another cluster then", async () => {
  const { graph } = await make();
  const provider = graph.named("east", types.kubernetesProvider);
  expect(provider.inputs["clusterIdentifier"]).toBe("test east east-identity-id");
  expect(provider.propertyDependencies["clusterIdentifier"]).toEqual([graph.named("east-identity").urn]);
});
