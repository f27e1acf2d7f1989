import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test, vi } from "vitest";

import { exclusionsOf, exclusionVariable } from "../../settings/left-out.ts";
import { parseSettings } from "../../settings/parse.ts";
import type { Part } from "../../settings/part.ts";
import { configuration, simulated } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, types, valueOf, type RecordOptions } from "../../tests/record.ts";
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

/** What the stack of a part says, where nothing is deployed yet. `answered` is what a provider answers for a resource. */
async function outputsOf(
  part: Part,
  last: object = {},
  answered: RecordOptions["outputs"] = () => undefined,
) {
  const others: Record<string, object> = { "x-trust": trustPart, "x-cluster-west": clusterPart };
  const { result } = await record(() => deployMesh(settings, { part, base: "x" }), {
    answers: () => ({ outputs: last }),
    outputs: (resource) =>
      resource.type === types.stackReference ? { outputs: others[resource.name] } : answered(resource),
  });
  return {
    mesh: (await valueOf(pulumi.output(result.mesh))) as { clusters: Record<string, object>; parts: object },
    trust: (await valueOf(pulumi.output(result.trust))) as Record<string, unknown>,
    expires: await valueOf(pulumi.output(result.expires)),
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

test("a preview doesn't know since when there is a token whose namespace isn't there yet", async () => {
  const part = { kind: "multicluster", cluster: "west" } as const;
  const { trust } = await outputsOf(part, {}, ({ name, inputs }) =>
    name === "east-to-west-access-token" ? { metadata: inputs["metadata"] } : undefined,
  );
  expect(trust["credentials"]).toEqual({ "east-to-west": {} });
});

test("the stack of a cluster says who signs, and nothing of tokens", async () => {
  const { mesh, trust, kubeconfigs } = await outputsOf({ kind: "cluster", cluster: "west" });
  expect(mesh.clusters["west"]).toHaveProperty("apiServer");
  expect(Object.keys(mesh.parts)).toEqual(["identities"]);
  expect(trust).toMatchObject({ trusted: ["1"], signers: { west: "1" }, credentials: {} });
  expect(Object.keys(kubeconfigs as object)).toEqual(["west"]);
});

describe("before the stacks that it goes by have been updated", () => {
  const run = (part: Part, said: Record<string, object>, preview: boolean) =>
    record(() => deployMesh(settings, { part, base: "x" }), {
      preview,
      answers: () => ({ outputs: {} }),
      outputs: ({ type, name }) =>
        type === types.stackReference ? { outputs: said[name] ?? {} } : undefined,
    });

  const said = {
    "x-trust": trustPart,
    "x-cluster-west": clusterPart,
    "x-multicluster-east": {
      mesh: {
        clusters: { east: { apiServer: "https://east", gateway: [] } },
        parts: { accesses: { west: { token: "token", certificateAuthority: "authority" } } },
      },
    },
  };

  test.each(["cluster", "multicluster", "links"] as const)(
    "a preview of a cluster's %s lists what the update will make",
    async (kind) => {
      const part = { kind, cluster: "west" };
      const { graph } = await run(part, {}, true);
      expect(graph.urns.length).toBeGreaterThan(5);
      expect(graph.urns).toEqual((await run(part, said, false)).graph.urns);
    },
  );
});

describe("the stack of a part whose cluster is left out", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each(["cluster", "multicluster"] as const)(
    "says what the last update of its %s said",
    async (kind) => {
      vi.stubEnv(exclusionVariable, exclusionsOf({ name: "west", source: "simulated" }).join(","));
      const trust = {
        trusted: ["1"],
        signers: { west: "1" },
        anchors: { "1": "bundle" },
        issuers: { west: { id: "20260131t120000z" } },
        webhooks: { west: { since: "2026-01-01T00:00:00Z" } },
        webhookAuthorities: { west: ["1"] },
        credentials: {
          "east-to-west": { id: "20260131t120000z", before: "", since: "2026-01-31T12:00:00Z" },
        },
      };
      const expires = {
        anchors: { "1": "2036-01-01T00:00:00Z" },
        issuers: { west: "2027-01-01T00:00:00Z" },
        webhooks: { west: { tap: "2027-01-01T00:00:00Z" } },
        webhookAuthorities: { west: { "1": "2027-01-01T00:00:00Z" } },
      };
      const mesh = { clusters: { west: { apiServer: "https://west" } }, parts: { identities: {} } };
      const outputs = await outputsOf({ kind, cluster: "west" }, { trust, expires, mesh });
      expect(outputs.trust).toEqual(trust);
      expect(outputs.expires).toEqual(expires);
      expect(outputs.mesh).toMatchObject(mesh);
    },
  );
});
