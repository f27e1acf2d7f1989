import { expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { configuration, k3d, problemsOf, simulated } from "../test-examples.ts";

test("k3d clusters, which share a network and routes, can't be several stacks", () => {
  const clusters = { east: k3d(1), west: simulated(2) };
  expect(problemsOf(configuration({ clusters, split: true }))).toEqual([
    {
      path: "split",
      value: true,
      problem: "is set, but east are k3d clusters, whose routes and network are made together",
    },
  ]);
  expect(() => parseSettings(configuration({ clusters, split: false }))).not.toThrow();
});

test("a switch that the engine has put in quotes is one all the same", () => {
  expect(parseSettings(configuration({ split: "true" })).split).toBe(true);
  expect(parseSettings(configuration({ split: "false" })).split).toBe(false);
});
