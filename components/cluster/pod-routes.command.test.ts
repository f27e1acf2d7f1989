import { describe, expect, test, vi } from "vitest";

import { runProgram, type Answers } from "./k3d-stand-ins.ts";
import { obsolete } from "./pod-routes.command.ts";

// Every call is a process of its own.
vi.setConfig({ testTimeout: 60_000 });

const toServer = { network: "10.22.0.0/24", via: "172.18.0.4" };
const toAgent = { network: "10.22.1.0/24", via: "172.18.0.5" };
const toOther = { network: "10.21.0.0/24", via: "172.18.0.6" };

interface Given {
  readonly nodes?: string;
  readonly routes: readonly unknown[];
  readonly before?: string;
  readonly answers?: Answers;
}

function run(action: string, { nodes = "server,agent", routes, before, answers = {} }: Given) {
  const environment = {
    MESH_NODES: nodes,
    MESH_ROUTES: JSON.stringify(routes),
    ...(before === undefined ? {} : { PULUMI_COMMAND_STDOUT: before }),
  };
  return runProgram("pod-routes.command.ts", action, environment, answers);
}

describe("create", () => {
  test("adds every route to every node, and prints the routes for the next update", async () => {
    const routes = [toServer, toAgent];
    const { code, stdout, calls } = await run("create", { routes });
    expect(calls).toEqual([
      "docker exec server ip route replace 10.22.0.0/24 via 172.18.0.4",
      "docker exec server ip route replace 10.22.1.0/24 via 172.18.0.5",
      "docker exec agent ip route replace 10.22.0.0/24 via 172.18.0.4",
      "docker exec agent ip route replace 10.22.1.0/24 via 172.18.0.5",
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(routes);
  });

  test("fails when a route can't be added", async () => {
    const { code, stdout, stderr } = await run("create", {
      routes: [toServer],
      answers: { "docker exec agent": { fails: "Network unreachable" } },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Network unreachable");
  });
});

describe("update", () => {
  test("removes the routes that are no longer wanted, then adds all others again", async () => {
    const moved = { ...toServer, via: "172.18.0.9" };
    const { code, stdout, calls } = await run("update", {
      nodes: "server",
      before: JSON.stringify([toServer, toOther]),
      routes: [moved, toAgent],
    });
    expect(calls).toEqual([
      "docker exec server ip route del 10.21.0.0/24",
      "docker exec server ip route replace 10.22.0.0/24 via 172.18.0.9",
      "docker exec server ip route replace 10.22.1.0/24 via 172.18.0.5",
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([moved, toAgent]);
  });

  test("doesn't mind a route that a restart has already removed", async () => {
    const { code, stderr, calls } = await run("update", {
      nodes: "server",
      before: JSON.stringify([toOther]),
      routes: [toServer],
      answers: { "docker exec server ip route del": { fails: "No such process" } },
    });
    expect(stderr).toBe("server has no route to 10.21.0.0/24 any more\n");
    expect(calls).toHaveLength(2);
    expect(code).toBe(0);
  });

  test.each([undefined, ""])("adds the routes when nothing is known of before", async (before) => {
    const { calls } = await run("update", {
      nodes: "server",
      routes: [toServer],
      ...(before === undefined ? {} : { before }),
    });
    expect(calls).toEqual(["docker exec server ip route replace 10.22.0.0/24 via 172.18.0.4"]);
  });
});

test("delete removes the routes, and doesn't mind a container that is gone", async () => {
  const { code, stderr, calls } = await run("delete", {
    routes: [toServer],
    answers: { "docker exec agent": { fails: "No such container: agent" } },
  });
  expect(calls).toEqual([
    "docker exec server ip route del 10.22.0.0/24",
    "docker exec agent ip route del 10.22.0.0/24",
  ]);
  expect(stderr).toBe("agent has no route to 10.22.0.0/24 any more\n");
  expect(code).toBe(0);
});

test("a route is obsolete when its network is no longer wanted, not when it leads elsewhere", () => {
  expect(obsolete([toServer, toAgent], [{ ...toServer, via: "172.18.0.9" }])).toEqual([toAgent]);
});
