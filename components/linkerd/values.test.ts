import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, linkerd, simulated } from "../../settings/test-examples.ts";
import {
  highAvailabilityLayer,
  highAvailabilityValues,
  imageRegistry,
  imageValues,
  mergeValues,
} from "./values.ts";

function settings(more: Record<string, unknown> = {}) {
  const clusters = { east: simulated(1, { nodes: 3 }) };
  return parseSettings(configuration({ clusters, linkerd: linkerd(more) })).linkerd;
}

describe("merging values", () => {
  test("goes key by key through maps, the later layer winning", () => {
    expect(
      mergeValues(
        { a: 1, gateway: { port: 4143, probe: { port: 4191, path: "/ready" } } },
        { b: 2, gateway: { enabled: true, probe: { port: 5000 } } },
        { a: 3 },
      ),
    ).toEqual({ a: 3, b: 2, gateway: { port: 4143, enabled: true, probe: { port: 5000, path: "/ready" } } });
  });

  test.each([
    ["a list", { tolerations: [1, 2] }, { tolerations: [3] }, { tolerations: [3] }],
    ["a map by a scalar", { x: { y: 1 } }, { x: "off" }, { x: "off" }],
    ["a scalar by a map", { x: "off" }, { x: { y: 1 } }, { x: { y: 1 } }],
    ["a map by a list", { x: { y: 1 } }, { x: [1] }, { x: [1] }],
    ["a list by a map", { x: [1] }, { x: { y: 1 } }, { x: { y: 1 } }],
    ["a map by null, which takes a chart's default away", { x: { y: 1 } }, { x: null }, { x: null }],
  ])("replaces %s whole", (_what, before, after, expected) => {
    expect(mergeValues(before, after)).toEqual(expected);
  });

  test("leaves the layers as they were", () => {
    const low = { gateway: { port: 4143 } };
    const high = { gateway: { enabled: true } };
    mergeValues(low, high, { gateway: { port: 1 } });
    expect([low, high]).toEqual([{ gateway: { port: 4143 } }, { gateway: { enabled: true } }]);
  });

  test("of nothing is nothing", () => {
    expect(mergeValues()).toEqual({});
  });
});

describe("where images come from", () => {
  test("is upstream unless said otherwise: no values", () => {
    expect(imageValues(settings())).toEqual({
      crds: {},
      cni: {},
      controlPlane: {},
      multicluster: {},
      viz: {},
    });
    expect(imageRegistry(settings())).toBe("cr.l5d.io/linkerd");
  });

  test("is one registry for every image of every chart", () => {
    const own = settings({ registry: "registry.example/linkerd" });
    expect(imageValues(own)).toEqual({
      crds: {},
      cni: { image: { name: "registry.example/linkerd/cni-plugin" } },
      controlPlane: {
        controllerImage: "registry.example/linkerd/controller",
        proxy: { image: { name: "registry.example/linkerd/proxy" } },
        debugContainer: { image: { name: "registry.example/linkerd/debug" } },
      },
      multicluster: {
        gateway: { pauseImage: "registry.example/linkerd/pause:3.2" },
        namespaceMetadata: { image: { registry: "registry.example/linkerd" } },
        localServiceMirror: { image: { name: "registry.example/linkerd/controller" } },
        controllerDefaults: { image: { name: "registry.example/linkerd/controller" } },
      },
      viz: {
        defaultRegistry: "registry.example/linkerd",
        prometheus: { image: { registry: "registry.example/linkerd" } },
      },
    });
    expect(imageRegistry(own)).toBe("registry.example/linkerd");
  });

  test("needs the pull secrets' names in every chart that runs pods, never their content", () => {
    const pullSecrets = [{ name: "one", dockerConfigJson: "{}" }, { name: "two" }];
    const imagePullSecrets = [{ name: "one" }, { name: "two" }];
    const plain = imageValues(settings({ pullSecrets }));
    expect(plain).toEqual({
      crds: {},
      cni: { imagePullSecrets },
      controlPlane: { imagePullSecrets },
      multicluster: { imagePullSecrets },
      viz: { imagePullSecrets },
    });
    const { crds, ...withPods } = imageValues(settings({ pullSecrets, registry: "registry.example" }));
    expect(crds).toEqual({});
    for (const values of Object.values(withPods)) expect(values).toMatchObject({ imagePullSecrets });
  });
});

describe("high availability", () => {
  const charts = ["controlPlane", "multicluster", "viz"] as const;

  test.each(charts)("is off unless asked for (%s)", (chart) => {
    expect(highAvailabilityLayer(settings(), chart)).toEqual({});
  });

  test.each(charts)("is the chart's own values-ha.yaml (%s)", (chart) => {
    expect(highAvailabilityLayer(settings({ highAvailability: true }), chart)).toEqual(
      highAvailabilityValues[chart],
    );
  });

  test("runs three of everything that answers", () => {
    const { controlPlane, multicluster, viz } = highAvailabilityValues;
    expect(controlPlane.controllerReplicas).toBe(3);
    expect(controlPlane.webhookFailurePolicy).toBe("Fail");
    expect(controlPlane.identityResources).toEqual({
      cpu: { limit: "", request: "100m" },
      memory: { limit: "250Mi", request: "10Mi" },
    });
    expect(multicluster).toEqual({
      gateway: { replicas: 3 },
      enablePodAntiAffinity: true,
      controllerDefaults: { replicas: 3, enablePodAntiAffinity: true },
      localServiceMirror: { replicas: 3 },
    });
    expect(viz.tap.replicas).toBe(3);
    expect(viz.prometheus.resources).toEqual({
      cpu: { limit: "", request: "300m" },
      memory: { limit: "8192Mi", request: "300Mi" },
    });
  });
});
