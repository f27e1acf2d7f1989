import { expect, test } from "vitest";

import { arrowsOf, arrowText } from "./arrow.ts";
import type { Link, Mode } from "./topology.ts";

function link(source: string, target: string, carries: Mode[], more: Partial<Link> = {}): Link {
  return { source, target, carries, clients: "any", ...more };
}

function texts(links: readonly Link[]): string[] {
  return arrowsOf(links).map(arrowText);
}

test("both directions that carry the same are one arrow", () => {
  expect(texts([link("a", "b", ["gateway"]), link("b", "a", ["gateway"])])).toEqual(["a ↔ b"]);
});

test("directions that carry different things are two arrows", () => {
  expect(texts([link("a", "b", ["gateway"]), link("b", "a", ["federated"])])).toEqual(["a → b", "b → a"]);
});

test("a direction that is new is an arrow of its own", () => {
  const links = [link("a", "b", ["gateway"]), link("b", "a", ["gateway"], { change: "added" })];
  expect(texts(links)).toEqual(["a → b", "b → a"]);
  expect(arrowsOf(links)[1]?.change).toBe("added");
});

test("a single direction is an arrow with one head", () => {
  expect(texts([link("b", "a", ["gateway"])])).toEqual(["b → a"]);
});
