import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, k3d } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, types, valueOf } from "../../tests/record.ts";
import { DockerNetwork } from "./docker-network.ts";
import { K3dCluster, type K3dNode } from "./k3d-cluster.ts";

const nodes: K3dNode[] = [
  { name: "k3d-east-server-0", address: "172.18.0.2", podNetwork: "10.1.0.0/24", started: "09:00" },
  { name: "k3d-east-agent-0", address: "172.18.0.4", podNetwork: "10.1.1.0/24", started: "09:01" },
];

interface Question {
  readonly command: string;
  readonly environment: Record<string, string>;
}

async function make(more: Record<string, unknown> = {}) {
  const settings = parseSettings(configuration({ clusters: { east: k3d(1, more) } })).clusters[0];
  const questions: Question[] = [];
  const recording = await record(
    () => {
      if (settings?.source !== "k3d") throw new Error("There is no k3d cluster.");
      const opts = { provider: new command.Provider("command") };
      const environment = "test";
      const network = new DockerNetwork(
        settings.dockerNetwork,
        { environment, network: settings.dockerNetwork },
        opts,
      );
      return new K3dCluster("east", { environment, settings, network }, opts);
    },
    {
      answers: (_token, inputs) => {
        const question = inputs as unknown as Question;
        questions.push(question);
        const found = question.command.endsWith(" server") ? "172.18.0.2" : nodes;
        return { stdout: JSON.stringify({ found }) };
      },
    },
  );
  await valueOf(recording.result.nodes);
  return { ...recording, questions };
}

const component = "mesh:cluster:K3dCluster";
const program = "node components/cluster/k3d-cluster.command.ts";

describe("a Docker network", () => {
  const networkProgram = "node components/cluster/docker-network.command.ts";

  test("is made and removed by commands that know its name and whose it is", async () => {
    const { graph } = await make({ dockerNetwork: "lab" });
    expect(graph.named("lab").inputs).toEqual({
      create: `${networkProgram} create`,
      delete: `${networkProgram} delete`,
      environment: { MESH_NETWORK: "lab", MESH_ENVIRONMENT: "test" },
      triggers: ["lab"],
      logging: "stderr",
    });
  });
});

describe("a k3d cluster", () => {
  test("is the containers that k3d starts on the network, and a provider", async () => {
    const { graph } = await make();
    expect(graph.children("east", component)).toEqual({
      "east-identity": types.command,
      "east-containers": types.command,
      "east-kubeconfig": types.command,
      east: types.kubernetesProvider,
    });
    expect(graph.provider("east-containers")).toBe("command");
    expect(graph.dependencies("east-containers")).toEqual(["east-identity", "mc-network"]);
  });

  test("is told by its environment what to be", async () => {
    const { graph } = await make({ agents: 2, clusterDomain: "east.local" });
    expect(graph.named("east-containers").inputs).toEqual({
      create: `${program} create`,
      update: `${program} update`,
      delete: `${program} delete`,
      environment: {
        MESH_CLUSTER: "east",
        MESH_ENVIRONMENT: "test",
        MESH_IMAGE: "rancher/k3s:v1.33.4-k3s1",
        MESH_SERVERS: "1",
        MESH_AGENTS: "2",
        MESH_NETWORK: "mc-network",
        MESH_POD_NETWORKS: "10.1.0.0/16",
        MESH_SERVICE_NETWORKS: "172.16.1.0/24",
        MESH_CLUSTER_DOMAIN: "east.local",
        LOG_COLORS: "false",
      },
      triggers: ["east-identity-id"],
      logging: "stderr",
    });
  });

  test("becomes another one for what can't change while it runs, and gets agents without", async () => {
    const triggers = async (more: Record<string, unknown> = {}) =>
      (await make(more)).graph.named("east-identity").inputs["triggers"];
    const before = await triggers();
    expect(before).toEqual([
      "test",
      "rancher/k3s:v1.33.4-k3s1",
      1,
      "cluster.local",
      "mc-network",
      "10.1.0.0/16",
      "172.16.1.0/24",
    ]);
    expect(await triggers({ agents: 1 })).toEqual(before);
    for (const more of [
      { servers: 3 },
      { image: "rancher/k3s:v1.34.1-k3s1" },
      { clusterDomain: "east.local" },
      { dockerNetwork: "lab" },
      { podNetworks: "10.9.0.0/16" },
      { serviceNetworks: "172.16.9.0/24" },
    ]) {
      expect(await triggers(more)).not.toEqual(before);
    }
  });

  test("goes before its replacement comes, as both have one name", async () => {
    const { graph } = await make();
    expect(graph.named("east-containers").deleteBeforeReplace).toBe(true);
  });

  test("prints its kubeconfig apart, so that more agents don't make it unknown, and other containers do", async () => {
    const { graph } = await make();
    expect(graph.named("east-kubeconfig").inputs).toEqual({
      create: `${program} kubeconfig`,
      environment: { MESH_CLUSTER: "east" },
      triggers: ["east-containers-id"],
      logging: "none",
    });
  });

  test("offers the printed kubeconfig as a secret", async () => {
    const { graph, result } = await make();
    expect(await valueOf(result.kubeconfig)).toBe(kubeconfigOf("east-kubeconfig"));
    expect(await pulumi.isSecret(result.kubeconfig)).toBe(true);
    expect(result.access).toEqual({ kubeconfig: result.kubeconfig });
    expect(graph.named("east-kubeconfig").additionalSecretOutputs).toContain("stdout");
    expect(graph.named("east", types.kubernetesProvider).secrets).toEqual(["kubeconfig"]);
  });

  test("takes everything on it along when its containers go", async () => {
    const { graph, result } = await make();
    expect(await valueOf(result.deletedWith.urn)).toBe(graph.named("east-containers").urn);
  });
});

describe("its nodes", () => {
  test("are asked for at every run, once the containers are there", async () => {
    const { questions, result } = await make();
    const question = (action: string) => ({
      command: `${program} ${action}`,
      environment: {
        MESH_CLUSTER: "east",
        MESH_ENVIRONMENT: "test",
        MESH_NETWORK: "mc-network",
        MESH_AFTER: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
      },
      logging: "none",
    });
    expect(questions).toHaveLength(2);
    expect(questions).toEqual(expect.arrayContaining([question("nodes"), question("server")]));
    expect(await valueOf(result.nodes)).toEqual(nodes);
    expect(await pulumi.isSecret(result.nodes)).toBe(false);
  });

  test("include the server where the others reach the API server, on the shared network", async () => {
    const { result } = await make();
    expect(await valueOf(result.apiServer)).toBe("https://172.18.0.2:6443");
  });

  test("don't matter where the settings give that address", async () => {
    const { result } = await make({ apiServer: "https://10.0.0.7:6443" });
    expect(await valueOf(result.apiServer)).toBe("https://10.0.0.7:6443");
  });
});

test("its provider is for another cluster when the cluster becomes another one", async () => {
  const { graph } = await make();
  const provider = graph.named("east", types.kubernetesProvider);
  expect(provider.inputs["clusterIdentifier"]).toBe("test east east-identity-id");
  expect(provider.propertyDependencies["clusterIdentifier"]).toEqual([graph.named("east-identity").urn]);
});
