import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { runProgram, startApiServer, type ApiServer } from "../../tests/record.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

function definition(plural: string, release: string | undefined, group = "gateway.networking.k8s.io") {
  const annotations = release === undefined ? {} : { "meta.helm.sh/release-name": release };
  return {
    metadata: { name: `${plural}.${group}`, annotations },
    spec: {
      group,
      names: { plural },
      versions: [
        { name: "v1beta1", storage: false },
        { name: "v1", storage: true },
      ],
    },
  };
}

let east: ApiServer;

beforeEach(async () => {
  east = await startApiServer("east");
});

afterEach(() => east.close());

function run(release = "linkerd-crds") {
  return runProgram("components/linkerd/gateway-api-cleanup.command.ts", "delete", {
    MESH_RELEASE: release,
    MESH_KUBECONFIG: east.kubeconfig,
  });
}

describe("the program", { timeout: 60_000 }, () => {
  test("deletes the release's own definitions that nobody uses", async () => {
    east.lists[definitions] = [
      definition("httproutes", "linkerd-crds"),
      definition("grpcroutes", "linkerd-crds"),
      definition("gateways", "somebody-elses"),
      definition("gatewayclasses", undefined),
      definition("servers", "linkerd-crds", "policy.linkerd.io"),
    ];
    east.lists["/apis/gateway.networking.k8s.io/v1/grpcroutes"] = [{ metadata: { name: "in-use" } }];
    expect(await run()).toEqual({
      code: 0,
      stdout: "",
      stderr: "keeping grpcroutes.gateway.networking.k8s.io: there are objects of it\n",
    });
    expect(east.changes).toEqual([`DELETE ${definitions}/httproutes.gateway.networking.k8s.io`]);
  });

  test("is content when a definition is gone already, and fails when it may not delete one", async () => {
    east.lists[definitions] = [definition("httproutes", "linkerd-crds")];
    east.missing.push(`${definitions}/httproutes.gateway.networking.k8s.io`);
    expect(await run()).toEqual({ code: 0, stdout: "", stderr: "" });
    east.missing.length = 0;
    east.forbidden.push(`${definitions}/httproutes.gateway.networking.k8s.io`);
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toContain("no way");
  });
});
