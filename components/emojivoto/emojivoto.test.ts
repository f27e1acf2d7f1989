import * as k8s from "@pulumi/kubernetes";
import { describe, expect, test } from "vitest";

import { record, types } from "../../tests/record.ts";
import { Emojivoto, emojivotoParts, type EmojivotoPart } from "./emojivoto.ts";

const settings = {
  web: "east",
  backends: "west",
  mode: "gateway",
  namespace: "emojivoto",
  registry: "docker.l5d.io/buoyantio",
  version: "v11",
} as const;

async function make(parts: readonly EmojivotoPart[], more: object = {}) {
  const { graph } = await record(() => {
    const east = new k8s.Provider("east", {});
    const chart = new k8s.helm.v4.Chart("chart", { chart: "x" }, { provider: east });
    const app = new Emojivoto(
      "app",
      { emojivoto: { ...settings, ...more }, parts },
      { providers: [east], dependsOn: [chart] },
    );
    app.deploy([]);
    return app;
  });
  const container = (part: EmojivotoPart) => {
    const { spec } = graph.named(`app-${part}-deployment`).inputs as {
      spec: { template: { spec: { containers: unknown[]; serviceAccountName: string } } };
    };
    return { ...spec.template.spec, container: spec.template.spec.containers[0] };
  };
  return { graph, container };
}

test("web is alone on its cluster, the others are together", () => {
  expect(emojivotoParts(settings)).toEqual([
    ["east", ["web"]],
    ["west", ["emoji", "voting", "vote-bot"]],
  ]);
});

describe("emojivoto on a cluster", () => {
  test("is a meshed namespace, and an identity and a deployment for each part", async () => {
    const { graph } = await make(["emoji", "voting"]);
    expect(graph.children("app")).toEqual({
      "app-namespace": types.namespace,
      "app-emoji-service-account": types.serviceAccount,
      "app-emoji-deployment": types.deployment,
      "app-voting-service-account": types.serviceAccount,
      "app-voting-deployment": types.deployment,
    });
    expect(graph.named("app-namespace").inputs["metadata"]).toEqual({
      name: "emojivoto",
      annotations: { "linkerd.io/inject": "enabled" },
    });
    for (const name of Object.keys(graph.children("app"))) expect(graph.provider(name)).toBe("east");
  });

  test("comes after what gives its pods their proxies", async () => {
    const { graph } = await make(["web"]);
    expect(graph.dependencies("app-namespace")).toEqual(["chart"]);
    expect(graph.dependencies("app-web-deployment")).toEqual(["app-namespace", "app-web-service-account"]);
  });

  test("web calls its back ends by the names they had beside it", async () => {
    const { container } = await make(["web"]);
    expect(container("web")).toMatchObject({
      serviceAccountName: "web",
      container: {
        image: "docker.l5d.io/buoyantio/emojivoto-web:v11",
        env: [
          { name: "WEB_PORT", value: "8080" },
          { name: "EMOJISVC_HOST", value: "emoji-svc.emojivoto:8080" },
          { name: "VOTINGSVC_HOST", value: "voting-svc.emojivoto:8080" },
          { name: "INDEX_BUNDLE", value: "dist/index_bundle.js" },
        ],
        ports: [{ name: "http", containerPort: 8080 }],
      },
    });
  });

  test("the vote bot votes on the page of the other cluster", async () => {
    const { container } = await make(["vote-bot"]);
    expect(container("vote-bot")).toMatchObject({
      serviceAccountName: "vote-bot",
      container: {
        image: "docker.l5d.io/buoyantio/emojivoto-web:v11",
        command: ["emojivoto-vote-bot"],
        env: [{ name: "WEB_HOST", value: "web-svc-east.emojivoto:80" }],
      },
    });
  });

  test("starts those who call the other cluster anew when the way there is another", async () => {
    const annotations = async (part: EmojivotoPart, mode: string) => {
      const { graph } = await make([part], { mode });
      const { spec } = graph.named(`app-${part}-deployment`).inputs as {
        spec: { template: { metadata: { annotations?: unknown } } };
      };
      return spec.template.metadata.annotations;
    };
    for (const part of ["web", "vote-bot"] as const) {
      expect(await annotations(part, "gateway")).not.toEqual(await annotations(part, "pod-to-pod"));
    }
    expect(await annotations("emoji", "gateway")).toBeUndefined();
  });

  test("takes its images from where it is told to", async () => {
    const { container } = await make(["emoji"], { registry: "registry.test/demo", version: "v12" });
    expect(container("emoji").container).toMatchObject({
      image: "registry.test/demo/emojivoto-emoji-svc:v12",
    });
  });
});
