import { expect, test } from "vitest";

import { compareNames, orderedBy } from "./order.ts";

test("numbers in names are ordered as numbers", () => {
  expect(["cluster10", "cluster2", "a"].sort(compareNames)).toEqual(["a", "cluster2", "cluster10"]);
});

test("different names always have an order", () => {
  expect(compareNames("a1", "a01")).toBe(-compareNames("a01", "a1"));
  expect(compareNames("a1", "a01")).not.toBe(0);
});

test("what is ordered stays as it was", () => {
  const items = [{ name: "b" }, { name: "a" }];
  expect(orderedBy(items, ({ name }) => name)).toEqual([{ name: "a" }, { name: "b" }]);
  expect(items[0]?.name).toBe("b");
});
