import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { compareTopologies } from "./comparison.ts";
import { layOut, type Layout, type Point, type Rectangle } from "./layout.ts";
import { names, shapes, topologyOf } from "./test-examples.ts";

function overlaps(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

function isInside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** The straight parts of a line as rectangles as wide as it is drawn, without what touches its ends. */
function segments(points: readonly Point[], width = 2): Rectangle[] {
  return points.slice(1).map((point, index) => {
    const before = points[index] ?? point;
    const [left, top] = [Math.min(before.x, point.x), Math.min(before.y, point.y)];
    const isFlat = before.y === point.y;
    return {
      x: isFlat ? left + 1 : left - width / 2,
      y: isFlat ? top - width / 2 : top + 1,
      width: isFlat ? Math.abs(before.x - point.x) - 2 : width,
      height: isFlat ? width : Math.abs(before.y - point.y) - 2,
    };
  });
}

function pairsOf<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((one, index) => items.slice(index + 1).map((other): [T, T] => [one, other]));
}

function boxNamed({ boxes }: Layout, name: string) {
  const box = boxes.find(({ cluster }) => cluster.name === name);
  if (box === undefined) throw new Error(`There is no box ${name}.`);
  return box;
}

/** No line is on a box, and no label on anything. */
function expectClear({ boxes, strokes }: Layout) {
  const parts = strokes.flatMap(({ points }) => segments(points));
  expect(parts.filter((part) => boxes.some((box) => overlaps(part, box)))).toEqual([]);
  const labels = strokes.flatMap(({ label }) => label ?? []);
  expect(pairsOf(labels).filter(([one, other]) => overlaps(one, other))).toEqual([]);
  expect(labels.filter((label) => [...parts, ...boxes].some((other) => overlaps(label, other)))).toEqual([]);
}

const bigger = topologyOf(7, { links: { topology: "mesh", carries: ["gateway", "federated"] } });
const smaller = topologyOf(6, { links: { topology: "mesh" } });
const all = [...shapes(), ["a comparison", compareTopologies(smaller, bigger)] as const];

describe.each(all)("%s", (_name, topology) => {
  test("has a place for everything, on nothing else", async () => {
    const layout = await layOut(topology);
    const { boxes, frames } = layout;
    const page = { x: 0, y: 0, width: layout.width, height: layout.height };

    expect(boxes).toHaveLength(topology.clusters.length);
    expect(pairsOf(boxes).filter(([one, other]) => overlaps(one, other))).toEqual([]);
    expect([...boxes, ...frames].filter((one) => !isInside(one, page))).toEqual([]);
    for (const frame of frames) {
      const header = { ...frame, height: frame.kind === "mesh" ? 40 : 24 };
      for (const member of frame.members) {
        expect(isInside(boxNamed(layout, member), frame)).toBe(true);
        expect(overlaps(boxNamed(layout, member), header)).toBe(false);
      }
      const strangers = boxes.filter(({ cluster }) => !frame.members.includes(cluster.name));
      expect(strangers.filter((box) => overlaps(box, frame))).toEqual([]);
    }
    expectClear(layout);
  });

  test("has lines that end where they should", async () => {
    const layout = await layOut(topology);
    const ends = new Map<string, Rectangle>([
      ...layout.boxes.map((box): [string, Rectangle] => [box.cluster.name, box]),
      ...layout.frames.map((frame): [string, Rectangle] => [frame.name, frame]),
    ]);
    for (const { line, points } of layout.strokes) {
      for (const [name, point] of [
        [line.source, points[0]],
        [line.target, points.at(-1)],
      ] as const) {
        const end = ends.get(name);
        if (end === undefined || point === undefined) throw new Error(`${name} has no place.`);
        const around = { x: end.x - 1, y: end.y - 1, width: end.width + 2, height: end.height + 2 };
        expect(isInside({ ...point, width: 0, height: 0 }, around)).toBe(true);
      }
    }
  });
});

test("any links between any clusters have a clear picture", { timeout: 60_000 }, async () => {
  const modes = fc.subarray(["gateway", "pod-to-pod", "federated"], { minLength: 1 });
  const graph = fc.integer({ min: 2, max: 20 }).chain((count) => {
    const name = fc.constantFrom(...names(count));
    const link = fc
      .record({ source: name, target: name, carries: modes })
      .filter(({ source, target }) => source !== target);
    const oneWay = fc.uniqueArray(link, {
      maxLength: 25,
      selector: ({ source, target }) => `${source} ${target}`,
    });
    return fc.record({ count: fc.constant(count), oneWay, isHub: fc.boolean() });
  });
  await fc.assert(
    fc.asyncProperty(graph, async ({ count, oneWay, isHub }) => {
      const hub = isHub ? { topology: "hub-and-spoke", hub: "cluster1" } : {};
      const layout = await layOut(topologyOf(count, { links: { ...hub, oneWay } }));
      expect(pairsOf(layout.boxes).filter(([one, other]) => overlaps(one, other))).toEqual([]);
      expectClear(layout);
    }),
    { numRuns: 30 },
  );
});

test("fifty clusters take less than five seconds", async () => {
  const links = { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] };
  const topology = topologyOf(50, { links });
  const start = performance.now();
  await layOut(topology);
  expect(performance.now() - start).toBeLessThan(5000);
});
