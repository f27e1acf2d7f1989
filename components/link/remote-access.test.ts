import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { record, toBase64, types, valueOf } from "../../tests/record.ts";
import { RemoteAccess } from "./remote-access.ts";

const account = "linkerd-service-mirror-remote-access-east";
const labels = { "linkerd.io/extension": "multicluster" };

/** East's access to west: everything of it is made on west. */
const make = (more: { renewal?: string; before?: string; revoked?: boolean } = {}) =>
  record(() => {
    new k8s.Provider("east", {});
    const west = new k8s.Provider("west", {});
    return new RemoteAccess(
      "east-to-west-access",
      { source: "east", namespace: "linkerd-multicluster", revoked: false, ...more },
      { providers: [west] },
    );
  });

test("access is an identity, its rights and a token", async () => {
  const { graph } = await make();
  expect(graph.children("east-to-west-access")).toEqual({
    "east-to-west-access-service-account": types.serviceAccount,
    "east-to-west-access-role": types.role,
    "east-to-west-access-binding": types.binding,
    "east-to-west-access-token": types.secret,
  });
});

test("all of it is on the target", async () => {
  const { graph } = await make();
  expect(graph.kubernetes.map(({ name }) => [name, graph.provider(name)])).toEqual([
    ["east-to-west-access-service-account", "west"],
    ["east-to-west-access-role", "west"],
    ["east-to-west-access-binding", "west"],
    ["east-to-west-access-token", "west"],
  ]);
});

test("the identity is named after the source, so that it can be revoked alone", async () => {
  const { graph, result } = await make();
  expect(result.serviceAccount).toBe(account);
  expect(graph.named("east-to-west-access-service-account").inputs).toEqual({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: account, namespace: "linkerd-multicluster", labels },
  });
});

test("the rights are those of the chart's own remote access", async () => {
  const { graph } = await make();
  const watch = ["list", "get", "watch"];
  expect(graph.named("east-to-west-access-role").inputs).toEqual({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: account, labels },
    rules: [
      { apiGroups: ["apps"], resources: ["replicasets"], verbs: watch },
      { apiGroups: ["batch"], resources: ["jobs"], verbs: watch },
      { apiGroups: [""], resources: ["pods", "endpoints", "services"], verbs: watch },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: watch },
      { apiGroups: ["policy.linkerd.io"], resources: ["servers"], verbs: watch },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["linkerd-config"] },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    ],
  });
  expect(graph.named("east-to-west-access-binding").inputs).toEqual({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: account, labels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: account },
    subjects: [{ kind: "ServiceAccount", name: account, namespace: "linkerd-multicluster" }],
  });
});

test("the token comes after the account that it names and the rights that it needs", async () => {
  const { graph } = await make();
  expect(graph.dependencies("east-to-west-access-token")).toEqual([
    "east-to-west-access-binding",
    "east-to-west-access-service-account",
  ]);
  expect(graph.dependencies("east-to-west-access-binding")).toEqual([
    "east-to-west-access-role",
    "east-to-west-access-service-account",
  ]);
  expect(graph.named("east-to-west-access-token").inputs).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `${account}-token`,
      namespace: "linkerd-multicluster",
      labels,
      annotations: {
        "kubernetes.io/service-account.name": account,
        "pulumi.com/waitFor": "jsonpath={.data.token}",
      },
    },
    type: "kubernetes.io/service-account-token",
  });
});

test("the token is offered decoded and secret, the CA as Kubernetes encodes it and readable", async () => {
  const { graph, result } = await make();
  expect(await valueOf(result.token)).toBe("token of east-to-west-access-token");
  expect(await pulumi.isSecret(result.token)).toBe(true);
  expect(await valueOf(result.certificateAuthority)).toBe(toBase64("authority of east-to-west-access-token"));
  expect(await pulumi.isSecret(result.certificateAuthority)).toBe(false);
  expect(graph.named("east-to-west-access-token").additionalSecretOutputs).toContain("data");
  expect(await valueOf(result.since)).toBe("2026-01-01T00:00:00Z");
  expect(await pulumi.isSecret(result.since)).toBe(false);
});

test("a renewed token is another object, so that the one before is revoked last", async () => {
  const { graph } = await make({ renewal: "2" });
  expect(graph.children("east-to-west-access")).not.toHaveProperty("east-to-west-access-token");
  expect(graph.named("east-to-west-access-token-2").inputs).toMatchObject({
    metadata: { name: `${account}-token-2` },
    type: "kubernetes.io/service-account-token",
  });
  expect(graph.named("east-to-west-access-service-account").inputs).toMatchObject({
    metadata: { name: account },
  });
});

test.each([
  ["", "east-to-west-access-token"],
  ["1", "east-to-west-access-token-1"],
])(
  "the token before %j that stays is the object that it was, and isn't the one that is offered",
  async (before, name) => {
    const { graph, result } = await make({ renewal: "2", before });
    const { inputs, additionalSecretOutputs } = (await make({ renewal: before })).graph.named(name);
    expect(graph.named(name)).toMatchObject({ inputs, additionalSecretOutputs });
    expect(await valueOf(result.token)).toBe("token of east-to-west-access-token-2");
  },
);

test("revoked, it has no rights any more, and nothing else changes", async () => {
  const { graph } = await make({ revoked: true });
  expect(graph.children("east-to-west-access")).toEqual({
    "east-to-west-access-service-account": types.serviceAccount,
    "east-to-west-access-role": types.role,
    "east-to-west-access-token": types.secret,
  });
});

test("a token that isn't there yet is empty text", async () => {
  const { result } = await record(
    () => new RemoteAccess("access", { source: "east", namespace: "linkerd-multicluster", revoked: false }),
    { outputs: ({ type }) => (type === types.secret ? { data: {} } : undefined) },
  );
  expect(await valueOf(result.token)).toBe("");
  expect(await valueOf(result.certificateAuthority)).toBe("");
});
