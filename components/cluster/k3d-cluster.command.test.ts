import { describe, expect, test, vi } from "vitest";
import { parse } from "yaml";

import { k3dConfiguration } from "./k3d-cluster.command.ts";
import { runProgram, type Answer, type Answers } from "./k3d-stand-ins.ts";

// Every call is a process of its own.
vi.setConfig({ testTimeout: 60_000 });

/** The settings of the book's first cluster, as the component gives them. */
const environment = {
  MESH_CLUSTER: "cluster1",
  MESH_ENVIRONMENT: "dev",
  MESH_IMAGE: "rancher/k3s:v1.33.4-k3s1",
  MESH_SERVERS: "1",
  MESH_AGENTS: "0",
  MESH_NETWORK: "mc-network",
  MESH_POD_NETWORKS: "10.23.0.0/16",
  MESH_SERVICE_NETWORKS: "10.247.0.0/16",
  MESH_CLUSTER_DOMAIN: "cluster.local",
};

function container(name: string, role: string, owner = "dev"): string {
  return `k3d-cluster1-${name}\t${role}\t${owner}\n`;
}

const server = container("server-0", "server");
const balancer = container("serverlb", "loadbalancer");

function agent(name: string): string {
  return container(name, "agent");
}

/** k3d's helper has no label of ours. */
const helper = container("tools", "noRole", "");

/** What Docker lists. */
function listed(...containers: readonly string[]): string {
  return containers.join("");
}

function kubernetesNode(name: string, podCIDR?: string, status = "True") {
  return {
    metadata: { name: `k3d-cluster1-${name}` },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: { conditions: [{ type: "Ready", status }] },
  };
}

function kubernetesNodes(...items: readonly unknown[]): string {
  return JSON.stringify({ items });
}

const oneNode = kubernetesNodes(kubernetesNode("server-0", "10.23.0.0/24"));

const list =
  "docker ps --all --filter label=k3d.cluster=cluster1 " +
  '--format {{.Names}}\t{{.Label "k3d.role"}}\t{{.Label "linkerd-mesh.environment"}}';
const inServer = "docker exec k3d-cluster1-server-0 kubectl";
const getNodes = `${inServer} get nodes --output json`;
const getKubeconfig = "k3d kubeconfig get cluster1";
const createCluster = "k3d cluster create --config FILE";
const deleteCluster = "k3d cluster delete cluster1";
const addContext =
  "k3d kubeconfig merge cluster1 --kubeconfig-merge-default --kubeconfig-switch-context=false";

function run(action: string, answers: Answers, more: Readonly<Record<string, string>> = {}) {
  return runProgram("k3d-cluster.command.ts", action, { ...environment, ...more }, answers);
}

test.each([
  ["cluster1", "10.23.0.0/16", "10.247.0.0/16"],
  ["cluster2", "10.22.0.0/16", "10.246.0.0/16"],
])("the configuration of %s is that of example 12-1", (cluster, podNetworks, serviceNetworks) => {
  const configuration = k3dConfiguration({
    cluster,
    environment: "dev",
    image: "rancher/k3s:v1.33.4-k3s1",
    servers: 1,
    agents: 0,
    network: "mc-network",
    podNetworks,
    serviceNetworks,
    clusterDomain: "cluster.local",
  });
  expect(configuration).toEqual({
    apiVersion: "k3d.io/v1alpha5",
    kind: "Simple",
    metadata: { name: cluster },
    servers: 1,
    agents: 0,
    image: "rancher/k3s:v1.33.4-k3s1",
    network: "mc-network",
    options: {
      k3d: { wait: true, timeout: "300s" },
      k3s: {
        extraArgs: [
          { arg: `--cluster-cidr=${podNetworks}`, nodeFilters: ["server:*"] },
          { arg: `--service-cidr=${serviceNetworks}`, nodeFilters: ["server:*"] },
          { arg: "--cluster-domain=cluster.local", nodeFilters: ["server:*"] },
          { arg: "--disable=traefik", nodeFilters: ["server:*"] },
        ],
      },
      runtime: { labels: [{ label: "linkerd-mesh.environment=dev", nodeFilters: ["all"] }] },
      kubeconfig: { updateDefaultKubeconfig: false, switchCurrentContext: false },
    },
  });
});

