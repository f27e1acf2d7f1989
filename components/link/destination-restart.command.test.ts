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
