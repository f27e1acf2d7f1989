import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";

import { configuration, existing } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, valueOf } from "../../tests/record.ts";
import { Mesh, type MeshArgs } from "./mesh.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { context: _, ...given } = existing(2, { apiServer: "https://api.west.example.com:6443" });
const settings = configuration({
  clusters: { east: existing(1, { context: undefined, kubeconfig: kubeconfigOf("east") }), west: given },
  links: { topology: "mesh", carries: ["gateway"] },
}) as unknown as MeshArgs;

async function made(args: MeshArgs) {
  return record(async () => {
    const mesh = new Mesh("prod", args);
    return { outputs: await valueOf(pulumi.all([mesh.mesh, mesh.trust, mesh.kubeconfigs])), mesh };
  });
}

describe("a mesh in a program of one's own", () => {
  test("has everything in it, and tells what the next update must know", async () => {
    const { graph, result } = await made({ ...settings, kubeconfigs: { west: kubeconfigOf("west") } });
    const mesh = graph.named("prod");
    expect(mesh.type).toBe("linkerd-mesh:index:Mesh");
    expect(Object.keys(graph.children())).toEqual(["prod"]);
    expect(graph.named("east-to-west", "mesh:link:Link").parent).toBe(mesh.urn);
    expect(graph.named("west", "pulumi:providers:kubernetes").inputs["kubeconfig"]).toBe(
      kubeconfigOf("west"),
    );
    const [said, trust, kubeconfigs] = result.outputs;
    expect(said).toMatchObject({ environment: "test", clusters: { east: {}, west: {} } });
    expect(trust).toMatchObject({ trusted: ["1"], signers: { east: "1", west: "1" } });
    expect(kubeconfigs).toEqual({ east: kubeconfigOf("east"), west: kubeconfigOf("west") });
  });

  test("keeps no settings in the state, where keys would be in clear", async () => {
    const { graph } = await made({ ...settings, kubeconfigs: { west: kubeconfigOf("west") } });
    expect(graph.named("prod").inputs).toEqual({});
  });

  test("refuses a kubeconfig of no cluster, and settings as a stack file's are", async () => {
    const kubeconfigs = { west: kubeconfigOf("west"), north: kubeconfigOf("north") };
    await expect(made({ ...settings, kubeconfigs })).rejects.toThrow(
      'kubeconfigs = "north"\n    is none of clusters',
    );
    await expect(made({ ...settings, clusters: {} })).rejects.toThrow("clusters");
  });
});
