import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startApiServer, type ApiServer } from "../../tests/record.ts";
import { investigate, settled } from "./interrupted.ts";
import type { State, StateResource } from "./state.ts";

const urn = (type: string, name: string) => `urn:pulumi:test::mesh::${type}::${name}`;
const provider = `${urn("pulumi:providers:kubernetes", "west")}::id`;

function secretResource(name: string): StateResource {
  const type = "kubernetes:core/v1:Secret";
  const inputs = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "linkerd" } };
  return { urn: urn(type, name), type, custom: true, inputs, provider };
}

const patch: StateResource = {
  urn: urn("kubernetes:core/v1:ServicePatch", "cart"),
  type: "kubernetes:core/v1:ServicePatch",
  inputs: { apiVersion: "v1", kind: "ServicePatch", metadata: { name: "cart", namespace: "shop" } },
  provider,
};

const release: StateResource = {
  urn: urn("kubernetes:helm.sh/v3:Release", "crds"),
  type: "kubernetes:helm.sh/v3:Release",
  inputs: { name: "linkerd-crds", namespace: "linkerd" },
  provider,
};

function pending(...resources: StateResource[]): State {
  return {
    deployment: {
      resources: [{ urn: urn("mesh:x", "old"), type: "mesh:x" }],
      pending_operations: resources.map((resource) => ({ type: "creating", resource })),
    },
  };
}

function live(kind: string, namespace: string, name: string, managers: object[]) {
  return { apiVersion: "v1", kind, metadata: { name, namespace, managedFields: managers } };
}

let server: ApiServer;
let reach: () => KubeConfig;

beforeEach(async () => {
  server = await startApiServer("west");
  const resource = (name: string, kind: string) => ({
    name,
    kind,
    namespaced: true,
    singularName: "",
    verbs: ["get"],
  });
  server.objects["/api/v1"] = {
    groupVersion: "v1",
    resources: [resource("secrets", "Secret"), resource("services", "Service")],
  };
  reach = () => {
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig);
    return config;
  };
});

afterEach(() => server.close());

const path = (kind: string, namespace: string, name: string) =>
  `/api/v1/namespaces/${namespace}/${kind}/${name}`;

describe("an interrupted creation", () => {
  test("whose object is there and ours goes into the state", async () => {
    server.objects[path("secrets", "linkerd", "issuer")] = live("Secret", "linkerd", "issuer", [
      { manager: "pulumi-kubernetes", operation: "Update" },
    ]);
    const state = pending(secretResource("issuer"));
    const created = await investigate(state, reach);
    expect(created).toEqual([{ urn: secretResource("issuer").urn, id: "linkerd/issuer" }]);
    const { resources = [], pending_operations: left } = settled(state, created).deployment;
    expect(left).toEqual([]);
    expect(resources.map((one) => [one.urn, one.id])).toEqual([
      [urn("mesh:x", "old"), undefined],
      [secretResource("issuer").urn, "linkerd/issuer"],
    ]);
  });

  test("whose object is somebody else's, or isn't there, is done again", async () => {
    server.objects[path("secrets", "linkerd", "theirs")] = live("Secret", "linkerd", "theirs", [
      { manager: "kubectl", operation: "Update" },
    ]);
    server.missing.push(path("secrets", "linkerd", "none"));
    const state = pending(secretResource("theirs"), secretResource("none"));
    const created = await investigate(state, reach);
    expect(created).toEqual([]);
    expect(settled(state, created).deployment.resources).toHaveLength(1);
  });

  test("takes the place of the object that it replaces", () => {
    const old = { ...secretResource("issuer"), id: "linkerd/issuer", inputs: { old: true } };
    const state: State = {
      deployment: {
        resources: [old, { urn: urn("mesh:x", "after"), type: "mesh:x" }],
        pending_operations: [{ type: "creating", resource: secretResource("issuer") }],
      },
    };
    const { resources = [] } = settled(state, [{ urn: old.urn, id: "linkerd/issuer" }]).deployment;
    expect(resources.map((one) => one.urn)).toEqual([old.urn, urn("mesh:x", "after")]);
    expect(resources[0]?.inputs).toEqual(secretResource("issuer").inputs);
  });

  test("of a patch is known by its field manager, which no other patch has", async () => {
    const managers = [
      { manager: "pulumi-kubernetes-aaaaaaaa", operation: "Apply" },
      { manager: "pulumi-kubernetes-bbbbbbbb", operation: "Apply" },
    ];
    server.objects[path("services", "shop", "cart")] = live("Service", "shop", "cart", managers);
    const other = {
      urn: urn("x", "other"),
      type: "x",
      outputs: { __fieldManager: "pulumi-kubernetes-aaaaaaaa" },
    };
    const state: State = {
      deployment: { resources: [other], pending_operations: [{ type: "creating", resource: patch }] },
    };
    const created = await investigate(state, reach);
    expect(created).toEqual([
      { urn: patch.urn, id: "shop/cart", fieldManager: "pulumi-kubernetes-bbbbbbbb" },
    ]);
    expect(settled(state, created).deployment.resources?.at(-1)?.outputs).toMatchObject({
      __fieldManager: "pulumi-kubernetes-bbbbbbbb",
    });
  });

  test("on a cluster that can't be asked is done again", async () => {
    expect(await investigate(pending(secretResource("issuer")), () => undefined)).toEqual([]);
  });

  test("of a release loses Helm's record where it wasn't done, and is known where it was", async () => {
    const record = (name: string, status: string) => ({
      metadata: { name, namespace: "linkerd", labels: { owner: "helm", name: "linkerd-crds", status } },
    });
    server.lists["/api/v1/namespaces/linkerd/secrets"] = [record("v1", "pending-install")];
    expect(await investigate(pending(release), reach)).toEqual([]);
    expect(server.changes).toEqual(["DELETE /api/v1/namespaces/linkerd/secrets/v1"]);
    server.lists["/api/v1/namespaces/linkerd/secrets"] = [record("v1", "deployed")];
    expect(await investigate(pending(release), reach)).toEqual([
      { urn: release.urn, id: "linkerd/linkerd-crds" },
    ]);
    expect(server.changes).toHaveLength(1);
  });
});
