import path from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { runProgram, startApiServer, type ApiServer } from "../../tests/record.ts";

const program = path.join(import.meta.dirname, "ownership.command.ts");
const verbs = ["list", "patch"];
const applier = "pulumi-kubernetes-9b70bb1c";

function entry(manager: string, operation: string, fieldsV1: object) {
  return { manager, operation, apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1 };
}

function object(name: string, managedFields: readonly object[], more: object = {}) {
  return { metadata: { name, resourceVersion: "7", managedFields, ...more } };
}

const data = { "f:data": { "f:values": {} } };
const ours = entry(applier, "Apply", data);
const helms = entry("helm", "Update", { "f:data": { "f:values": {}, "f:more": {} } });
const exported = { "f:metadata": { "f:labels": { "f:mirror.linkerd.io/exported": {} } } };

let server: ApiServer;

function run(services = "") {
  return runProgram(program, "take", {
    MESH_NAMESPACES: "linkerd\nlinkerd-multicluster",
    MESH_LABELS: "linkerd.io/control-plane-ns=linkerd",
    MESH_SERVICES: services,
    MESH_KUBECONFIG: server.kubeconfig,
  });
}

beforeEach(async () => {
  server = await startApiServer("east");
  server.objects["/api/v1"] = {
    groupVersion: "v1",
    resources: [
      { name: "configmaps", kind: "ConfigMap", namespaced: true, verbs },
      { name: "services", kind: "Service", namespaced: true, verbs },
      { name: "services/status", kind: "Service", namespaced: true, verbs: ["get", "patch"] },
      { name: "componentstatuses", kind: "ComponentStatus", namespaced: false, verbs: ["list"] },
    ],
  };
  const group = (name: string, ...versions: string[]) => ({
    name,
    versions: versions.map((version) => ({ groupVersion: `${name}/${version}`, version })),
  });
  server.objects["/apis"] = {
    groups: [
      group("rbac.authorization.k8s.io", "v1"),
      group("policy.linkerd.io", "v1beta3", "v1alpha1"),
      group("metrics.k8s.io", "v1beta1"),
    ],
  };
  const resources = (groupVersion: string, ...found: [name: string, kind: string, namespaced: boolean][]) => {
    server.objects[`/apis/${groupVersion}`] = {
      groupVersion,
      resources: found.map(([name, kind, namespaced]) => ({ name, kind, namespaced, verbs })),
    };
  };
  resources("rbac.authorization.k8s.io/v1", ["clusterroles", "ClusterRole", false]);
  resources("policy.linkerd.io/v1beta3", ["servers", "Server", true]);
  resources(
    "policy.linkerd.io/v1alpha1",
    ["servers", "Server", true],
    ["authorizationpolicies", "AuthorizationPolicy", true],
  );
  server.missing.push("/apis/metrics.k8s.io/v1beta1");
});

afterEach(() => server.close());

describe("the program", { timeout: 60_000 }, () => {
  test("takes what the provider has applied in Linkerd's namespaces and what has its labels", async () => {
    server.lists["/api/v1/namespaces/linkerd/configmaps"] = [
      object("linkerd-config", [helms, ours], { namespace: "linkerd" }),
      object("of-helm-alone", [helms], { namespace: "linkerd" }),
    ];
    const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    server.lists[roles] = [
      object("linkerd-identity", [helms, ours], { labels: { "linkerd.io/control-plane-ns": "linkerd" } }),
      object("shop", [helms, ours]),
    ];
    const policies = "/apis/policy.linkerd.io/v1alpha1/namespaces/linkerd-multicluster/authorizationpolicies";
    server.lists[policies] = [object("gateway", [helms, ours], { namespace: "linkerd-multicluster" })];
    const servers = "/apis/policy.linkerd.io/v1beta3/namespaces/linkerd/servers";
    server.lists[servers] = [object("admin", [helms, ours], { namespace: "linkerd" })];
    const finished = await run();
    const stderr = "4 objects: what helm wrote belongs to this stack now\n";
    expect(finished).toEqual({ code: 0, stdout: "", stderr });
    const change = "PATCH /api/v1/namespaces/linkerd/configmaps/linkerd-config";
    expect(server.changes).toEqual([
      change,
      `PATCH ${roles}/linkerd-identity`,
      `PATCH ${servers}/admin`,
      `PATCH ${policies}/gateway`,
    ]);
    expect(server.bodies[change]).toMatchObject({
      metadata: {
        resourceVersion: "7",
        managedFields: [ours, { ...helms, manager: "pulumi-kubernetes" }],
      },
    });
  });

  test("takes the labels of an exported Service, and nothing else of it", async () => {
    const service = "/api/v1/namespaces/shop/services/cart";
    const owner = entry("kubectl-create", "Update", { "f:spec": {}, ...exported });
    server.objects[service] = object("cart", [owner, entry(applier, "Apply", exported)], {
      namespace: "shop",
    });
    const { code, stderr } = await run("shop/cart");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "Service shop/cart: what exports it belongs to this stack alone, not to kubectl-create\n",
    });
    expect(server.changes).toEqual([`PATCH ${service}`]);
    expect(server.bodies[`PATCH ${service}`]).toMatchObject({
      metadata: {
        managedFields: [
          entry("kubectl-create", "Update", { "f:spec": {} }),
          entry(applier, "Apply", exported),
        ],
      },
    });
  });

  test("has nothing to do the second time", async () => {
    const made = entry("pulumi-kubernetes", "Update", data);
    server.lists["/api/v1/namespaces/linkerd/configmaps"] = [
      object("linkerd-config", [made, ours], { namespace: "linkerd" }),
    ];
    expect(await run()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(server.changes).toEqual([]);
  });
});
