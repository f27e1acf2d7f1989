import * as pulumi from "@pulumi/pulumi";
import { expect, test, vi } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import type { Part } from "../../settings/part.ts";
import { configuration, simulated } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, types, valueOf } from "../../tests/record.ts";
import { deployMesh } from "./deploy-mesh.ts";

vi.setConfig({ testTimeout: 60_000 });

const settings = parseSettings(
  configuration({
    clusters: { east: simulated(1), west: simulated(2) },
    links: { topology: "mesh", carries: ["federated"] },
    split: true,
  }),
);

const trustPart = {
  mesh: {
    clusters: {},
    parts: { trustBundle: "bundle", trustSigner: { certificate: "certificate", privateKey: "key" } },
  },
  trust: { anchors: { "1": "bundle" } },
};

const clusterPart = {
  mesh: {
    clusters: { west: { apiServer: "https://west" } },
    parts: { identities: { west: "test west" } },
  },
  kubeconfigs: { west: kubeconfigOf("west") },
};

/** What the stack of a part says, where nothing is deployed yet. */
async function outputsOf(part: Part) {
  const others: Record<string, object> = { "x-trust": trustPart, "x-cluster-west": clusterPart };
  const { result } = await record(() => deployMesh(settings, { part, base: "x" }), {
    answers: () => ({ outputs: {} }),
    outputs: ({ type, name }) => (type === types.stackReference ? { outputs: others[name] } : undefined),
  });
  return {
    mesh: (await valueOf(pulumi.output(result.mesh))) as { clusters: Record<string, object>; parts: object },
    trust: (await valueOf(pulumi.output(result.trust))) as Record<string, unknown>,
    kubeconfigs: await valueOf(result.kubeconfigs),
  };
}

test("the stack of an extension says where it is reached, what its proxies trust, and which tokens there are", async () => {
  const { mesh, trust, kubeconfigs } = await outputsOf({ kind: "multicluster", cluster: "west" });
  expect(Object.keys(mesh.clusters)).toEqual(["west"]);
  expect(mesh.clusters["west"]).toHaveProperty("gateway");
  expect(mesh.clusters["west"]).toHaveProperty("apiServer");
  expect(Object.keys(mesh.parts)).toEqual(["accesses"]);
  // Who signs is said by the part that makes the issuer.
  expect(trust).toMatchObject({ trusted: ["1"], signers: {}, issuers: {}, webhooks: {} });
  expect(Object.keys(trust["credentials"] as object)).toEqual(["east-to-west"]);
  expect(kubeconfigs).toEqual({});
});

test("the stack of a cluster says who signs, and nothing of tokens", async () => {
  const { mesh, trust, kubeconfigs } = await outputsOf({ kind: "cluster", cluster: "west" });
  expect(mesh.clusters["west"]).toHaveProperty("apiServer");
  expect(Object.keys(mesh.parts)).toEqual(["identities"]);
  expect(trust).toMatchObject({ trusted: ["1"], signers: { west: "1" }, credentials: {} });
  expect(Object.keys(kubeconfigs as object)).toEqual(["west"]);
});
