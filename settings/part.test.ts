import { describe, expect, test } from "vitest";

import { parseSettings } from "./parse.ts";
import { leftParts, partNamed, partsOf, placeOf, scopeOf, stackOf } from "./part.ts";
import { clustersNamed, configuration } from "./test-examples.ts";

function settings(names: readonly string[], oneWay: readonly [string, string][]) {
  return parseSettings(
    configuration({
      clusters: clustersNamed(names),
      links: { oneWay: oneWay.map(([source, target]) => ({ source, target, carries: ["gateway"] })) },
    }),
  );
}

const fleet = settings(["east", "west", "links-east"], [["east", "west"]]);

describe("the parts of an environment", () => {
  test("are trust, each cluster, its extension, and the links of each cluster that has any", () => {
    expect(partsOf(fleet).map((part) => stackOf("prod", part))).toEqual([
      "prod-trust",
      "prod-cluster-east",
      "prod-cluster-links-east",
      "prod-cluster-west",
      "prod-multicluster-east",
      "prod-multicluster-links-east",
      "prod-multicluster-west",
      "prod-links-east",
    ]);
  });

  test("are found by the name of their stack", () => {
    for (const part of partsOf(fleet)) {
      expect(partNamed(stackOf("my-prod", part), fleet)).toEqual({ part, base: "my-prod" });
    }
    expect(partNamed("prod", fleet)).toBeUndefined();
    expect(partNamed("-trust", fleet)).toBeUndefined();
    expect(partNamed("prod-cluster-north", fleet)).toBeUndefined();
  });

  test("that nobody asks for any more are found by their names", () => {
    const left = ["prod-links-west", "prod-cluster-north", "prod-multicluster-north"];
    const stacks = ["prod", "prod-trust", "prod-multicluster-west", "uat-cluster-north", ...left];
    expect(leftParts("prod", stacks, fleet)).toEqual(left);
  });

  test("make together what the whole does, and nothing twice", () => {
    const whole = scopeOf({ kind: "whole" }, fleet);
    const scopes = partsOf(fleet).map((part) => scopeOf(part, fleet));
    expect(scopes.filter(({ trust }) => trust)).toHaveLength(1);
    expect(scopes.flatMap(({ clusters }) => clusters)).toEqual(whole.clusters);
    expect(scopes.flatMap(({ extensions }) => extensions)).toEqual(whole.extensions);
    expect(scopes.flatMap(({ links }) => links)).toEqual(["east"]);
  });
});

describe("a stack", () => {
  test("is the whole environment, whatever its name, unless that is split", () => {
    expect(placeOf("prod-trust", fleet)).toEqual({ part: { kind: "whole" }, base: "prod-trust" });
  });

  test("of a split environment is a part, and never the whole beside its parts", () => {
    const split = { ...fleet, split: true };
    expect(placeOf("prod-trust", split)).toEqual({ part: { kind: "trust" }, base: "prod" });
    expect(() => placeOf("prod", split)).toThrow(
      "is set, and prod is none of the environment's parts\n    -> run its parts, npm run fleet -- preview prod: prod-trust, ",
    );
  });
});
