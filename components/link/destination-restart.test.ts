import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { record } from "../../tests/record.ts";
import { DestinationRestart } from "./destination-restart.ts";

test("reads a new link's credentials without a restart, and restarts destination when they are others", async () => {
  const { graph } = await record(
    () =>
      new DestinationRestart("restart", {
        namespace: "linkerd",
        target: "west",
        credentials: pulumi.output("0123"),
        access: { kubeconfig: pulumi.secret("kubeconfig of east") },
      }),
  );
  expect(graph.named("restart").inputs).toEqual({
    create: "node components/link/destination-restart.command.ts remember",
    update: "node components/link/destination-restart.command.ts restart",
    environment: {
      MESH_NAMESPACE: "linkerd",
      MESH_CREDENTIALS: "0123",
      MESH_TARGET: "west",
      MESH_KUBECONFIG: "kubeconfig of east",
    },
    logging: "stderr",
  });
  expect(graph.exposing("kubeconfig of east")).toEqual([]);
});
