import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, types, valueOf, type RecordOptions } from "../../tests/record.ts";
import { ExistingCluster } from "./existing-cluster.ts";

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "existing-cluster-"));
  mkdirSync(path.join(folder, ".kube"));
  file = path.join(folder, ".kube", "config");
  writeFileSync(file, kubeconfigOf("prod-east", "https://prod.test:6443"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function make(more: Record<string, unknown>, options?: RecordOptions) {
  const { context: _context, ...east } = existing(1);
  const settings = parseSettings(configuration({ clusters: { east: { ...east, ...more } } })).clusters[0];
  return record(() => {
    if (settings?.source !== "existing") throw new Error("There is no existing cluster.");
    return new ExistingCluster("east", { environment: "test", settings });
  }, options);
}

const component = "mesh:cluster:ExistingCluster";
const mutable = { enableConfigMapMutable: "true", enableSecretMutable: "true" };

describe("a cluster known by its context", () => {
  test("is a provider that reads the context itself: no credentials in the state", async () => {
    const { graph } = await make({ context: "prod-east", kubeconfigPath: file });
    expect(graph.children()).toEqual({ east: component });
    expect(graph.children("east", component)).toEqual({ east: types.kubernetesProvider });
    expect(graph.named("east", types.kubernetesProvider).inputs).toEqual({
      clusterIdentifier: "test east",
      context: "prod-east",
      kubeconfig: file,
      ...mutable,
    });
    expect(graph.containing("prod-east-token")).toEqual([]);
  });

  test("is looked up where kubectl does when no file is named", async () => {
    vi.stubEnv("KUBECONFIG", undefined);
    vi.stubEnv("HOME", folder);
    const { graph, result } = await make({ context: "prod-east" });
    expect(graph.named("east", types.kubernetesProvider).inputs).toEqual({
      clusterIdentifier: "test east",
      context: "prod-east",
      ...mutable,
    });
    expect(result.access).toEqual({ context: "prod-east", path: undefined });
  });

  test("offers the context to clean-ups, its server to the other clusters, and its kubeconfig as a secret", async () => {
    const { result } = await make({ context: "prod-east", kubeconfigPath: file });
    expect(result.access).toEqual({ context: "prod-east", path: file });
    expect(await valueOf(result.apiServer)).toBe("https://prod.test:6443");
    expect(await valueOf(result.kubeconfig)).toContain("prod-east-token");
    expect(await pulumi.isSecret(result.kubeconfig)).toBe(true);
  });

  test("can be reached by the others at an address of its own", async () => {
    const { result } = await make({
      context: "prod-east",
      kubeconfigPath: file,
      apiServer: "https://10.0.0.7:6443",
    });
    expect(await valueOf(result.apiServer)).toBe("https://10.0.0.7:6443");
  });
});

describe("a cluster known by its kubeconfig", () => {
  const kubeconfig = kubeconfigOf("east", "https://east.test:6443");

  test("is a provider that keeps it secret", async () => {
    const { graph, result } = await make({ kubeconfig });
    const provider = graph.named("east", types.kubernetesProvider);
    expect(provider.inputs).toEqual({ clusterIdentifier: "test east", kubeconfig, ...mutable });
    expect(provider.secrets).toEqual(["kubeconfig"]);
    expect(await pulumi.isSecret(result.kubeconfig)).toBe(true);
    expect(result.access).toEqual({ kubeconfig: result.kubeconfig });
  });

  test("names its server without making that a secret", async () => {
    const { result } = await make({ kubeconfig });
    expect(await valueOf(result.apiServer)).toBe("https://east.test:6443");
    expect(await pulumi.isSecret(result.apiServer)).toBe(false);
  });

  test("can be reached by the others at an address of its own", async () => {
    const { result } = await make({ kubeconfig, apiServer: "https://10.0.0.7:6443" });
    expect(await valueOf(result.apiServer)).toBe("https://10.0.0.7:6443");
  });
});

describe("a cluster known by another stack", () => {
  const kubeconfig = kubeconfigOf("east", "https://east.test:6443");
  const outputs = { kubeconfig, kubeconfigs: { cluster1: kubeconfig } };
  const options: RecordOptions = {
    outputs: ({ type }) => (type === types.stackReference ? { outputs } : undefined),
  };
  const stack = { name: "organization/clusters/prod" };

  test.each(["kubeconfig", "kubeconfigs.cluster1"])("reads that stack's output %s", async (output) => {
    const { graph, result } = await make({ stack: { ...stack, output } }, options);
    expect(await valueOf(result.kubeconfig)).toBe(kubeconfig);
    expect(await pulumi.isSecret(result.kubeconfig)).toBe(true);
    expect(await valueOf(result.apiServer)).toBe("https://east.test:6443");
    const provider = graph.named("east", types.kubernetesProvider);
    expect(provider.inputs["kubeconfig"]).toBe(kubeconfig);
    expect(provider.secrets).toEqual(["kubeconfig"]);
  });
});

test("nothing of it is deleted with anything", async () => {
  const { result } = await make({ kubeconfig: kubeconfigOf("east") });
  expect(result.deletedWith).toBeUndefined();
});
