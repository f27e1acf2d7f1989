import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { record, types } from "../../tests/record.ts";
import { Ownership, type OwnershipArgs } from "./ownership.ts";

async function environmentOf(args: Partial<OwnershipArgs>) {
  const { graph } = await record(
    () =>
      new Ownership("ownership", {
        linkerd: { cni: false, viz: false },
        controlPlaneNamespace: "linkerd",
        services: [],
        access: { kubeconfig: pulumi.secret("kubeconfig of east") },
        ...args,
      }),
  );
  expect(graph.children()).toEqual({ ownership: types.command });
  const { inputs, secrets } = graph.named("ownership");
  expect(inputs).toMatchObject({ create: "node components/linkerd/ownership.command.ts take" });
  expect(secrets).toEqual(["environment.MESH_KUBECONFIG"]);
  return inputs["environment"];
}

test("what Linkerd's charts make is looked for where they make it", async () => {
  expect(await environmentOf({ controlPlaneNamespace: "mesh" })).toMatchObject({
    MESH_NAMESPACES: "mesh\nlinkerd-multicluster",
    MESH_LABELS: "linkerd.io/control-plane-ns=mesh\nlinkerd.io/extension=multicluster",
  });
  expect(await environmentOf({ linkerd: { cni: true, viz: true } })).toMatchObject({
    MESH_NAMESPACES: "linkerd\nlinkerd-multicluster\nlinkerd-viz\nlinkerd-cni",
    MESH_LABELS:
      "linkerd.io/control-plane-ns=linkerd\nlinkerd.io/extension=multicluster\n" +
      "linkerd.io/extension=viz\nlinkerd.io/cni-resource=true",
  });
});

test("it is done again when another service is exported", async () => {
  const services = [
    { namespace: "shop", name: "cart" },
    { namespace: "shop", name: "stock" },
  ];
  expect(await environmentOf({ services })).toMatchObject({ MESH_SERVICES: "shop/cart\nshop/stock" });
});
