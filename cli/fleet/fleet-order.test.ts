import { expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import { fleetOrder, longestFirst, runInOrder } from "./fleet-order.ts";

const settings = parseSettings(
  configuration({
    clusters: clustersNamed(["a", "b", "c"]),
    links: {
      oneWay: [
        { source: "a", target: "b", carries: ["gateway"] },
        { source: "b", target: "c", carries: ["gateway"] },
      ],
    },
    split: true,
  }),
);

/** Runs all parts: what ran in which order, how many at a time, and what came of each. */
async function run(action: string, failing: readonly string[], limit = 1) {
  const ran: string[] = [];
  let now = 0;
  let most = 0;
  const outcomes = await runInOrder(fleetOrder(action, "x", settings), limit, async (stack) => {
    ran.push(stack);
    now++;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now--;
    return failing.includes(stack) ? "failed" : "done";
  });
  return { ran, most, outcomes: Object.fromEntries(outcomes) };
}

test("the parts run in the order in which they need each other, and the other way round on the way down", async () => {
  const clusters = ["x-cluster-a", "x-cluster-b", "x-cluster-c"];
  const extensions = ["x-multicluster-a", "x-multicluster-b", "x-multicluster-c"];
  const up = ["x-trust", ...clusters, ...extensions, "x-links-a", "x-links-b"];
  expect((await run("up", [])).ran).toEqual(up);
  expect((await run("destroy", [])).ran).toEqual(up.toReversed());
});

test("no more run at a time than may, and nothing before what it needs", async () => {
  const { ran, most } = await run("up", [], 2);
  expect(most).toBe(2);
  expect(ran[0]).toBe("x-trust");
  expect(ran.indexOf("x-multicluster-c")).toBeGreaterThan(ran.indexOf("x-cluster-c"));
  expect(ran.indexOf("x-links-b")).toBeGreaterThan(ran.indexOf("x-multicluster-c"));
  expect((await run("up", [], 10)).most).toBe(3);
});

test("a cluster that fails is gone past, and only its extension and its links are left out", async () => {
  const { outcomes: source } = await run("up", ["x-cluster-a"]);
  expect(source).toMatchObject({
    "x-cluster-b": "done",
    "x-multicluster-a": "left out",
    "x-multicluster-b": "done",
    "x-links-a": "left out",
    "x-links-b": "done",
  });
  const { outcomes: target } = await run("up", ["x-multicluster-c"], 3);
  expect(target).toMatchObject({ "x-links-a": "done", "x-links-b": "left out" });
});

test("without trust nothing else runs", async () => {
  const { ran, outcomes } = await run("up", ["x-trust"]);
  expect(ran).toEqual(["x-trust"]);
  expect(Object.keys(outcomes)).toHaveLength(9);
});

test("what others still need isn't taken down", async () => {
  const { outcomes } = await run("destroy", ["x-links-b"]);
  expect(outcomes).toMatchObject({
    "x-links-a": "done",
    "x-cluster-a": "done",
    "x-multicluster-b": "left out",
    "x-multicluster-c": "left out",
    "x-cluster-c": "left out",
    "x-trust": "left out",
  });
});

test("of those that could run, new ones start first, then those that most others wait for", async () => {
  // A star: the hub's cluster is waited for by all links.
  const star = parseSettings(
    configuration({
      clusters: clustersNamed(["a", "b", "hub", "c", "d"]),
      links: { topology: "hub-and-spoke", hub: "hub", carries: ["gateway"] },
      split: true,
    }),
  );
  const started = async (...isNew: string[]) => {
    const order = longestFirst(fleetOrder("up", "x", star), (stack) => isNew.includes(stack));
    const ran: string[] = [];
    await runInOrder(order, 1, (stack) => {
      ran.push(stack.replace("x-", ""));
      return Promise.resolve("done");
    });
    return ran;
  };
  expect((await started()).slice(0, 4)).toEqual(["trust", "cluster-hub", "multicluster-hub", "cluster-a"]);
  const joined = await started("x-cluster-d", "x-multicluster-d", "x-links-d");
  expect(joined.slice(0, 6)).toEqual([
    "trust",
    "cluster-d",
    "multicluster-d",
    "cluster-hub",
    "multicluster-hub",
    "links-d",
  ]);
});
