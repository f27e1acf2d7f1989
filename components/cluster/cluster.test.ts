import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test, vi } from "vitest";

import { record, types, valueOf } from "../../tests/record.ts";
import { accessEnvironment, clusterIdentity, clusterProvider, fingerprint } from "./cluster.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("access from outside the engine", () => {
  test("is by kubeconfig where there is one", async () => {
    const environment = accessEnvironment({ kubeconfig: pulumi.secret("kubeconfig") });
    expect(await valueOf(pulumi.output(environment))).toEqual({ MESH_KUBECONFIG: "kubeconfig" });
    expect(await pulumi.isSecret(pulumi.output(environment))).toBe(true);
  });

  test("is by context, and by file where it isn't kubectl's own", () => {
    expect(accessEnvironment({ context: "prod", path: undefined })).toEqual({ MESH_CONTEXT: "prod" });
    expect(accessEnvironment({ context: "prod", path: "/home/me/prod" })).toEqual({
      MESH_CONTEXT: "prod",
      MESH_KUBECONFIG_PATH: "/home/me/prod",
    });
  });
});

describe("a cluster's provider", () => {
  async function provider(args: Parameters<typeof clusterProvider>[1]) {
    const { graph } = await record(() => clusterProvider("east", args, {}));
    expect(graph.children()).toEqual({ east: types.kubernetesProvider });
    return graph.named("east");
  }

  test("is the same one as long as the cluster's identity is, whatever its kubeconfig says", async () => {
    const { inputs, secrets } = await provider({
      identity: clusterIdentity("test", "east"),
      kubeconfig: pulumi.secret("kubeconfig"),
    });
    expect(inputs).toEqual({
      clusterIdentifier: "test east",
      kubeconfig: "kubeconfig",
      enableConfigMapMutable: "true",
      enableSecretMutable: "true",
    });
    expect(secrets).toEqual(["kubeconfig"]);
  });

  test("can read a context by itself", async () => {
    // Its SDK takes the file that this names, unless told another.
    vi.stubEnv("KUBECONFIG", undefined);
    const { inputs } = await provider({ identity: clusterIdentity("test", "east"), context: "prod" });
    expect(inputs).toEqual({
      clusterIdentifier: "test east",
      context: "prod",
      enableConfigMapMutable: "true",
      enableSecretMutable: "true",
    });
  });
});

describe("a fingerprint", () => {
  test("is short and always the same", () => {
    expect(fingerprint(["10.1.0.0/16", 3])).toMatch(/^[0-9a-f]{12}$/);
    expect(fingerprint(["10.1.0.0/16", 3])).toBe(fingerprint(["10.1.0.0/16", "3"]));
  });

  test.each([
    ["a part differs", ["a", "b"], ["a", "c"]],
    ["there is one more", ["a"], ["a", ""]],
    ["the order differs", ["a", "b"], ["b", "a"]],
    ["the same text is cut differently", ["ab", "c"], ["a", "bc"]],
  ])("differs when %s", (_case, one, other) => {
    expect(fingerprint(one)).not.toBe(fingerprint(other));
  });
});
