import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { FleetSummary } from "../cli/fleet/fleet-summary.ts";
import { readAllOutputs } from "../cli/stacks/all-outputs.ts";
import { output } from "../components/cluster/programs.ts";
import { TestCluster } from "./clusters.ts";
import { Engine, nameOf, type StateResource } from "./engine.ts";
import { linkerdSettings, simulatedCluster } from "./settings.ts";

const stack = "e2e-split";
const settings = (more: object = {}) => ({
  environment: stack,
  linkerd: linkerdSettings,
  clusters: Object.fromEntries(
    ["east", "west"].map((name, index) => [name, simulatedCluster(51 + index, 251 + index)]),
  ),
  links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
  emojivoto: { mode: "pod-to-pod" },
  ...more,
});
const parts = [
  "e2e-split-trust",
  "e2e-split-cluster-east",
  "e2e-split-cluster-west",
  "e2e-split-multicluster-east",
  "e2e-split-multicluster-west",
  "e2e-split-links-east",
  "e2e-split-links-west",
];

let engine: Engine;
const clusters: TestCluster[] = [];
let before: string[][];
let resources: StateResource[];

function inventories(): Promise<string[][]> {
  return Promise.all(clusters.map((cluster) => cluster.inventory()));
}

/** What was made, with its id: it is what must stay. */
function made(all: readonly StateResource[]): string[] {
  return all
    .filter(({ type }) => !type.startsWith("pulumi:") && !type.startsWith("mesh:"))
    .map(({ id = "", urn }) => `${nameOf(urn)} ${id}`)
    .sort();
}

/** A resource whatever stack it is in, and its id. */
function idOf({ urn, id = "" }: StateResource): string {
  return `${urn.split("::").slice(1).join("::")} ${id}`;
}

/** The token that stays until the next renewal, since another part reads it later. */
function isKept({ urn }: StateResource): boolean {
  return nameOf(urn) === "east-to-west-access-token-2";
}

async function exported(part: string): Promise<string> {
  return engine.expectSuccess(["stack", "export", "--stack", part]);
}

async function resourcesOf(part: string): Promise<StateResource[]> {
  const { deployment } = JSON.parse(await exported(part)) as { deployment: { resources?: StateResource[] } };
  return deployment.resources ?? [];
}

