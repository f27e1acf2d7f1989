import type { V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";

import { isRolledOut, toMeshedPod } from "./meshed-pods.ts";

const variable = "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS";
const created = new Date("2026-01-01T00:00:00Z");
const proxy = { name: "linkerd-proxy", env: [{ name: variable, value: "anchors\n" }] };

function pod(more: Partial<V1Pod> = {}, metadata: object = {}): V1Pod {
  return {
    metadata: { name: "web-1", namespace: "shop", creationTimestamp: created, ...metadata },
    spec: { containers: [{ name: "app" }, proxy] },
    ...more,
  };
}

describe("a meshed pod", () => {
  test("has the anchors of its proxy's environment", () => {
    expect(toMeshedPod(pod())).toEqual({
      namespace: "shop",
      owner: { kind: "Pod", name: "web-1" },
      created,
      annotations: {},
      anchors: "anchors\n",
    });
  });

  test("may have its proxy as an init container that goes on running", () => {
    const spec = { containers: [{ name: "app" }], initContainers: [proxy] };
    expect(toMeshedPod(pod({ spec }))?.anchors).toBe("anchors\n");
  });

  test("may have them from a ConfigMap, or not at all", () => {
    const from = { configMapKeyRef: { name: "linkerd-identity-trust-roots", key: "ca-bundle.crt" } };
    const env = [{ name: variable, valueFrom: from }];
    const spec = { containers: [{ name: "linkerd-proxy", env }] };
    expect(toMeshedPod(pod({ spec }))?.anchors).toBeUndefined();
    expect(toMeshedPod(pod({ spec: { containers: [{ name: "linkerd-proxy" }] } }))?.anchors).toBe("");
  });

  test("isn't one without a proxy, or after its end", () => {
    expect(toMeshedPod(pod({ spec: { containers: [{ name: "app" }] } }))).toBeUndefined();
    expect(toMeshedPod(pod({ status: { phase: "Succeeded" } }))).toBeUndefined();
    expect(toMeshedPod(pod({ status: { phase: "Running" } }))).toBeDefined();
  });

  test.each([
    ["ReplicaSet", "web-abc", { "pod-template-hash": "abc" }, "Deployment", "web"],
    ["ReplicaSet", "web", {}, "ReplicaSet", "web"],
    ["StatefulSet", "store", {}, "StatefulSet", "store"],
    ["Job", "once", {}, "Job", "once"],
  ])("of a %s %s with labels %j is of %s %s", (kind, name, labels, ownerKind, ownerName) => {
    const ownerReferences = [{ apiVersion: "apps/v1", controller: true, kind, name, uid: "1" }];
    expect(toMeshedPod(pod({}, { labels, ownerReferences }))?.owner).toEqual({
      kind: ownerKind,
      name: ownerName,
    });
  });
});

describe("a workload is rolled out", () => {
  const status = { observedGeneration: 2, updatedReplicas: 2, readyReplicas: 2, replicas: 2 };
  const workload = { metadata: { generation: 2 }, spec: { replicas: 2 }, status };

  test("when all of its pods are new and ready", () => {
    expect(isRolledOut("Deployment", workload)).toBe(true);
    expect(isRolledOut("StatefulSet", { metadata: {}, spec: { replicas: 0 }, status: {} })).toBe(true);
  });

  test.each([
    ["its controller hasn't seen the change", { observedGeneration: 1 }],
    ["a pod is of the old template", { updatedReplicas: 1 }],
    ["a pod isn't ready", { readyReplicas: 1 }],
    ["an old pod is still there", { replicas: 3 }],
  ])("not while %s", (_, change) => {
    expect(isRolledOut("Deployment", { ...workload, status: { ...status, ...change } })).toBe(false);
  });

  test("as a DaemonSet, on every node that wants it", () => {
    const daemon = {
      observedGeneration: 1,
      desiredNumberScheduled: 3,
      updatedNumberScheduled: 3,
      numberReady: 3,
      currentNumberScheduled: 3,
    };
    expect(isRolledOut("DaemonSet", { metadata: { generation: 1 }, status: daemon })).toBe(true);
    expect(isRolledOut("DaemonSet", { status: { ...daemon, updatedNumberScheduled: 2 } })).toBe(false);
  });
});
