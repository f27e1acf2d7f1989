import * as k8s from "@pulumi/kubernetes";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, linkerd, simulated } from "../../settings/test-examples.ts";
import { record, types } from "../../tests/record.ts";
import { Cni } from "./cni.ts";

function make(more: Record<string, unknown> = {}, clusterValues: Record<string, unknown> = {}) {
  const settings = parseSettings(
    configuration({
      linkerd: linkerd({ cni: true, ...more }),
      clusters: { east: simulated(1, { values: { cni: clusterValues } }) },
    }),
  );
  return record(() => {
    const [cluster] = settings.clusters;
    if (cluster === undefined) throw new Error("There is no cluster.");
    return new Cni(
      "east-cni",
      { linkerd: settings.linkerd, cluster },
      { providers: [new k8s.Provider("east", {})] },
    );
  });
}

describe("the CNI plugin", () => {
  test("is its namespace and its chart", async () => {
    const { graph } = await make();
    expect(graph.children("east-cni")).toEqual({
      "east-cni-namespace": types.namespace,
      "east-cni-chart": types.chart,
    });
    expect(graph.dependencies("east-cni-chart")).toEqual(["east-cni-namespace"]);
    expect(graph.kubernetes.map(({ name }) => graph.provider(name))).toEqual(["east", "east"]);
  });

  test("may do what pods normally may not, and is not injected", async () => {
    const { graph } = await make();
    expect(graph.named("east-cni-namespace").inputs["metadata"]).toEqual({
      name: "linkerd-cni",
      labels: {
        "linkerd.io/cni-resource": "true",
        "config.linkerd.io/admission-webhooks": "disabled",
        "pod-security.kubernetes.io/enforce": "privileged",
      },
      annotations: {},
    });
  });

  test("has the chart's defaults", async () => {
    const { graph } = await make();
    expect(graph.named("east-cni-chart").inputs).toEqual({
      chart: "linkerd2-cni",
      version: "2026.8.3",
      repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
      name: "linkerd2-cni",
      namespace: "linkerd-cni",
      values: {},
    });
  });

  test("takes its image from our registry, and values of the environment, then of the cluster", async () => {
    const { graph } = await make(
      { registry: "registry.example", values: { cni: { logLevel: "debug", priorityClassName: "high" } } },
      { logLevel: "trace" },
    );
    expect(graph.named("east-cni-chart").inputs["values"]).toEqual({
      image: { name: "registry.example/cni-plugin" },
      logLevel: "trace",
      priorityClassName: "high",
    });
  });
});