describe("create", () => {
  const made = {
    [list]: [listed(), listed(server, balancer)],
    [getNodes]: oneNode,
  };

  test("makes the cluster, waits for its nodes and adds its context", async () => {
    const { code, stdout, calls, configuration } = await run("create", made);
    expect(calls).toEqual([list, createCluster, list, getNodes, addContext]);
    expect(parse(configuration ?? "")).toEqual(
      k3dConfiguration({
        cluster: "cluster1",
        environment: "dev",
        image: "rancher/k3s:v1.33.4-k3s1",
        servers: 1,
        agents: 0,
        network: "mc-network",
        podNetworks: "10.23.0.0/16",
        serviceNetworks: "10.247.0.0/16",
        clusterDomain: "cluster.local",
      }),
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  test.each([
    ["", [server, balancer, helper]],
    [", even if only its load balancer is left", [balancer]],
    [", even if only k3d's helper is there yet", [helper]],
  ])("starts anew what an interrupted creation of this environment left%s", async (_, leftover) => {
    const { code, stderr, calls } = await run("create", {
      ...made,
      [list]: [listed(...leftover), listed(server, balancer)],
    });
    expect(calls).toEqual([list, deleteCluster, createCluster, list, getNodes, addContext]);
    expect(stderr).toContain("cluster1 was left by an interrupted update; starting it anew");
    expect(code).toBe(0);
  });

  test.each([
    ["nobody", ""],
    ["another environment", "prod"],
  ])("refuses a cluster of that name which belongs to %s, and says the ways out", async (_, owner) => {
    const foreign = container("server-0", "server", owner);
    const { code, stdout, stderr, calls } = await run("create", { [list]: listed(helper, foreign) });
    expect(calls).toEqual([list]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      "There is a k3d cluster cluster1 that this environment didn't create. Rename the cluster in the stack file, " +
        "adopt it with source: existing and context: k3d-cluster1, or delete it with: k3d cluster delete cluster1\n",
    );
  });

  test("says what k3d said when it fails", async () => {
    const { code, stdout, stderr, calls } = await run("create", {
      [list]: listed(),
      "k3d cluster create": { fails: "FATA[0000] no such image\n" },
    });
    expect(calls).toEqual([list, createCluster]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("FATA[0000] no such image");
  });

  test.each<[string, Answer]>([
    ["the API server answers", { fails: "the server is starting" }],
    ["the nodes are there", kubernetesNodes()],
    ["the nodes are ready", kubernetesNodes(kubernetesNode("server-0", "10.23.0.0/24", "False"))],
    ["the nodes have a pod network", kubernetesNodes(kubernetesNode("server-0"))],
  ])("waits until %s", async (_, notYet) => {
    const { code, calls } = await run("create", { ...made, [getNodes]: [notYet, oneNode] });
    expect(calls.filter((call) => call === getNodes)).toHaveLength(2);
    expect(code).toBe(0);
  });

  test("doesn't fail where the default kubeconfig can't be written", async () => {
    const { code, stdout, stderr } = await run("create", {
      ...made,
      "k3d kubeconfig merge": { fails: "multiple kubeconfigs specified via KUBECONFIG" },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("cluster1: the default kubeconfig has no context k3d-cluster1");
  });
});

describe("update", () => {
  const create = (name: string) =>
    `k3d node create ${name} --cluster cluster1 --role agent --image rancher/k3s:v1.33.4-k3s1 --wait --timeout 300s`;
  const drain = (name: string) =>
    `${inServer} drain ${name} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s`;
  const nodes = (...names: readonly string[]) =>
    kubernetesNodes(...names.map((name, index) => kubernetesNode(name, `10.23.${index.toString()}.0/24`)));
  /** The calls between the two that ask for the state before, and the two that end every update. */
  const steps = (calls: readonly string[]) => {
    expect(calls.slice(0, 2)).toEqual([list, getNodes]);
    expect(calls.slice(-2)).toEqual([list, getNodes]);
    return calls.slice(2, -2);
  };

  test("adds agents", async () => {
    const before = listed(server);
    const { code, stdout, calls } = await run(
      "update",
      {
        [list]: [
          before,
          before,
          before,
          listed(server, agent("agent-0-0")),
          listed(server, agent("agent-1-0"), agent("agent-0-0")),
        ],
        [getNodes]: [nodes("server-0"), nodes("server-0"), nodes("server-0", "agent-0-0", "agent-1-0")],
      },
      { MESH_AGENTS: "2" },
    );
    expect(steps(calls)).toEqual([
      list,
      getNodes,
      list,
      create("cluster1-agent-0"),
      list,
      create("cluster1-agent-1"),
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  test("gives a new agent a number that is free, whoever made the others", async () => {
    const agents = [agent("agent-0"), agent("agent-2-0")];
    const { calls } = await run(
      "update",
      { [list]: listed(server, ...agents), [getNodes]: nodes("server-0", "agent-0", "agent-2-0") },
      { MESH_AGENTS: "3" },
    );
    expect(steps(calls)).toEqual([list, getNodes, list, create("cluster1-agent-1")]);
  });

  test("empties the agents with the highest numbers, removes them, and Kubernetes forgets them", async () => {
    const [zero, two, ten] = [agent("agent-0"), agent("agent-2-0"), agent("agent-10-0")];
    const all = nodes("server-0", "agent-0", "agent-2-0", "agent-10-0");
    const { code, calls } = await run(
      "update",
      {
        [list]: [listed(ten, two, zero, server, balancer), listed(zero, server, balancer)],
        [getNodes]: [all, all, nodes("server-0", "agent-0")],
      },
      { MESH_AGENTS: "1" },
    );
    expect(steps(calls)).toEqual([
      drain("k3d-cluster1-agent-2-0"),
      "k3d node delete k3d-cluster1-agent-2-0",
      drain("k3d-cluster1-agent-10-0"),
      "k3d node delete k3d-cluster1-agent-10-0",
      list,
      getNodes,
      `${inServer} delete node k3d-cluster1-agent-2-0`,
      `${inServer} delete node k3d-cluster1-agent-10-0`,
    ]);
    expect(code).toBe(0);
  });

  test("removes an agent that can't be emptied", async () => {
    const { code, stderr, calls } = await run("update", {
      [list]: [listed(server, agent("agent-0")), listed(server)],
      [getNodes]: nodes("server-0", "agent-0"),
      [`${inServer} drain`]: { fails: "global timeout reached: 1m0s" },
    });
    expect(stderr).toContain("k3d-cluster1-agent-0 couldn't be emptied within a minute");
    expect(calls).toContain("k3d node delete k3d-cluster1-agent-0");
    expect(code).toBe(0);
  });

  test("finishes a removal that was interrupted, and changes nothing else", async () => {
    const { calls } = await run("update", {
      [list]: listed(server, balancer),
      [getNodes]: nodes("server-0", "agent-0-0"),
    });
    expect(steps(calls)).toEqual([list, getNodes, `${inServer} delete node k3d-cluster1-agent-0-0`]);
  });

  test("starts anew an addition that was interrupted", async () => {
    const { calls } = await run(
      "update",
      {
        [list]: [listed(server, agent("agent-0-0")), listed(server), listed(server), listed(server)],
        [getNodes]: nodes("server-0"),
      },
      { MESH_AGENTS: "1" },
    );
    expect(steps(calls)).toEqual([
      "k3d node delete k3d-cluster1-agent-0-0",
      list,
      getNodes,
      list,
      create("cluster1-agent-0"),
    ]);
  });
});

test("kubeconfig prints the kubeconfig", async () => {
  const { code, stdout, calls } = await run("kubeconfig", { [getKubeconfig]: "kubeconfig" });
  expect(calls).toEqual([getKubeconfig]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "kubeconfig" });
});

describe("delete", () => {
  test.each([
    ["its containers are there", listed(server, balancer)],
    ["its containers are gone: k3d removes what else it left", listed()],
  ])("deletes the cluster when %s", async (_, containers) => {
    const { code, stdout, calls } = await run("delete", { [list]: containers });
    expect(calls).toEqual([list, deleteCluster]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  test("leaves a cluster alone that others made in its place", async () => {
    const { code, stderr, calls } = await run("delete", {
      [list]: listed(container("server-0", "server", "")),
    });
    expect(calls).toEqual([list]);
    expect(stderr).toBe("the k3d cluster cluster1 stays, because this environment didn't create it\n");
    expect(code).toBe(0);
  });
});

test("update doesn't touch a cluster that others made in its place", async () => {
  const { code, stderr, calls } = await run("update", {
    [list]: listed(container("server-0", "server", "")),
  });
  expect(calls).toEqual([list]);
  expect(stderr).toContain("There is a k3d cluster cluster1 that this environment didn't create.");
  expect(code).toBe(1);
});

describe("nodes", () => {
  const inspected = (...nodes: readonly (readonly [name: string, address: string])[]) =>
    JSON.stringify(
      nodes.map(([name, IPAddress]) => ({
        Name: `/k3d-cluster1-${name}`,
        State: { StartedAt: `start of ${name}` },
        NetworkSettings: {
          Networks: { bridge: { IPAddress: "172.17.0.9" }, "mc-network": { IPAddress } },
        },
      })),
    );

  test("prints the nodes, the first server first, with their addresses on the shared network", async () => {
    const { code, stdout, calls } = await run("nodes", {
      [list]: listed(balancer, agent("agent-10-0"), agent("agent-2"), server),
      [getNodes]: kubernetesNodes(
        kubernetesNode("agent-10-0", "10.23.2.0/24"),
        kubernetesNode("agent-2", "10.23.1.0/24"),
        kubernetesNode("gone", "10.23.3.0/24"),
        kubernetesNode("server-0", "10.23.0.0/24"),
      ),
      "docker inspect": inspected(
        ["agent-10-0", "172.18.0.6"],
        ["server-0", "172.18.0.2"],
        ["agent-2", "172.18.0.4"],
      ),
    });
    expect(calls).toEqual([
      list,
      getNodes,
      "docker inspect k3d-cluster1-server-0 k3d-cluster1-agent-2 k3d-cluster1-agent-10-0",
    ]);
    const node = (name: string, address: string, podNetwork: string) => ({
      name: `k3d-cluster1-${name}`,
      address,
      podNetwork,
      started: `start of ${name}`,
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      found: [
        node("server-0", "172.18.0.2", "10.23.0.0/24"),
        node("agent-2", "172.18.0.4", "10.23.1.0/24"),
        node("agent-10-0", "172.18.0.6", "10.23.2.0/24"),
      ],
    });
  });

  test("have a first server, whose address on the shared network is printed without asking Kubernetes", async () => {
    const { code, stdout, calls } = await run("server", {
      [list]: listed(balancer, agent("agent-0"), server),
      "docker inspect": inspected(["server-0", "172.18.0.2"]),
    });
    expect(calls).toEqual([list, "docker inspect k3d-cluster1-server-0"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ found: "172.18.0.2" });
  });

  test("whose first server has no address say so", async () => {
    const { stdout } = await run("server", {
      [list]: listed(server),
      "docker inspect": inspected(["server-0", ""]),
    });
    expect((JSON.parse(stdout) as { problem: string }).problem).toContain(
      "node k3d-cluster1-server-0 has no address\ncluster1 doesn't run as it was made.",
    );
  });

  const waysOut =
    "cluster1 doesn't run as it was made. If it was stopped: k3d cluster start cluster1. " +
    "If it is gone or broken, make it anew: npm run up -- STACK --replace '**::cluster1-identity'";

  test.each<[string, Answers]>([
    ["was made by others", { [list]: listed(container("server-0", "server", "prod")) }],
    ["is stopped", { [list]: listed(server), [getNodes]: { fails: "Container is not running" } }],
    ["is gone", { [list]: listed(), [getNodes]: { fails: "No such container" } }],
    [
      "has a node without an address",
      { [list]: listed(server), [getNodes]: oneNode, "docker inspect": inspected(["server-0", ""]) },
    ],
    [
      "has a node that Kubernetes doesn't know",
      {
        [list]: listed(server),
        [getNodes]: kubernetesNodes(),
        "docker inspect": inspected(["server-0", "172.18.0.2"]),
      },
    ],
  ])("says the ways out when the cluster %s", async (_, answers) => {
    const { code, stdout } = await run("nodes", answers);
    const { problem } = JSON.parse(stdout) as { problem: string };
    expect(problem.endsWith(waysOut)).toBe(true);
    expect(code).toBe(0);
  });
});

test("an action that isn't there, or a missing setting, is one message", async () => {
  expect((await run("grow", {})).stderr).toBe(
    "say what to do: create, update, delete, kubeconfig, server, nodes\n",
  );
  expect((await run("create", {}, { MESH_CLUSTER: "" })).stderr).toBe("MESH_CLUSTER is not set\n");
});
