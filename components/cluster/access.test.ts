import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, describe, expect, test, vi } from "vitest";

import { kubeconfigOf } from "../../tests/record.ts";
import { accessedCluster, ignoreMissing } from "./access.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the cluster that the environment names", () => {
  test("is the kubeconfig's", () => {
    vi.stubEnv("MESH_KUBECONFIG", kubeconfigOf("east"));
    expect(accessedCluster().getCurrentCluster()?.server).toBe("https://east.test:6443");
  });

  test("is the context's, in the file that is named", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "access-"));
    const file = path.join(folder, "config");
    writeFileSync(file, kubeconfigOf("west"));
    vi.stubEnv("MESH_CONTEXT", "west");
    vi.stubEnv("MESH_KUBECONFIG_PATH", file);
    expect(accessedCluster().getCurrentCluster()?.server).toBe("https://west.test:6443");
    rmSync(folder, { recursive: true });
  });

  test("must be named", () => {
    expect(accessedCluster).toThrow("MESH_KUBECONFIG is not set");
  });
});

describe("a deletion", () => {
  const failure = (code: number) => Promise.reject(Object.assign(new Error("refused"), { code }));

  test("of what is gone already is done", async () => {
    await expect(ignoreMissing(failure(404))).resolves.toBeUndefined();
    await expect(ignoreMissing(Promise.resolve("deleted"))).resolves.toBeUndefined();
  });

  test("fails otherwise", async () => {
    await expect(ignoreMissing(failure(403))).rejects.toThrow("refused");
    await expect(ignoreMissing(Promise.reject(new Error("no network")))).rejects.toThrow("no network");
  });
});
