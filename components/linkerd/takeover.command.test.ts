import path from "node:path";
import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { runProgram, startApiServer } from "../../tests/record.ts";
import { chartOf } from "./takeover.command.ts";

const program = path.join(import.meta.dirname, "takeover.command.ts");

function helmRecord(name: string, chart: string) {
  const packed = gzipSync(`{"chart":{"metadata":{"name":"${chart}"}}}`).toString("base64");
  const release = Buffer.from(packed).toString("base64");
  return { metadata: { name, namespace: "linkerd", labels: { owner: "helm" } }, data: { release } };
}

function definition(name: string, group: string, labels: Record<string, string> = {}) {
  return { metadata: { name, labels }, spec: { group } };
}

test("the chart of a record of Helm's is read from the record", () => {
  expect(chartOf(helmRecord("any", "linkerd-crds"))).toBe("linkerd-crds");
  expect(chartOf({ data: {} })).toBeUndefined();
});

test(
  "Helm forgets Linkerd's releases and no others; the definitions go over to the release",
  { timeout: 60_000 },
  async () => {
    const server = await startApiServer("east");
    try {
      server.lists["/api/v1/secrets"] = [
        helmRecord("sh.helm.release.v1.mesh.v3", "linkerd-control-plane"),
        helmRecord("sh.helm.release.v1.shop.v1", "shop"),
      ];
      const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      server.lists[definitions] = [
        definition("servers.policy.linkerd.io", "policy.linkerd.io"),
        definition("httproutes.gateway.networking.k8s.io", "gateway.networking.k8s.io", {
          "linkerd.io/control-plane-ns": "linkerd",
        }),
        definition("gateways.gateway.networking.k8s.io", "gateway.networking.k8s.io"),
        definition("links.multicluster.linkerd.io", "multicluster.linkerd.io"),
      ];
      const { code } = await runProgram(program, "create", {
        MESH_RELEASE: "linkerd-crds",
        MESH_NAMESPACE: "linkerd",
        MESH_KUBECONFIG: server.kubeconfig,
      });
      expect(code).toBe(0);
      const marked = `PATCH ${definitions}/servers.policy.linkerd.io`;
      expect(server.changes).toEqual([
        "DELETE /api/v1/namespaces/linkerd/secrets/sh.helm.release.v1.mesh.v3",
        marked,
        `PATCH ${definitions}/httproutes.gateway.networking.k8s.io`,
      ]);
      expect(server.bodies[marked]).toEqual({
        metadata: {
          labels: { "app.kubernetes.io/managed-by": "Helm" },
          annotations: {
            "meta.helm.sh/release-name": "linkerd-crds",
            "meta.helm.sh/release-namespace": "linkerd",
          },
        },
      });
    } finally {
      await server.close();
    }
  },
);

test(
  "an issuer's Secret of Linkerd's own type becomes one of Kubernetes', with the same certificate and key",
  { timeout: 60_000 },
  async () => {
    const server = await startApiServer("east");
    const secrets = "/api/v1/namespaces/linkerd/secrets";
    const metadata = { name: "linkerd-identity-issuer", namespace: "linkerd" };
    const issuer = (type: string, data: Record<string, string>) => ({ metadata, type, data });
    const run = () =>
      runProgram(program, "create", {
        MESH_RELEASE: "linkerd-crds",
        MESH_NAMESPACE: "linkerd",
        MESH_KUBECONFIG: server.kubeconfig,
      });
    try {
      const tls = { "tls.crt": "Y2VydA==", "tls.key": "a2V5" };
      server.lists[secrets] = [issuer("kubernetes.io/tls", tls)];
      expect(await run()).toMatchObject({ code: 0 });
      expect(server.changes).toEqual([]);
      const older = { "crt.pem": "Y2VydA==", "key.pem": "a2V5" };
      server.lists[secrets] = [issuer("Opaque", older)];
      expect(await run()).toMatchObject({ code: 0 });
      expect(server.changes).toEqual([`DELETE ${secrets}/linkerd-identity-issuer`, `POST ${secrets}`]);
      expect(server.bodies[`POST ${secrets}`]).toMatchObject({ type: "kubernetes.io/tls", data: tls });
    } finally {
      await server.close();
    }
  },
);
