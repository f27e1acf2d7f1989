import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { runProgram, startApiServer, type ApiServer } from "../../tests/record.ts";

const program = "components/link/destination-restart.command.ts";
const destination = "/apis/apps/v1/namespaces/linkerd/deployments/linkerd-destination";

let east: ApiServer;

beforeEach(async () => {
  east = await startApiServer("east");
  east.objects[destination] = {
    metadata: {},
    spec: { replicas: 1 },
    status: { updatedReplicas: 1, readyReplicas: 1, replicas: 1 },
  };
});

afterEach(() => east.close());

function run(action: string, before?: string) {
  return runProgram(program, action, {
    MESH_NAMESPACE: "linkerd",
    MESH_TARGET: "west",
    MESH_CREDENTIALS: "new",
    MESH_KUBECONFIG: east.kubeconfig,
    ...(before === undefined ? {} : { PULUMI_COMMAND_STDOUT: before }),
  });
}

describe("the program", { timeout: 60_000 }, () => {
  test("restarts destination when the credentials are others, and remembers which", async () => {
    expect(await run("restart", "old")).toEqual({
      code: 0,
      stdout: "new",
      stderr: "restarting destination for the credentials of west\n",
    });
    expect(east.changes).toEqual([`PATCH ${destination}`]);
  });

  test("restarts it once for the credentials of all links that are others, and again for later ones", async () => {
    const secret = (target: string, resourceVersion: string) => ({
      metadata: {
        name: `cluster-credentials-${target}`,
        resourceVersion,
        labels: { "multicluster.linkerd.io/cluster-name": target },
      },
    });
    /** What a restart writes into the template; the same again is no restart. */
    const template = async () => {
      await run("restart", "old");
      return east.bodies[`PATCH ${destination}`];
    };
    const list = (...secrets: ReturnType<typeof secret>[]) => {
      east.lists["/api/v1/namespaces/linkerd/secrets"] = secrets;
    };
    list(secret("west", "7"), secret("north", "8"));
    const first = await template();
    expect(first).toMatchObject({
      spec: { template: { metadata: { annotations: { "mesh/credentials": expect.any(String) as string } } } },
    });
    list(secret("north", "8"), secret("west", "7"));
    expect(await template()).toEqual(first);
    list(secret("west", "7"), secret("north", "9"));
    expect(await template()).not.toEqual(first);
  });

  test.each([
    ["remember", undefined],
    ["restart", "new"],
  ])("restarts nothing to %s what was read before", async (action, before) => {
    expect(await run(action, before)).toEqual({ code: 0, stdout: "new", stderr: "" });
    expect(east.changes).toEqual([]);
  });

  test("fails when destination can't be restarted, so that the old token isn't revoked", async () => {
    east.forbidden.push(destination);
    const { code, stderr } = await run("restart", "old");
    expect(code).toBe(1);
    expect(stderr).toContain("403");
  });
});
