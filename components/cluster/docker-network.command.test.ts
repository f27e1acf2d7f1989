import { describe, expect, test, vi } from "vitest";

import { runProgram, type Answers } from "./k3d-stand-ins.ts";

// Every call is a process of its own.
vi.setConfig({ testTimeout: 60_000 });

function run(action: string, answers: Answers) {
  const environment = { MESH_NETWORK: "mc-network", MESH_ENVIRONMENT: "dev" };
  return runProgram("docker-network.command.ts", action, environment, answers);
}

const byName = "docker network ls --filter name=mc-network --format {{.Name}}";
const byLabel = "docker network ls --filter label=linkerd-mesh.environment=dev --format {{.Name}}";

const leftovers =
  "docker ps --all --filter network=mc-network --filter label=linkerd-mesh.environment=dev " +
  '--format {{.Label "k3d.cluster"}}';

describe("create", () => {
  test("makes the network, with a label that says whose it is", async () => {
    // Docker's filter finds names that contain the text.
    const { code, stdout, calls } = await run("create", { [byName]: "mc-network-2\nmy-mc-network\n" });
    expect(calls).toEqual([byName, "docker network create --label linkerd-mesh.environment=dev mc-network"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  test("uses a network that is already there", async () => {
    const { code, stderr, calls } = await run("create", { [byName]: "mc-network-2\nmc-network\n" });
    expect(calls).toEqual([byName]);
    expect(stderr).toBe("using the Docker network mc-network that is already there\n");
    expect(code).toBe(0);
  });
});

describe("delete", () => {
  test("removes the network that this environment made", async () => {
    const { code, calls } = await run("delete", { [byLabel]: "mc-network\n" });
    expect(calls).toEqual([leftovers, byLabel, "docker network rm mc-network"]);
    expect(code).toBe(0);
  });

  test("first deletes what interrupted creations of this environment left on the network", async () => {
    const { code, stderr, calls } = await run("delete", {
      [leftovers]: "cluster1\ncluster1\ncluster2\n",
      [byLabel]: "mc-network\n",
    });
    expect(calls).toEqual([
      leftovers,
      "k3d cluster delete cluster1",
      "k3d cluster delete cluster2",
      byLabel,
      "docker network rm mc-network",
    ]);
    expect(stderr).toContain("cluster1 was left by an interrupted update; deleting it");
    expect(code).toBe(0);
  });

  test.each([
    ["that others made", ""],
    ["that others made, beside one of ours", "mc-network-2\n"],
  ])("leaves a network alone %s", async (_, ours) => {
    const { code, calls } = await run("delete", { [byLabel]: ours });
    expect(calls).toEqual([leftovers, byLabel]);
    expect(code).toBe(0);
  });

  test("says what Docker said when the network is still in use", async () => {
    const { code, stderr } = await run("delete", {
      [byLabel]: "mc-network\n",
      "docker network rm": { fails: "network mc-network has active endpoints" },
    });
    expect(stderr).toContain("network mc-network has active endpoints");
    expect(code).toBe(1);
  });
});