async function command(name: string, ...args: string[]): Promise<string> {
  const { code, output } = await engine.command(name, ...args);
  if (code !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${code.toString()}:\n${output}`);
  return output;
}

async function fleet(action: string, ...flags: string[]): Promise<FleetSummary> {
  const file = path.join(engine.folder, "summary.json");
  await command("fleet", action, stack, "--yes", "--parallel", "2", "--json", file, ...flags);
  return JSON.parse(await readFile(file, "utf8")) as FleetSummary;
}

/** What a run on all parts changed, or would change. */
function changesOf({ parts: runs }: FleetSummary): string[] {
  return runs.flatMap(({ stack: part, report }) =>
    (report?.changes ?? []).map(({ operation, component }) => `${part}: ${operation} ${component}`),
  );
}

beforeAll(async () => {
  engine = await Engine.create(stack, settings(), { withCommands: true });
  const levels = path.join(engine.folder, "policy", `${stack}.json`);
  await writeFile(levels, JSON.stringify({ "closed-gateways": "disabled", "closed-exports": "disabled" }));
  await engine.up();
  const kubeconfigs = await engine.output<Record<string, string>>("kubeconfigs");
  for (const [name, kubeconfig] of Object.entries(kubeconfigs)) {
    clusters.push(await TestCluster.open(engine.folder, name, kubeconfig));
  }
  before = await inventories();
  resources = await engine.resources();
});

afterAll(async () => {
  await engine.configure(settings());
  await engine.command("join", stack);
  await engine.destroy();
  await engine.dispose();
});

describe("a fleet of one stack, moved to a stack for each part", () => {
  test("isn't run on in parts before it is moved", async () => {
    await engine.configure(settings({ split: true }));
    const { code, output } = await engine.command("fleet", "up", stack, "--yes");
    expect([code, output]).toEqual([1, expect.stringContaining(`npm run split -- ${stack}`)]);
  });

  test("leaves the one stack empty, and each resource in one of the others", async () => {
    const output = await command("split", stack);
    expect(output).toContain(parts.join(", "));
    expect(await engine.resources()).toEqual([]);
    const moved: string[] = [];
    for (const part of parts) {
      expect(await exported(part)).not.toMatch(/PRIVATE KEY|"token": "ey|LS0tLS1CRUdJTiBFQyBQUklWQVRF/);
      moved.push(...made(await resourcesOf(part)));
    }
    expect(moved.sort()).toEqual(made(resources));
    const files = await readdir(engine.folder);
    expect(files.filter((file) => file.startsWith(`Pulumi.${stack}-`))).toEqual([]);
    const [backup = ""] = await readdir(path.join(engine.folder, "backups"));
    const copy = await readFile(path.join(engine.folder, "backups", backup, `${stack}.json`), "utf8");
    expect(copy).not.toContain("PRIVATE KEY");
    expect(copy.match(/"urn":"/g)).toHaveLength(resources.length);
  });

  test("makes nothing anew: no part has a change, and leaves no file", async () => {
    const files = await readdir(engine.temporary);
    const up = await fleet("up");
    expect(up.parts.map(({ stack: part, outcome }) => [part, outcome])).toEqual(
      parts.map((part) => [part, "done"]),
    );
    expect(changesOf(up)).toEqual([]);
    expect(changesOf(await fleet("preview", "--all"))).toEqual([]);
    // What is compared is read by one engine; where that failed, each part would be read on its own, so nobody would see it.
    const text = await readFile(engine.configFile, "utf8");
    const said = await readAllOutputs((args) => engine.expectSuccess(args), {
      base: stack,
      text,
      stacks: parts,
    });
    for (const part of parts) {
      const flags = ["--show-secrets", "--json", "--stack", part];
      const own = JSON.parse(await engine.expectSuccess(["stack", "output", ...flags])) as unknown;
      expect(said.get(part)).toEqual(own);
    }
    expect(changesOf(await fleet("refresh"))).toEqual([]);
    expect(await readdir(engine.temporary)).toEqual(files);
    const logs = path.join(engine.folder, "logs");
    for (const log of await readdir(logs, { recursive: true, withFileTypes: true })) {
      if (!log.isFile()) continue;
      expect(await readFile(path.join(log.parentPath, log.name), "utf8")).not.toMatch(
        /PRIVATE KEY|"token": "ey/,
      );
    }
    expect(await inventories()).toEqual(before);
  });

  test("is run only where something has changed", async () => {
    const outcomes = ({ parts: runs }: FleetSummary) => runs.map(({ outcome }) => outcome);
    // The refresh has written to each stack.
    expect(outcomes(await fleet("up"))).toEqual(parts.map(() => "done"));
    expect(outcomes(await fleet("preview"))).toEqual(parts.map(() => "unchanged"));
    const { clusters: named, ...rest } = settings({ split: true });
    const west = { ...named["west"], values: { controlPlane: { controllerLogLevel: "debug" } } };
    await engine.configure({ ...rest, clusters: { ...named, west } });
    const preview = await fleet("preview");
    expect(preview.parts.filter(({ outcome }) => outcome === "done").map(({ stack: part }) => part)).toEqual([
      "e2e-split-cluster-west",
    ]);
    expect(changesOf(preview)).toEqual(["e2e-split-cluster-west: update west-linkerd"]);
    await engine.configure(settings({ split: true }));
    expect(outcomes(await fleet("up"))).toEqual(parts.map(() => "unchanged"));
  });

  test("loses a part with the last link of a cluster, and gets it back with the link", async () => {
    const oneWay = [{ source: "east", target: "west", carries: ["gateway", "pod-to-pod", "federated"] }];
    // Emojivoto calls both ways.
    await engine.configure(settings({ split: true, links: { oneWay }, emojivoto: false }));
    const leaving = "e2e-split-links-west";
    const there = made(await resourcesOf(leaving));
    const goes = ({ parts: runs }: FleetSummary) => runs.find(({ stack: part }) => part === leaving);
    const preview = goes(await fleet("preview"));
    expect(preview).toMatchObject({ outcome: "done", leaving: "goes" });
    expect(preview?.report?.counts).toMatchObject({ create: 0, update: 0, replace: 0 });
    expect(preview?.report?.counts.delete).toBeGreaterThanOrEqual(there.length);
    expect(made(await resourcesOf(leaving))).toEqual(there);
    const only = await fleet("preview", "--only", "trust");
    expect(only.parts.map(({ stack: part }) => part)).toEqual(["e2e-split-trust"]);
    const up = goes(await fleet("up"));
    expect(up).toMatchObject({
      outcome: "done",
      leaving: "gone",
      report: { counts: preview?.report?.counts },
    });
    expect(await engine.expectSuccess(["stack", "ls", "--json"])).not.toContain(leaving);
    const [, west = []] = await inventories();
    expect(west.filter((object) => /^(links .*|secrets .*-credentials-east$)/.test(object))).toEqual([]);
    expect(goes(await fleet("preview"))).toBeUndefined();
    await engine.configure(settings({ split: true }));
    await fleet("up");
    const lasting = (all: string[][]) =>
      all.map((objects) => objects.filter((object) => !object.startsWith("ipaddresses ")));
    const now = await inventories();
    expect(lasting(now)).toEqual(lasting(before));
    before = now;
    const again = (await resourcesOf(leaving)).filter(({ urn }) => nameOf(urn).startsWith("west-to-east"));
    resources = resources.map((one) => again.find(({ urn }) => nameOf(urn) === nameOf(one.urn)) ?? one);
  });

  test("renews a token while the one before stays good, as it is read by a part that comes later", async () => {
    const tokens = async () =>
      ((await clusters[1]?.inventory()) ?? []).flatMap(
        (object) => /^secrets .*-remote-access-(east-token.*)$/.exec(object)?.slice(1) ?? [],
      );
    const renew = async (renewals: object) => {
      const { links, ...rest } = settings({ split: true });
      await engine.configure({ ...rest, links: { ...links, credentials: { renewals } } });
      return changesOf(await fleet("up"));
    };
    expect(await tokens()).toEqual(["east-token"]);
    expect(await renew({ "east-to-west": 1 })).toEqual([
      "e2e-split-multicluster-west: create east-to-west-access",
      "e2e-split-links-east: update east-to-west",
    ]);
    expect(await tokens()).toEqual(["east-token", "east-token-1"]);
    expect(await renew({ "east-to-west": 2 })).toEqual([
      "e2e-split-multicluster-west: delete east-to-west-access",
      "e2e-split-multicluster-west: create east-to-west-access",
      "e2e-split-links-east: update east-to-west",
    ]);
    expect(await tokens()).toEqual(["east-token-1", "east-token-2"]);
    expect(changesOf(await fleet("preview", "--all"))).toEqual([]);
    await renew({});
    before = await inventories();
    const kept = (await resourcesOf("e2e-split-multicluster-west")).filter(isKept);
    expect(kept).toHaveLength(1);
    resources.push(...kept);
  });

  test("goes past a cluster that doesn't answer, says so, and makes up for it", async () => {
    const west = ["cluster", "--name", `${stack}-west`];
    await output("kwokctl", ["stop", ...west]);
    const { parts: runs } = await fleet("up", "--all").finally(() =>
      output("kwokctl", ["start", ...west, "--wait", "60s"]),
    );
    const without = runs.filter(({ notes = [] }) =>
      notes.some((note) => note.startsWith("west is left out")),
    );
    expect(without.map(({ stack: part }) => part)).toEqual([
      "e2e-split-cluster-west",
      "e2e-split-multicluster-west",
      "e2e-split-links-west",
    ]);
    const { parts: next } = await fleet("up");
    expect(next.filter(({ outcome }) => outcome === "done").map(({ stack: part }) => part)).toEqual([
      "e2e-split-cluster-west",
      "e2e-split-multicluster-west",
      "e2e-split-links-west",
    ]);
    expect(await inventories()).toEqual(before);
  });

  test("isn't run on as one stack before it is moved back", async () => {
    const whole = await engine.run(["preview", "--stack", stack]);
    expect(whole.code).not.toBe(0);
    expect(whole.output).toContain(`is set, and ${stack} is none of the environment's parts`);
    await engine.configure(settings());
    const { code, output } = await engine.command("stack", "preview", stack);
    expect([code, output]).toEqual([1, expect.stringContaining(`npm run join -- ${stack}`)]);
  });
});

describe("moved back", () => {
  test("it is the one stack that it was, and has nothing to do but to drop what only parts need", async () => {
    await command("join", stack);
    const back = await engine.resources();
    expect(back.map(idOf).sort()).toEqual(resources.map(idOf).sort());
    for (const part of parts) expect(await resourcesOf(part)).toEqual([]);
    const steps = await engine.previewSteps();
    expect(steps.map(({ op, urn }) => `${op} ${nameOf(urn)}`).sort()).toEqual([
      "delete east-to-west-access-token-2",
      "update east-to-west-access",
    ]);
    await engine.up();
    expect((await engine.previewWithoutChanges()).code).toBe(0);
    expect((await engine.refreshWithoutChanges()).code).toBe(0);
    expect(await inventories()).toEqual(
      before.map((objects) => objects.filter((object) => !object.endsWith("-east-token-2"))),
    );
  });
});
