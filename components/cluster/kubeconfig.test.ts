import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { kubeconfigOf } from "../../tests/record.ts";
import { loadContext, readContext, serverOf } from "./kubeconfig.ts";

const twoContexts = `
apiVersion: v1
kind: Config
current-context: west
clusters:
  - { name: east-cluster, cluster: { server: "https://east.test:6443/" } }
  - { name: west-cluster, cluster: { server: "https://west.test:6443" } }
contexts:
  - { name: east, context: { cluster: east-cluster, user: east-admin, namespace: shop } }
  - { name: west, context: { cluster: west-cluster, user: west-admin } }
  - { name: lost, context: { cluster: gone, user: west-admin } }
users:
  - { name: east-admin, user: { token: east-token } }
  - { name: west-admin, user: { token: west-token } }
`;

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "kubeconfig-"));
  file = path.join(folder, "config");
  writeFileSync(file, twoContexts);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the API server of a kubeconfig", () => {
  test("is that of the current context", () => {
    expect(serverOf(twoContexts)).toBe("https://west.test:6443");
    expect(serverOf(kubeconfigOf("north"))).toBe("https://north.test:6443");
  });

  test("is missing when the current context names no cluster", () => {
    expect(() => serverOf(twoContexts.replace("current-context: west", "current-context: lost"))).toThrow(
      "context lost names no cluster",
    );
  });
});

describe("one context", () => {
  test("has its own cluster and user and nobody else's", () => {
    const config = loadContext("east", file);
    expect(config.getCurrentContext()).toBe("east");
    expect(config.getContexts()).toMatchObject([
      { name: "east", cluster: "east-cluster", user: "east-admin", namespace: "shop" },
    ]);
    expect(config.getClusters().map(({ name }) => name)).toEqual(["east-cluster"]);
    expect(config.getUsers().map(({ name, token }) => [name, token])).toEqual([["east-admin", "east-token"]]);
  });

  test("is found where kubectl would look, when no file is named", () => {
    vi.stubEnv("KUBECONFIG", file);
    expect(loadContext("west").getCurrentUser()?.token).toBe("west-token");
  });

  test("as text can be read again, with the server written without a last slash beside it", () => {
    const { kubeconfig, server } = readContext("east", file);
    expect(server).toBe("https://east.test:6443");
    expect(kubeconfig).not.toContain("west");
    const again = new KubeConfig();
    again.loadFromString(kubeconfig);
    expect(again.getCurrentContext()).toBe("east");
    expect(again.getCurrentUser()?.token).toBe("east-token");
  });

  test("that isn't there is refused with those that are", () => {
    expect(() => loadContext("north", file)).toThrow(
      `there is no context north in ${file}; it has east, west, lost`,
    );
    vi.stubEnv("KUBECONFIG", file);
    expect(() => loadContext("north")).toThrow(
      "there is no context north in the kubeconfig; it has east, west, lost",
    );
  });

  test("can't be in a file without contexts", () => {
    const empty = path.join(folder, "empty");
    writeFileSync(empty, "apiVersion: v1\nkind: Config\n");
    expect(() => loadContext("east", empty)).toThrow(`there is no context east in ${empty}; it has none`);
  });
});
