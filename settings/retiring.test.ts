import { describe, expect, test } from "vitest";

import { parseSettings } from "./parse.ts";
import { retirementProblems } from "./rules/retirement.ts";
import { configuration, problemsOf, simulated } from "./test-examples.ts";

const service = { cluster: "west", namespace: "shop", name: "cart", export: "gateway" };
const stock = {
  cluster: "east",
  namespace: "shop",
  name: "stock",
  export: "pod-to-pod",
  clients: ["north/shop/web", "west/shop/web"],
  ports: 80,
};
const route = {
  cluster: "east",
  namespace: "shop",
  service: "cart",
  port: 80,
  backends: [
    { from: "local", weight: 50 },
    { from: "west", weight: 50 },
  ],
};

function stack(retire: string | undefined, more: object = {}) {
  const west = simulated(2, retire === undefined ? {} : { retire });
  return configuration({
    clusters: { east: simulated(1), north: simulated(3), west },
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod"] },
    services: [service, stock],
    routes: [route],
    ...more,
  });
}

describe("a cluster on its way out", () => {
  test("first leaves the traffic: nothing of it is exported, and no route leads to it", () => {
    const { services, routes, links } = parseSettings(stack("traffic"));
    expect(services.map(({ name }) => name)).toEqual(["stock"]);
    expect(routes.map(({ backends }) => backends.map(({ from }) => from))).toEqual([["local"]]);
    expect(links).toEqual(parseSettings(stack(undefined)).links);
  });

  test("then the links, and callers on it with them", () => {
    const { links, services } = parseSettings(stack("links"));
    expect(links.map(({ name }) => name)).toEqual(["east-to-north", "north-to-east"]);
    const [only] = services;
    expect(only?.clients).toMatchObject([{ cluster: "north" }]);
  });

  test("keeps its place in the settings' paths", () => {
    expect(parseSettings(stack("traffic")).services[0]?.path).toBe("services.1");
  });

  test("isn't the only one that a route leads to", () => {
    const only = { ...route, backends: [{ from: "west" }] };
    expect(problemsOf(stack("traffic", { routes: [only] }))).toEqual([
      {
        path: "routes.0.backends",
        problem: "are only on clusters that are being retired: no call would arrive",
      },
    ]);
  });

  test("holds no half of emojivoto", () => {
    const emojivoto = { web: "east", backends: "west" };
    expect(problemsOf(stack("traffic", { emojivoto }))).toContainEqual({
      path: "emojivoto.backends",
      value: "west",
      problem: "is being retired",
    });
  });
});

describe("a retired cluster", () => {
  test("isn't in clusters any more", () => {
    expect(problemsOf(configuration({ retired: ["south", "west"] }))).toEqual([
      { path: "retired.1", value: "west", problem: "is still a cluster of this stack, at clusters.west" },
    ]);
  });

  const link = { source: "east", target: "west" };
  const deployed = { clusters: { east: {}, west: { source: "existing" } }, links: [link] };
  const problems = (retired: string[], more: object = {}, forgotten: string[] = []) =>
    retirementProblems(
      { ...deployed, ...more },
      { ...parseSettings(configuration({ clusters: { east: simulated(1) } })), retired },
      forgotten,
    ).map(({ path, problem }) => `${path} ${problem}`);

  test("isn't dropped by a slip", () => {
    expect(problems([])).toEqual([
      "clusters.west is deployed, but no longer there: its part of the mesh would be taken down",
    ]);
  });

  test("is out of the links first, unless it was made here or is gone for good", () => {
    expect(problems(["west"])).toEqual(["retired.0 is still linked with east"]);
    expect(problems(["west"], { links: [] })).toEqual([]);
    expect(problems(["west"], { clusters: { west: { source: "k3d" } } })).toEqual([]);
    expect(problems(["west"], {}, ["west"])).toEqual([]);
    expect(problems(["west", "south"], { links: [] })).toEqual([]);
  });
});
