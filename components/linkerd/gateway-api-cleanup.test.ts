import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { record } from "../../tests/record.ts";
import { GatewayApiCleanup } from "./gateway-api-cleanup.ts";

test("nothing runs until the clean-up is deleted, and then with the cluster's own access", async () => {
  const access = { kubeconfig: pulumi.secret("kubeconfig of east") };
  const { graph } = await record(() => new GatewayApiCleanup("cleanup", { release: "linkerd-crds", access }));
  const cleanup = graph.named("cleanup");
  expect(cleanup.inputs).toEqual({
    delete: "node components/linkerd/gateway-api-cleanup.command.ts delete",
    environment: { MESH_RELEASE: "linkerd-crds", MESH_KUBECONFIG: "kubeconfig of east" },
    logging: "stderr",
  });
  expect(cleanup.secrets).toEqual(["environment.MESH_KUBECONFIG"]);
});
