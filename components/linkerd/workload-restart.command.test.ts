import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { runProgram, startApiServer, type ApiServer } from "../../tests/record.ts";

const program = "components/linkerd/workload-restart.command.ts";
const pods = "/api/v1/namespaces/shop/pods";
const apps = "/apis/apps/v1/namespaces/shop";
const web = `${apps}/deployments/web`;
const store = `${apps}/statefulsets/store`;

function pod(kind: string, owner: string, container = "linkerd-proxy") {
  const labels = { "pod-template-hash": "abc" };
  const ownerReferences = [{ controller: true, kind, name: owner }];
  return {
    metadata: { name: `${owner}-1`, namespace: "shop", labels, ownerReferences },
    spec: { containers: [{ name: container }] },
  };
}

const rolledOut = {
  metadata: {},
  spec: { replicas: 1 },
  status: { updatedReplicas: 1, readyReplicas: 1, replicas: 1 },
};

let east: ApiServer;

beforeEach(async () => {
  east = await startApiServer("east");
  east.lists[pods] = [
    pod("ReplicaSet", "web-abc"),
    pod("ReplicaSet", "web-abc"),
    pod("StatefulSet", "store"),
    pod("Job", "once"),
    pod("ReplicaSet", "plain-abc", "app"),
  ];
  east.objects[web] = rolledOut;
  east.objects[store] = rolledOut;
});

afterEach(() => east.close());

function run(action: string, before?: string) {
  return runProgram(program, action, {
    MESH_NAMESPACES: "shop",
    MESH_TRUST: "new",
    MESH_KUBECONFIG: east.kubeconfig,
    ...(before === undefined ? {} : { PULUMI_COMMAND_STDOUT: before }),
  });
}

describe("the program", { timeout: 60_000 }, () => {
  test("restarts each meshed workload once, and remembers with which anchors", async () => {
    const { code, stdout, stderr } = await run("restart", "old");
    expect([code, stdout]).toEqual([0, "new"]);
    expect(stderr).toBe("restarting Deployment shop/web\nrestarting StatefulSet shop/store\n");
    expect(east.changes).toEqual([`PATCH ${web}`, `PATCH ${store}`]);
    expect(east.bodies[`PATCH ${web}`]).toEqual({
      spec: {
        template: {
          metadata: {
            annotations: { "kubectl.kubernetes.io/restartedAt": expect.stringMatching(/^20.*Z$/) as string },
          },
        },
      },
    });
  });

  test("restarts nothing when only the way to the cluster is another one", async () => {
    expect(await run("restart", "new")).toEqual({ code: 0, stdout: "new", stderr: "" });
    expect(east.changes).toEqual([]);
  });

  test("restarts nothing when it is new", async () => {
    expect(await run("remember")).toEqual({ code: 0, stdout: "new", stderr: "" });
    expect(east.changes).toEqual([]);
  });

  test("fails when a workload can't be restarted", async () => {
    east.forbidden.push(web);
    const { code, stderr } = await run("restart", "old");
    expect(code).toBe(1);
    expect(stderr).toContain("403");
  });
});
