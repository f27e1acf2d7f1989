import path from "node:path";

import { AppsV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { withAnotherVersion } from "./charts.ts";
import { eventually } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { nameOf, type Engine } from "./engine.ts";
import { createEngine, Fleet, type StandingCluster } from "./fleet.ts";
import { charts, chartVersion, linkerdSettings } from "./settings.ts";

const missing = Object.entries({ "linkerd-controller": controllerProgram, charts })
  .filter(([, found]) => found === undefined)
  .map(([name]) => name);
if (missing.length > 0) console.log(`upgrade skipped: ${missing.join(", ")} not found on this machine`);

const names = ["east", "west"];
const newer = "2026.9.1";
const older = "2025.4.4";
const [before, after] = ["edge-26.8.3", "edge-26.9.1"];
const controllers = new Controllers();
let fleet: Fleet;
let engine: Engine;
/** What runs, by uid: mirrors, and the workloads of Linkerd. */
let running: Record<string, string>[];

async function workloads({ config }: StandingCluster): Promise<Record<string, string>> {
  const { items } = await config.makeApiClient(AppsV1Api).listDeploymentForAllNamespaces();
  return Object.fromEntries(
    items.map(({ metadata: { namespace = "", name = "", uid = "" } = {} }) => [`${namespace}/${name}`, uid]),
  );
}

function uids(): Promise<Record<string, string>[]> {
  return Promise.all(
    fleet.clusters.map(async (one) => ({ ...(await one.mirrorIds()), ...(await workloads(one)) })),
  );
}

/** The Linkerd that each cluster's control plane says it is. */
async function versions(): Promise<(string | undefined)[]> {
  const config = { namespace: "linkerd", name: "linkerd-config" };
  const found = await Promise.all(fleet.clusters.map(({ core }) => core.readNamespacedConfigMap(config)));
  return found.map(({ data }) => /^linkerdVersion: (.*)$/m.exec(data?.["values"] ?? "")?.[1]);
}

/** Writes the stack file with a version for all, and others for some. */
function configure(version: string, clusters: Readonly<Record<string, string>> = {}): Promise<void> {
  const own = (name: string) => (name in clusters ? { version: clusters[name] } : {});
  const linkerd = { ...linkerdSettings, version, charts: { directory: path.join(fleet.folder, "charts") } };
  const entries = Object.fromEntries(names.map((name) => [name, own(name)]));
  return engine.configure(fleet.settings(entries, { linkerd }));
}

/** The clusters whose resources a preview names; it must only change what is there. */
async function named(): Promise<string[]> {
  const steps = await engine.previewSteps();
  expect(steps.filter(({ op }) => op !== "update")).toEqual([]);
  const found = steps.map(({ urn }) => nameOf(urn).split(/[-/]/)[0] ?? "");
  return [...new Set(found)].sort();
}

/** Updates, and expects that nothing was made anew and that nothing is left to do. */
async function upgrade(): Promise<string> {
  const output = await engine.npmRun("up");
  expect(await uids()).toEqual(running);
  // The provider may remember a Service as it was when it began to wait for it.
  await engine.npmRun("refresh");
  expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  return output;
}

beforeAll(async () => {
  if (missing.length > 0) return;
  fleet = await Fleet.create("e2e-upgrade", names, 12);
  const folder = path.join(fleet.folder, "charts");
  for (const other of [newer, older]) await withAnotherVersion(charts ?? "", chartVersion, other, folder);
  // It would be used instead of the folder that the stack file names.
  vi.stubEnv("LINKERD_CHARTS_DIR", undefined);
  engine = await createEngine("e2e-upgrade", {});
  await configure(chartVersion);
  await engine.up();
  for (const cluster of fleet.clusters) {
    controllers.runLocal(cluster);
    for (const target of names) if (target !== cluster.name) controllers.runLink(cluster, target);
  }
  await eventually(
    () => Promise.all(fleet.clusters.map((cluster) => cluster.mirrorIds())),
    (found) => found.every((mirrors) => Object.keys(mirrors).length === 3),
  );
  running = await uids();
});

afterAll(async () => {
  if (missing.length > 0) return;
  await controllers.stop();
  await fleet.delete();
  await engine.dispose();
});

describe.skipIf(missing.length > 0)("two linked clusters", () => {
  test("aren't upgraded further apart than Linkerd allows", async () => {
    await configure(chartVersion, { west: older });
    const apart = await engine.command("stack", "up", engine.stack, "--yes", "--skip-preview");
    expect(apart.code).not.toBe(0);
    expect(apart.output).toContain("clusters.east.version");
    expect(apart.output).toContain(
      "is more than one version of Linkerd ahead of 2025.4.4 (Linkerd 2.18) on west",
    );
    await configure(older);
    const skipping = await engine.command("stack", "up", engine.stack, "--yes", "--skip-preview");
    expect(skipping.code).not.toBe(0);
    expect(skipping.output).toContain("skips a version of Linkerd: east runs 2026.8.3 (Linkerd 2.20)");
    expect(await versions()).toEqual([before, before]);
    expect(await uids()).toEqual(running);
  });

  test("are upgraded one first, its definitions before what needs them", async () => {
    await configure(chartVersion, { west: newer });
    expect(await named()).toEqual(["west"]);
    const output = await upgrade();
    expect(await versions()).toEqual([before, after]);
    const done = output.split("\n").filter((line) => / updated /.test(line));
    const definitions = done.findIndex((line) => line.includes("west-linkerd-crds-release"));
    const controlPlane = done.findIndex((line) => line.includes("west-linkerd-control-plane-chart"));
    expect(definitions).toBeGreaterThanOrEqual(0);
    expect(controlPlane).toBeGreaterThan(definitions);
  });

  test("are upgraded the rest of them", async () => {
    await configure(newer);
    expect(await named()).toEqual(["east"]);
    await upgrade();
    expect(await versions()).toEqual([after, after]);
  });

  test("go back", async () => {
    await configure(newer, { east: chartVersion });
    expect(await named()).toEqual(["east"]);
    await upgrade();
    expect(await versions()).toEqual([before, after]);
    await configure(chartVersion);
    expect(await named()).toEqual(["west"]);
    await upgrade();
    expect(await versions()).toEqual([before, before]);
  });
});
