import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, linkerd } from "../../settings/test-examples.ts";
import { record, toBase64, types, valueOf } from "../../tests/record.ts";
import { linkerdNamespace, podSecurity } from "./namespace.ts";

function settings(more: Record<string, unknown> = {}) {
  return parseSettings(configuration({ linkerd: linkerd(more) })).linkerd;
}

const make = (more: Record<string, unknown> = {}, annotations?: Record<string, string>) =>
  record(() =>
    linkerdNamespace(
      "east-viz-namespace",
      {
        name: "linkerd-viz",
        labels: { "linkerd.io/extension": "viz" },
        ...(annotations === undefined ? {} : { annotations }),
        linkerd: settings(more),
      },
      { protect: true },
    ),
  );

describe("a namespace", () => {
  test("has the labels that the chart's hook would set", async () => {
    const { graph, result } = await make();
    expect(graph.children()).toEqual({ "east-viz-namespace": types.namespace });
    expect(graph.named("east-viz-namespace").inputs).toEqual({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "linkerd-viz", labels: { "linkerd.io/extension": "viz" }, annotations: {} },
    });
    expect(await valueOf(result.urn)).toBe(graph.named("east-viz-namespace").urn);
  });

  test("has annotations where they are given", async () => {
    const { graph } = await make({}, { "linkerd.io/inject": "disabled" });
    expect(graph.named("east-viz-namespace").inputs["metadata"]).toMatchObject({
      annotations: { "linkerd.io/inject": "disabled" },
    });
  });

  test("lets proxies set up iptables only where no CNI plugin does", () => {
    const level = "pod-security.kubernetes.io/enforce";
    expect(podSecurity(settings())).toEqual({ [level]: "privileged" });
    expect(podSecurity(settings({ cni: true }))).toEqual({ [level]: "restricted" });
  });
});

describe("pull secrets", () => {
  const dockerConfigJson = JSON.stringify({ auths: { "registry.example": { auth: "me" } } });
  const pullSecrets = [{ name: "registry", dockerConfigJson }, { name: "made-by-others" }];

  test("are made in the namespace where their content is given", async () => {
    const { graph } = await make({ pullSecrets });
    expect(graph.children()).toEqual({
      "east-viz-namespace": types.namespace,
      "east-viz-namespace-registry": types.secret,
    });
    const secret = graph.named("east-viz-namespace-registry");
    expect(secret.inputs).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "registry", namespace: "linkerd-viz" },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": toBase64(dockerConfigJson) },
    });
    expect(secret.secrets).toEqual(["data"]);
    expect(secret.additionalSecretOutputs).toContain("data");
    expect(graph.dependencies("east-viz-namespace-registry")).toEqual(["east-viz-namespace"]);
  });

  test("get the same options as their namespace", async () => {
    const { graph } = await make({ pullSecrets });
    expect(graph.resources.map(({ protect }) => protect)).toEqual([true, true]);
  });
});
