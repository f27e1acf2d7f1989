import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { arrowsOf, arrowText, type Arrow } from "./arrow.ts";
import { planDrawing, type Plan } from "./plan.ts";
import { names, topologyOf } from "./test-examples.ts";
import type { Mode, Topology } from "./topology.ts";

function planOf({ clusters, links }: Topology): Plan {
  return planDrawing(
    clusters.map(({ name }) => name),
    arrowsOf(links),
  );
}

function lines({ lines: drawn }: Plan): string[] {
  return drawn.map((line) => `${arrowText(line)}: ${line.carries.join()}`);
}

describe("few clusters", () => {
  test("are linked line by line", () => {
    const plan = planOf(topologyOf(3, { links: { topology: "mesh" } }));
    expect(plan.frames).toEqual([]);
    expect(lines(plan)).toEqual([
      "cluster1 ↔ cluster2: gateway",
      "cluster1 ↔ cluster3: gateway",
      "cluster2 ↔ cluster3: gateway",
    ]);
  });

  test("have two arrows where the directions carry different things", () => {
    const oneWay = [{ source: "cluster1", target: "cluster2", carries: ["pod-to-pod"] }];
    expect(lines(planOf(topologyOf(2, { links: { topology: "mesh", oneWay } })))).toEqual([
      "cluster1 → cluster2: pod-to-pod",
      "cluster2 → cluster1: gateway",
    ]);
  });
});

describe("many clusters", () => {
  test("in a full mesh are one frame without lines", () => {
    const { frames, lines: drawn } = planOf(topologyOf(50, { links: { topology: "mesh" } }));
    expect(frames).toMatchObject([{ kind: "mesh", members: names(50), carries: ["gateway"] }]);
    expect(drawn).toEqual([]);
  });

  test("in a mesh with exceptions have lines for these only", () => {
    const pairs = [{ clusters: ["cluster1", "cluster9"], carries: ["pod-to-pod"] }];
    const plan = planOf(topologyOf(20, { links: { topology: "mesh", pairs } }));
    expect(plan.frames[0]?.members).toHaveLength(20);
    expect(lines(plan)).toEqual(["cluster1 ↔ cluster9: pod-to-pod"]);
  });

  test("around a hub are one line to one frame, and others on their own", () => {
    const pairs = [{ clusters: ["cluster2", "cluster9"] }];
    const plan = planOf(
      topologyOf(20, {
        links: {
          topology: "hub-and-spoke",
          hub: "cluster2",
          pairs,
          oneWay: [{ source: "cluster4", target: "cluster5" }],
        },
      }),
    );
    expect(plan.frames).toMatchObject([{ kind: "alike" }]);
    expect(plan.frames[0]?.members).toHaveLength(17);
    expect(lines(plan).sort()).toEqual([
      "cluster2 ↔ cluster4: gateway",
      "cluster2 ↔ cluster5: gateway",
      "cluster2 ↔ frame 1: gateway",
      "cluster4 → cluster5: gateway",
    ]);
  });

  test("without links are together", () => {
    expect(planOf(topologyOf(8)).frames).toMatchObject([{ kind: "unlinked", members: names(8) }]);
  });
});

/** What a plan says, arrow by arrow. */
function spelledOut({ frames, lines: drawn }: Plan, given: readonly Arrow[]): string[] {
  const said = drawn.flatMap(({ arrows }) => arrows);
  const exceptions = new Set(said.map(({ source, target }) => [source, target].sort().join()));
  const usual = frames
    .filter(({ kind }) => kind === "mesh")
    .flatMap(({ members, carries }) =>
      members.flatMap((source, index) =>
        members
          .slice(index + 1)
          .filter((target) => !exceptions.has([source, target].sort().join()))
          .map((target) => ({ source, target, bothWays: true, carries })),
      ),
    );
  expect(given.length).toBe(said.length + usual.length);
  return [...said, ...usual].map(text).sort();
}

function text({
  source,
  target,
  bothWays,
  carries,
}: Pick<Arrow, "source" | "target" | "bothWays" | "carries">): string {
  const ends = bothWays ? [source, target].sort().join(" ↔ ") : `${source} → ${target}`;
  return `${ends}: ${carries.join()}`;
}

test("frames and lines say every arrow once, and nothing else", () => {
  const mode = fc.constantFrom<Mode>("gateway", "pod-to-pod");
  const link = (count: number) =>
    fc.record({ one: fc.nat(count - 1), other: fc.nat(count - 1), carries: mode, kind: fc.nat(5) });
  const graph = fc.integer({ min: 2, max: 12 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      isMesh: fc.boolean(),
      links: fc.array(link(count), { maxLength: 14 }),
    }),
  );
  fc.assert(
    fc.property(graph, ({ count, isMesh, links }) => {
      const clusters = names(count);
      const directions = new Map<
        string,
        { source: string; target: string; carries: Mode[]; clients: "any" }
      >();
      const set = (source = "", target = "", carries: Mode = "gateway") => {
        if (source !== target)
          directions.set(`${source} ${target}`, { source, target, carries: [carries], clients: "any" });
      };
      if (isMesh) for (const source of clusters) for (const target of clusters) set(source, target);
      for (const { one, other, carries, kind } of links) {
        set(clusters[one], clusters[other], carries);
        if (kind > 0) set(clusters[other], clusters[one], carries);
      }
      const arrows = arrowsOf([...directions.values()]);
      expect(spelledOut(planDrawing(clusters, arrows), arrows)).toEqual(arrows.map(text).sort());
    }),
  );
});
