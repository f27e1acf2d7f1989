import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { ApiextensionsV1Api, CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { FleetSummary } from "../cli/fleet/fleet-summary.ts";
import { Engine, nameOf } from "./engine.ts";
import { linkerdSettings } from "./settings.ts";

const commands = path.resolve(import.meta.dirname, "../components/cluster/simulated-cluster.command.ts");
const names = ["adopted", "other"] as const;

type Name = (typeof names)[number];

function environment(name: Name) {
  const index = names.indexOf(name).toString();
  return {
    ...process.env,
    MESH_CLUSTER: `e2e-${name}`,
    MESH_POD_NETWORK: `10.3${index}.0.0/16`,
    MESH_SERVICE_NETWORK: `10.23${index}.0.0/16`,
    MESH_NODES: "1",
  };
}

let folder: string;
let engine: Engine;
const before: Record<Name, string[]> = { adopted: [], other: [] };
/** What the first preview announced, and the update made. */
let announced: string[];
let made: string[];

/** Two clusters that others made, linked both ways; where the kubeconfig of the first one is. */
function settings(kubeconfigPath: string, linkerd: object = { ...linkerdSettings, viz: true }) {
  const existing = (name: Name, file: string) => ({
    source: "existing",
    context: `kwok-e2e-${name}`,
    kubeconfigPath: file,
    apiServer: `https://${name}.example:6443`,
  });
  return {
    environment: "e2e",
    linkerd,
    // Else the anchor that signs would have to be given up in an update of its own before the destroy.
    trust: { protect: false },
    clusters: {
      adopted: existing("adopted", kubeconfigPath),
      other: existing("other", path.join(folder, "other")),
    },
    links: { topology: "mesh", carries: ["gateway"], credentials: { lifetime: "720h" } },
  };
}

function kubeConfig(name: Name = "adopted"): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path.join(folder, name));
  return config;
}

/** Names of everything that an installation makes and that has no namespace. */
async function inventory(name: Name): Promise<string[]> {
  const config = kubeConfig(name);
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const lists = await Promise.all([
    config.makeApiClient(CoreV1Api).listNamespace(),
    config.makeApiClient(ApiextensionsV1Api).listCustomResourceDefinition(),
    rbac.listClusterRole(),
    rbac.listClusterRoleBinding(),
  ]);
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata?.name ?? "")).sort();
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mesh-adopted-"));
  for (const name of names) {
    const cluster = (action: string) =>
      execFileSync(process.execPath, [commands, action], { env: environment(name), encoding: "utf8" });
    const kubeconfig = cluster("create");
    cluster("scale");
    await writeFile(path.join(folder, name), kubeconfig, { mode: 0o600 });
    before[name] = await inventory(name);
  }
  engine = await Engine.create("e2e-adopted", settings(path.join(folder, "adopted")));
  announced = (await engine.previewSteps()).map(({ op, urn }) => `${op} ${urn}`);
  await engine.up();
  made = (await engine.resources()).map(({ urn }) => `create ${urn}`);
});

afterAll(async () => {
  for (const name of names) execFileSync(process.execPath, [commands, "delete"], { env: environment(name) });
  await engine.dispose();
});

describe("clusters that others made", () => {
  test("the first preview lists everything that the update makes", () => {
    // With this one the engine reads outputs of stacks: it makes it on its own, and no preview has it.
    const ours = made.filter((step) => !step.includes("::pulumi:providers:pulumi::"));
    expect(announced.sort()).toEqual(ours.sort());
  });

  test("the second preview and a refresh find nothing to do", async () => {
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("another path and other credentials in its kubeconfig replace nothing", async () => {
    const second = path.join(folder, "second");
    await copyFile(path.join(folder, "adopted"), second);
    const core = kubeConfig().makeApiClient(CoreV1Api);
    const rbac = kubeConfig().makeApiClient(RbacAuthorizationV1Api);
    await core.createNamespacedServiceAccount({
      namespace: "default",
      body: { metadata: { name: "admin" } },
    });
    await rbac.createClusterRoleBinding({
      body: {
        metadata: { name: "e2e-admin" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ kind: "ServiceAccount", name: "admin", namespace: "default" }],
      },
    });
    before.adopted.push("e2e-admin");
    const { status } = await core.createNamespacedServiceAccountToken({
      namespace: "default",
      name: "admin",
      body: { spec: { audiences: [], expirationSeconds: 3_600 } },
    });
    const config = new KubeConfig();
    config.loadFromFile(second);
    const [user] = config.getUsers();
    config.users = [{ name: user?.name ?? "", token: status?.token ?? "" }];
    await writeFile(second, config.exportConfig(), { mode: 0o600 });
    await engine.configure(settings(second));
    const steps = await engine.previewSteps();
    expect(steps.map(({ op, urn }) => [op, nameOf(urn)]).sort()).toEqual([
      ["update", "adopted"],
      // What restarts or cleans up later reaches the cluster by the new file too.
      ["update", "adopted-linkerd-crds-gateway-api"],
      ["update", "adopted-to-other-destination-restart"],
      ["update", "adopted-to-other-mirrors"],
    ]);
    await engine.up();
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("destroy leaves nothing of ours, and leaves the clusters", async () => {
    await engine.destroy();
    for (const name of names) expect(await inventory(name)).toEqual(before[name].sort());
  });
});

describe("the same as a stack for each part", () => {
  const stack = "e2e-adopted-parts";
  let parts: Engine;

  async function fleet(action: string, ...flags: string[]): Promise<FleetSummary> {
    const file = path.join(folder, "summary.json");
    const { code, output } = await parts.command("fleet", action, stack, "--yes", "--json", file, ...flags);
    if (code !== 0) throw new Error(output);
    return JSON.parse(await readFile(file, "utf8")) as FleetSummary;
  }

  /** What comes of each part. */
  function created({ parts: runs }: FleetSummary): (readonly [stack: string, count: number | undefined])[] {
    return runs.map(({ stack: part, report }) => [part, report?.counts.create]);
  }

  beforeAll(async () => {
    const split = { ...settings(path.join(folder, "adopted"), linkerdSettings), split: true };
    parts = await Engine.create(stack, split, { withCommands: true });
    const levels = path.join(parts.folder, "policy", `${stack}.json`);
    await writeFile(levels, JSON.stringify({ "closed-gateways": "disabled" }));
  });

  afterAll(async () => {
    await fleet("destroy");
    await parts.dispose();
  });

  test("the first preview lists everything that the update makes", async () => {
    const preview = await fleet("preview");
    expect(created(preview)).toHaveLength(7);
    expect(created(preview)).toEqual(created(await fleet("up", "--skip-preview")));
    expect((await fleet("preview")).parts.map(({ outcome }) => outcome)).toEqual(Array(7).fill("unchanged"));
  });
});
