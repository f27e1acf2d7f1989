import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { toolsDirectory } from "../../components/cluster/programs.ts";
import { kubeconfigOf, startApiServer } from "../../tests/record.ts";
import { findMissing, formatMissing, type Missing } from "./preflight.ts";

// What `npm run tools` has built in this checkout mustn't count.
vi.mock(import("node:fs"), async (original) => {
  const fs = await original();
  return {
    ...fs,
    accessSync: (file, mode) => {
      if (path.dirname(String(file)) === toolsDirectory) throw new Error("hidden");
      fs.accessSync(file, mode);
    },
  };
});

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "preflight-"));
  vi.stubEnv("PATH", folder);
  vi.stubEnv("PULUMI_HOME", path.join(folder, "pulumi-home"));
  vi.stubEnv("LINKERD_CHARTS_DIR", undefined);
  for (const plugin of ["kubernetes", "tls", "command"]) program(`pulumi-resource-${plugin}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function program(name: string, script = "") {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

function missing(clusters: unknown, linkerd: unknown = { version: "2026.8.3" }): Promise<Missing[]> {
  return findMissing({ config: { "mesh:clusters": clusters, "mesh:linkerd": linkerd } });
}

describe("a stack of simulated clusters", () => {
  const clusters = { cluster1: { source: "simulated" }, cluster2: { source: "simulated" } };
  const kwokctl = {
    what: "kwokctl, for the simulated clusters",
    remedy: "build it and what it starts with Go: npm run tools; or install it: https://kwok.sigs.k8s.io",
  };

  test("needs kwokctl, once for all of them, and no Docker", async () => {
    expect(await missing(clusters)).toEqual([kwokctl]);
    program("kwokctl");
    expect(await missing(clusters)).toEqual([]);
  });

  test("finds a program only where it may be run", async () => {
    writeFileSync(path.join(folder, "kwokctl"), "");
    expect(await missing(clusters)).toEqual([kwokctl]);
  });
});

describe("a stack of k3d clusters", () => {
  const clusters = { cluster1: { source: "k3d" }, cluster2: { source: "existing" } };
  const docker = {
    what: "a running Docker engine, for the k3d clusters",
    remedy: "install and start Docker; or rehearse without it on simulated clusters: npm run up -- sim",
  };
  const k3d = { what: "k3d", remedy: "install it: https://k3d.io/stable/#installation" };

  test("needs Docker and k3d; without Docker, there is the sim stack", async () => {
    expect(await missing(clusters)).toEqual([docker, k3d]);
  });

  test("needs a Docker engine that runs, not only its client", async () => {
    program("k3d");
    program("docker", "exit 1");
    expect(await missing(clusters)).toEqual([docker]);
    program("docker", '[ "$*" = info ]');
    expect(await missing(clusters)).toEqual([]);
  });

  test("needs k3d beside Docker", async () => {
    program("docker");
    expect(await missing(clusters)).toEqual([k3d]);
  });
});

describe("chart archives", () => {
  const archive = (directory: string) => ({
    what: `the chart archive ${path.join(directory, "linkerd-control-plane-2026.8.3.tgz")}`,
    remedy: "put the archives of that version into the folder",
  });
  const settings = (directory: string) => ({ version: "2026.8.3", charts: { directory } });

  test("must be in the folder that the settings name", async () => {
    const charts = path.join(folder, "charts");
    expect(await missing({}, settings(charts))).toEqual([archive(charts)]);
    mkdirSync(charts);
    expect(await missing({}, settings(charts))).toEqual([archive(charts)]);
    writeFileSync(path.join(charts, "linkerd-control-plane-2026.8.3.tgz"), "");
    expect(await missing({}, settings(charts))).toEqual([]);
  });

  test("must be in the folder that LINKERD_CHARTS_DIR names, whatever the settings say", async () => {
    const charts = path.join(folder, "charts");
    mkdirSync(charts);
    writeFileSync(path.join(charts, "linkerd-control-plane-2026.8.3.tgz"), "");
    vi.stubEnv("LINKERD_CHARTS_DIR", "/nonexistent");
    expect(await missing({}, settings(charts))).toEqual([archive("/nonexistent")]);
    expect(await missing({}, { version: "2026.8.3" })).toEqual([archive("/nonexistent")]);
    vi.stubEnv("LINKERD_CHARTS_DIR", charts);
    expect(await missing({}, settings("/nonexistent"))).toEqual([]);
  });

  test("are the settings' own where LINKERD_CHARTS_DIR is empty, as when they are read", async () => {
    vi.stubEnv("LINKERD_CHARTS_DIR", "");
    expect(await missing({}, settings("/nonexistent"))).toEqual([archive("/nonexistent")]);
  });

  test("aren't needed from a repository", async () => {
    expect(await missing({}, { version: "2026.8.3" })).toEqual([]);
    const repository = { repository: "https://helm.linkerd.io/edge" };
    expect(await missing({}, { version: "2026.8.3", charts: repository })).toEqual([]);
  });
});

describe("Pulumi's plugins", () => {
  function pinned(plugin: string): string {
    const file = path.resolve(import.meta.dirname, "../../node_modules/@pulumi", plugin, "package.json");
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    return version.replace(/^v/, "");
  }

  function install(plugin: string, version: string) {
    mkdirSync(path.join(folder, "pulumi-home/plugins", `resource-${plugin}-v${version}`), {
      recursive: true,
    });
  }

  beforeEach(() => {
    for (const plugin of ["kubernetes", "tls", "command"])
      rmSync(path.join(folder, `pulumi-resource-${plugin}`));
  });

  test("must be installed in the versions that package.json pins", async () => {
    install("kubernetes", pinned("kubernetes"));
    install("tls", "0.0.1");
    expect(await missing({})).toEqual(
      ["tls", "command"].map((plugin) => ({
        what: `the Pulumi plugin ${plugin} ${pinned(plugin)}`,
        remedy: `npx pulumi plugin install resource ${plugin} ${pinned(plugin)}`,
      })),
    );
  });

  test("are installed where that works", async () => {
    install("kubernetes", pinned("kubernetes"));
    program("pulumi", 'echo "$*" >>"${0%/*}/calls"');
    expect(await missing({})).toEqual([]);
    expect(readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n").sort()).toEqual([
      `plugin install resource command ${pinned("command")}`,
      `plugin install resource tls ${pinned("tls")}`,
    ]);
  });
});

describe("an existing cluster", () => {
  function adopted(kubeconfig: string, context = "east") {
    const kubeconfigPath = path.join(folder, "config");
    writeFileSync(kubeconfigPath, kubeconfig);
    return { east: { source: "existing", context, kubeconfigPath } };
  }

  test("must be a context that is there", async () => {
    expect(await missing(adopted(kubeconfigOf("east"), "prod"))).toEqual([
      {
        what: `cluster east, by context prod: there is no context prod in ${path.join(folder, "config")}; it has east`,
        remedy: "see: kubectl --context prod version",
      },
    ]);
  });

  test.each([
    ["v1.33.4+k3s1", []],
    ["v1.31.0", []],
    [
      "v1.30.9",
      [
        {
          what: "Kubernetes 1.31.0 or newer on cluster east, which runs v1.30.9",
          remedy: "upgrade the cluster first; Linkerd's charts refuse older ones",
        },
      ],
    ],
  ])("that runs %s", async (gitVersion, expected) => {
    const server = await startApiServer("east");
    server.objects["/version"] = { gitVersion };
    expect(await missing(adopted(server.kubeconfig))).toEqual(expected);
    await server.close();
  });

  test("must answer", async () => {
    const server = await startApiServer("east");
    await server.close();
    expect(await missing(adopted(server.kubeconfig))).toEqual([
      {
        what: "cluster east, by context east: fetch failed",
        remedy: "see: kubectl --context east version",
      },
    ]);
  });

  test("known otherwise than by a context isn't asked", async () => {
    expect(await missing({ east: { source: "existing", kubeconfig: { secure: "v1:abc" } } })).toEqual([]);
  });
});

describe("settings that are wrong", () => {
  test.each([
    ["no configuration at all", {}],
    ["no clusters", { config: { "mesh:environment": "dev" } }],
    ["clusters that are no map", { config: { "mesh:clusters": "cluster1" } }],
    ["a cluster without a word", { config: { "mesh:clusters": { cluster1: null, cluster2: "k3d" } } }],
    ["a chart source without a word", { config: { "mesh:linkerd": { version: "2026.8.3", charts: null } } }],
  ])("(%s) are left to the program, which names every problem", async (_case, file) => {
    expect(await findMissing(file as Parameters<typeof findMissing>[0])).toEqual([]);
  });
});

test("everything that is missing is one message, each with its remedy", () => {
  expect(
    formatMissing("dev", [
      { what: "k3d", remedy: "install it" },
      { what: "the plugin tls", remedy: "npx pulumi plugin install" },
    ]),
  ).toBe(`Stack dev needs what isn't here; nothing was started.

  k3d
    -> install it

  the plugin tls
    -> npx pulumi plugin install
`);
});
