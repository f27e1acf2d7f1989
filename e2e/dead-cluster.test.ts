import { AppsV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { eventually } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { nameOf, type Engine } from "./engine.ts";
import { createEngine, Fleet, type StandingCluster } from "./fleet.ts";

const names = ["east", "north", "west"];
const others = (name: string) => names.filter((one) => one !== name);
const allThree = { east: {}, north: {}, west: {} };
const links = { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"], headless: true };

const controllers = new Controllers();
let fleet: Fleet;
let engine: Engine;
let before: string[];

/** Everything that a cluster has, but for the addresses of Services, which are random. */
async function inventory(cluster: StandingCluster): Promise<string[]> {
  return (await cluster.inventory()).filter((object) => !object.startsWith("ipaddresses "));
}

/** What is in the state of a cluster and of the links with it. */
async function known(name: string): Promise<string[]> {
  const resources = await engine.resources();
  const found = resources.map(({ urn }) => nameOf(urn));
  return found.filter((one) => new RegExp(`\\b${name}\\b`).test(one)).sort();
}

function mirrors(): Promise<Record<string, string>[]> {
  return Promise.all([fleet.named("east"), fleet.named("north")].map((one) => one.mirrorIds()));
}

/** Whether the mirror controller of a link also mirrors headless services. */
async function isHeadless(name: string, target: string): Promise<boolean> {
  const deployment = await fleet
    .named(name)
    .config.makeApiClient(AppsV1Api)
    .readNamespacedDeployment({
      namespace: "linkerd-multicluster",
      name: `controller-${target}`,
    });
  const [container] = deployment.spec?.template.spec?.containers ?? [];
  return container?.args?.includes("-enable-headless-services") ?? false;
}

beforeAll(async () => {
  fleet = await Fleet.create("e2e-dead", names, 3);
  before = await inventory(fleet.named("west"));
  engine = await createEngine("e2e-dead", fleet.settings(allThree));
  await engine.up();
  if (controllerProgram === undefined) return;
  for (const cluster of fleet.clusters) {
    controllers.runLocal(cluster);
    for (const target of others(cluster.name)) controllers.runLink(cluster, target);
  }
  await eventually(mirrors, ([east = {}, north = {}]) =>
    [east, north].every((found) => Object.keys(found).length === 5),
  );
});

afterAll(async () => {
  await controllers.stop();
  await fleet.delete();
  await engine.dispose();
});

describe("one API server of three is down", () => {
  test("preview, up and refresh work for the others, and forget nothing of it", async () => {
    const west = await known("west");
    const mirrored = await mirrors();
    await fleet.named("west").stop();
    await engine.configure(fleet.settings(allThree, { links }));
    expect(await engine.npmRun("preview")).toMatch(
      /^west is left out: https:\S+: ECONNREFUSED\.\n.*what east and north have for the links with it stays/m,
    );
    await engine.npmRun("up");
    expect(await isHeadless("east", "north")).toBe(true);
    expect(await engine.npmRun("refresh")).toContain("west is left out");
    expect(await known("west")).toEqual(west);
    expect(await mirrors()).toEqual(mirrored);
    expect(await engine.output("mesh")).toMatchObject({ clusters: { west: { source: "existing" } } });
  });

  test("destroy asks what to do, and takes nothing down", async () => {
    const resources = await engine.resources();
    const { code, output } = await engine.command("stack", "destroy", engine.stack, "--yes");
    expect(code).not.toBe(0);
    expect(output).toContain("west is to be taken down, but can't be reached");
    expect(output).toContain("add --forget west");
    expect(await engine.resources()).toEqual(resources);
  });

  test("the next update makes up for it once it answers again", async () => {
    const mirrored = await mirrors();
    await fleet.named("west").start();
    const output = await engine.npmRun("up");
    expect(output).not.toContain("left out");
    expect(await isHeadless("west", "east")).toBe(true);
    expect(await mirrors()).toEqual(mirrored);
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("it is retired without being reached, and the others keep nothing for it", async () => {
    const mirrored = await mirrors();
    await fleet.named("west").stop();
    await engine.configure(fleet.settings({ east: {}, north: {} }, { links, retired: ["west"] }));
    const refused = await engine.command("stack", "preview", engine.stack);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("add --forget west");
    expect(await engine.npmRun("preview", "--forget", "west")).toContain("west is forgotten");
    await engine.npmRun("up", "--forget", "west");
    expect(await known("west")).toEqual([]);
    for (const name of ["east", "north"]) {
      const left = await inventory(fleet.named(name));
      expect(left.filter((object) => object.includes("west"))).toEqual([]);
    }
    const kept = mirrored.map((found) =>
      Object.fromEntries(Object.entries(found).filter(([name]) => !name.endsWith("west"))),
    );
    expect(await mirrors()).toEqual(kept);
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("what it still has when it comes back is taken over, and then taken off", async () => {
    await fleet.named("west").start();
    await engine.configure(fleet.settings({ ...allThree, west: { adopt: true } }, { links }));
    // The label was applied by the state that is lost.
    expect(await engine.npmRun("up")).toMatch(
      /Service shop\/search: what exports it belongs to this stack alone, not to pulumi-kubernetes-/,
    );
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    await engine.configure(fleet.settings({ ...allThree, west: { retire: "links" } }, { links }));
    await engine.npmRun("up");
    await engine.configure(fleet.settings({ east: {}, north: {} }, { links, retired: ["west"] }));
    await engine.npmRun("up");
    // Kubernetes takes away what depended on what is gone.
    await eventually(
      async () => {
        const now = await inventory(fleet.named("west")).catch(() => ["no answer"]);
        return [...now.filter((one) => !before.includes(one)), ...before.filter((one) => !now.includes(one))];
      },
      ({ length }) => length === 0,
      30,
    );
    // Of Services that others own, nothing of ours stays either.
    for (const name of ["cart", "stock", "search"]) {
      const service = await fleet.named("west").service("shop", name);
      expect(service?.metadata?.labels).toEqual({ app: name });
    }
    await engine.npmRun("destroy");
    expect(await engine.resources()).toEqual([]);
  });
});
