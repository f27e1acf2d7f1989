import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { record, types } from "../../tests/record.ts";
import type { ClusterAccess } from "../cluster/cluster.ts";
import { MirrorCleanup } from "./mirror-cleanup.ts";

async function cleanup(access: ClusterAccess) {
  const { graph } = await record(
    () => new MirrorCleanup("mirrors", { target: "west", namespace: "linkerd-multicluster", access }),
  );
  expect(graph.children()).toEqual({ mirrors: types.command });
  return graph.named("mirrors");
}

test("nothing runs until the clean-up is deleted", async () => {
  const { inputs } = await cleanup({ kubeconfig: pulumi.secret("kubeconfig of east") });
  expect(inputs).toEqual({
    delete: "node components/link/mirror-cleanup.command.ts delete",
    environment: {
      MESH_TARGET: "west",
      MESH_NAMESPACE: "linkerd-multicluster",
      MESH_KUBECONFIG: "kubeconfig of east",
    },
    logging: "stderr",
  });
});

test("a kubeconfig is secret", async () => {
  const { secrets } = await cleanup({ kubeconfig: pulumi.secret("kubeconfig of east") });
  expect(secrets).toEqual(["environment.MESH_KUBECONFIG"]);
});

test("a cluster known by its context is reached by it, without credentials in the state", async () => {
  const { inputs, secrets } = await cleanup({ context: "prod-east", path: "/home/me/prod" });
  expect(inputs["environment"]).toEqual({
    MESH_TARGET: "west",
    MESH_NAMESPACE: "linkerd-multicluster",
    MESH_CONTEXT: "prod-east",
    MESH_KUBECONFIG_PATH: "/home/me/prod",
  });
  expect(secrets).toEqual([]);
});
