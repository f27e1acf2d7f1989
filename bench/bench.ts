/**
 * `npm run bench [-- COUNT…]`: what a mesh of simulated clusters costs, beside the same charts and objects applied by
 * helm and kubectl on clusters of their own, in the same run. Prints a table and writes bench/results/<time>.json.
 */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import path from "node:path";

import { Engine } from "../e2e/engine.ts";
import { lookAt } from "../e2e/verified.ts";
import { meshSettings } from "./fleet.ts";
import { Floor } from "./floor.ts";

interface Measurement {
  readonly clusters: number;
  readonly links: number;
  readonly resources: number;
  readonly stateMegabytes: number;
  /** Seconds. */
  readonly firstUp: number;
  readonly noOpPreview: number;
  readonly verify: number;
  readonly destroy: number;
  /** Seconds for the same with kwokctl, helm and kubectl. */
  readonly floorUp: number;
  readonly floorDiff: number;
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return Math.round((performance.now() - start) / 100) / 10;
}

async function stateMegabytes(engine: Engine): Promise<number> {
  const { size } = await stat(path.join(engine.folder, "state/.pulumi/stacks/mesh", `${engine.stack}.json`));
  return Math.round(size / 10_000) / 100;
}

async function measure(count: number): Promise<Measurement> {
  const settings = meshSettings("bench", count);
  const engine = await Engine.create("bench", settings);
  try {
    const firstUp = await seconds(() => engine.up());
    const noOpPreview = await seconds(() => engine.previewWithoutChanges());
    const verified = await seconds(async () => (await lookAt(engine, settings))());
    const resources = await engine.resources();
    const size = await stateMegabytes(engine);
    const destroy = await seconds(() => engine.destroy());
    const floor = new Floor(count);
    try {
      const floorUp = await seconds(() => floor.up());
      const floorDiff = await seconds(() => floor.diff());
      return {
        clusters: count,
        links: count * (count - 1),
        resources: resources.length,
        stateMegabytes: size,
        firstUp,
        noOpPreview,
        verify: verified,
        destroy,
        floorUp,
        floorDiff,
      };
    } finally {
      await floor.down();
    }
  } finally {
    await engine.destroy().catch(() => undefined);
    await engine.dispose();
  }
}

const counts = process.argv.slice(2).map(Number);
const measurements: Measurement[] = [];
for (const count of counts.length > 0 ? counts : [2, 5]) measurements.push(await measure(count));

console.table(measurements);
const results = path.join(import.meta.dirname, "results");
await mkdir(results, { recursive: true });
const machine = `${cpus().length.toString()} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30).toString()} GiB`;
const file = path.join(results, `${new Date().toISOString().replaceAll(":", "-")}.json`);
await writeFile(file, `${JSON.stringify({ machine, node: process.version, measurements }, undefined, 2)}\n`);
console.log(file);
