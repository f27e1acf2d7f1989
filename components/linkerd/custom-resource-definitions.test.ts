import * as command from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, linkerd, simulated } from "../../settings/test-examples.ts";
import { record, types, valueOf } from "../../tests/record.ts";
import { CustomResourceDefinitions } from "./custom-resource-definitions.ts";

function make(more: Record<string, unknown> = {}, clusterValues: Record<string, unknown> = {}) {
  const settings = parseSettings(
    configuration({
      linkerd: linkerd(more),
      clusters: { east: simulated(1, { values: { crds: clusterValues } }) },
    }),
  );
  return record(() => {
    const [cluster] = settings.clusters;
    if (cluster === undefined) throw new Error("There is no cluster.");
    const access = { kubeconfig: pulumi.secret("kubeconfig of east") };
    return new CustomResourceDefinitions(
      "east-crds",
      { linkerd: settings.linkerd, cluster, namespace: "linkerd", access },
      { providers: [new k8s.Provider("east", {}), new command.Provider("command")] },
    );
  });
}

describe("the custom resource definitions", () => {
  test("are one Helm release, and a clean-up for what it leaves behind", async () => {
    const { graph, result } = await make();
    expect(graph.children("east-crds")).toEqual({
      "east-crds-gateway-api": types.command,
      "east-crds-release": types.release,
    });
    expect(graph.provider("east-crds-release")).toBe("east");
    expect(await valueOf(result.release.urn)).toBe(graph.named("east-crds-release").urn);
  });

  test("are deleted before they are cleaned up after", async () => {
    const { graph } = await make();
    expect(graph.dependencies("east-crds-release")).toEqual(["east-crds-gateway-api"]);
    expect(graph.named("east-crds-gateway-api").inputs["environment"]).toEqual({
      MESH_RELEASE: graph.named("east-crds-release").inputs["name"],
      MESH_KUBECONFIG: "kubeconfig of east",
    });
  });

  test("leave nothing behind without the Gateway API", async () => {
    const { graph } = await make({ gatewayApi: false });
    expect(graph.children("east-crds")).toEqual({ "east-crds-release": types.release });
    expect(graph.dependencies("east-crds-release")).toEqual([]);
  });

  test("come with the Gateway API unless others install it", async () => {
    const values = async (gatewayApi: boolean) =>
      (await make({ gatewayApi })).graph.named("east-crds-release").inputs["values"];
    expect(await values(true)).toEqual({ installGatewayAPI: true });
    expect(await values(false)).toEqual({ installGatewayAPI: false });
  });

  test("are found where the other charts are", async () => {
    const { graph } = await make({ charts: { directory: "/srv/charts" } });
    expect(graph.named("east-crds-release").inputs).toMatchObject({
      name: "linkerd-crds",
      chart: "/srv/charts/linkerd-crds-2026.8.3.tgz",
      namespace: "linkerd",
    });
    const { graph: remote } = await make();
    expect(remote.named("east-crds-release").inputs).toMatchObject({
      chart: "linkerd-crds",
      version: "2026.8.3",
      repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
    });
  });

  test("take values of the environment, then of the cluster", async () => {
    const { graph } = await make(
      { values: { crds: { enableTlsRoutes: false, enableTcpRoutes: false } } },
      { enableTlsRoutes: true },
    );
    expect(graph.named("east-crds-release").inputs["values"]).toEqual({
      installGatewayAPI: true,
      enableTlsRoutes: true,
      enableTcpRoutes: false,
    });
  });
});
