import { expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import { fewSlots } from "./engine-slots.ts";

const names = ["a", "b", "c"];
const settings = parseSettings(
  configuration({ clusters: clustersNamed(names), links: { topology: "mesh", carries: ["federated"] } }),
);

test("an engine with fewer places than there are Deployments to wait for is warned of", () => {
  // Two links from each, and two Deployments beside.
  expect(fewSlots(settings, names, "8")).toMatch(
    /^The engine works on 8 resources at a time, and up to 12 Deployments .*PULUMI_PARALLEL=64/,
  );
});

test.each([
  ["there are places for all", names, "64"],
  ["a part has few", ["a"], "8"],
  ["everything is made one by one", names, "1"],
  ["it is unlimited", names, "2147483647"],
  ["nobody knows", names, undefined],
])("nothing is said where %s", (_, clusters, parallel) => {
  expect(fewSlots(settings, clusters, parallel)).toBeUndefined();
});
