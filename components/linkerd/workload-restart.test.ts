import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { record } from "../../tests/record.ts";
import { WorkloadRestart } from "./workload-restart.ts";

test("restarts nothing that is new, and the workloads of its namespaces with the anchors", async () => {
  const { graph } = await record(
    () =>
      new WorkloadRestart("restart", {
        namespaces: ["shop", "billing"],
        trustFingerprint: "0123",
        access: { kubeconfig: pulumi.secret("kubeconfig of east") },
      }),
  );
  expect(graph.named("restart").inputs).toEqual({
    create: "node components/linkerd/workload-restart.command.ts remember",
    update: "node components/linkerd/workload-restart.command.ts restart",
    environment: {
      MESH_NAMESPACES: "shop billing",
      MESH_TRUST: "0123",
      MESH_KUBECONFIG: "kubeconfig of east",
    },
    logging: "stderr",
  });
  expect(graph.exposing("kubeconfig of east")).toEqual([]);
});
