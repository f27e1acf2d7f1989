import { once } from "node:events";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { State } from "../cli/stacks/state.ts";
import { eventually } from "./clusters.ts";
import type { Engine } from "./engine.ts";
import { createEngine, Fleet } from "./fleet.ts";
import { killFamily } from "./processes.ts";

/** How often an update and a destroy are interrupted, each; and what decides when. */
const kills = Number(process.env["E2E_KILLS"] ?? "3");
const seed = Number(process.env["E2E_SEED"] ?? "1");

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomNumbers(seed);
const moments = Array.from({ length: kills }, (_, index) => index + 1);

/** Small, so that it can be made often. */
const crossing = {
  links: { oneWay: [{ source: "east", target: "west" }], carries: ["gateway", "federated"] },
  services: [
    { cluster: "west", namespace: "shop", name: "cart", export: "gateway" },
    { cluster: "west", namespace: "shop", name: "search", export: "federated", clients: "any" },
  ],
};

let fleet: Fleet;
let engine: Engine;

/** What there is: on the clusters, and in the state. */
interface End {
  readonly clusters: readonly (readonly string[])[];
  readonly state: readonly string[];
}

let empty: End;
let undisturbed: End;
/** Seconds that the engine takes when it isn't interrupted. */
const duration = { up: 0, destroy: 0 };

async function state(): Promise<State["deployment"]> {
  return (JSON.parse(await engine.exportedState()) as State).deployment;
}

async function inventories(): Promise<string[][]> {
  return Promise.all(
    fleet.clusters.map(async (cluster) =>
      // Addresses of Services are random, and Helm numbers its notes of a release.
      (await cluster.inventory())
        .filter((object) => !object.startsWith("ipaddresses "))
        .map((object) => object.replace(/(sh\.helm\.release\S+)\.v\d+$/, "$1")),
    ),
  );
}

async function end(): Promise<End> {
  const { resources = [] } = await state();
  // What is replaced and still to be deleted would be there twice.
  return {
    clusters: await inventories(),
    state: resources.map(({ urn, type }) => `${type} ${urn}`).sort(),
  };
}

function difference(now: readonly string[], then: readonly string[]): string[] {
  return [
    ...now.filter((one) => !then.includes(one)).map((one) => `more: ${one}`),
    ...then.filter((one) => !now.includes(one)).map((one) => `less: ${one}`),
  ];
}

/** Kubernetes takes away what depended on what is gone. */
async function untilSame(wanted: End): Promise<void> {
  await eventually(
    async () => {
      const now = await end().catch(() => ({ clusters: [["no answer"], ["no answer"]], state: [] }));
      return [
        ...now.clusters.flatMap((objects, index) => difference(objects, wanted.clusters[index] ?? [])),
        ...difference(now.state, wanted.state),
      ];
    },
    ({ length }) => length === 0,
    60,
  );
  const { resources = [], pending_operations: pending } = await state();
  expect(pending ?? []).toEqual([]);
  expect(resources).toHaveLength(wanted.state.length);
}

async function measured(action: () => Promise<unknown>): Promise<number> {
  const started = Date.now();
  await action();
  return (Date.now() - started) / 1_000;
}

/** Starts the engine, and kills it with everything that it started after a random part of the time that it takes. */
async function interrupt(action: "up" | "destroy"): Promise<string> {
  const seconds = duration[action] * (0.05 + 0.9 * random());
  const child = engine.start([action, "--stack", engine.stack, "--yes", "--skip-preview"]);
  child.stdout?.resume();
  child.stderr?.resume();
  const ended = once(child, "exit");
  await Promise.race([ended, setTimeout(seconds * 1_000)]);
  const isEarly = child.exitCode === null;
  if (isEarly) await killFamily(child.pid ?? 0);
  await ended;
  const { resources = [], pending_operations: pending } = await state();
  const moment = isEarly ? `killed after ${seconds.toFixed(1)} s` : "ended before it could be killed";
  return `${moment}, ${resources.length.toString()} resources, ${(pending ?? []).length.toString()} pending`;
}

beforeAll(async () => {
  fleet = await Fleet.create("e2e-interrupted", ["east", "west"], 6);
  engine = await createEngine("e2e-interrupted", fleet.settings({ east: {}, west: {} }, crossing));
  empty = { clusters: await inventories(), state: [] };
  duration.up = await measured(() => engine.up());
  undisturbed = await end();
  duration.destroy = await measured(() => engine.destroy());
});

afterAll(async () => {
  await fleet.delete();
  await engine.dispose();
});

describe("the engine is killed at a random moment, and run again", () => {
  describe.each(moments)("time %i", (time) => {
    test("an update ends as if nothing had happened", async () => {
      const moment = await interrupt("up");
      const again = await measured(() => engine.npmRun("up"));
      await untilSame(undisturbed);
      console.log(`up ${time.toString()}: ${moment}; again in ${again.toFixed(0)} s, as undisturbed`);
      if (time === kills) expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    });

    test("a destroy ends as if nothing had happened", async () => {
      const moment = await interrupt("destroy");
      const again = await measured(() => engine.npmRun("destroy"));
      await untilSame(empty);
      console.log(`destroy ${time.toString()}: ${moment}; again in ${again.toFixed(0)} s, as undisturbed`);
    });
  });
});
