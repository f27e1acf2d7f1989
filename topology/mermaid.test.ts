import { JSDOM } from "jsdom";
import { beforeAll, describe, expect, test } from "vitest";

import { compareTopologies } from "./comparison.ts";
import { toMermaid } from "./mermaid.ts";
import { service, shapes, topologyOf } from "./test-examples.ts";

let parse: (text: string) => Promise<unknown>;

beforeAll(async () => {
  // Mermaid cleans its texts with a library that looks for a window when it is loaded.
  Object.assign(globalThis, { window: new JSDOM("").window });
  const { default: mermaid } = await import("mermaid");
  parse = async (text) => await mermaid.parse(text);
}, 60_000);

describe.each(shapes())("the chart of %s", (_name, topology) => {
  test("is understood by Mermaid", async () => {
    expect(await parse(toMermaid(topology))).toMatchObject({ diagramType: "flowchart-v2" });
  });
});

test("what Mermaid doesn't understand is noticed here", async () => {
  await expect(parse("flowchart LR\n  a[ --> b")).rejects.toThrow("Parse error");
});

test("a chart says what is linked and how", () => {
  const links = { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] };
  const text = toMermaid(topologyOf(2, { links, services: [service("cluster2", "cart")] }));
  expect(text).toContain('cluster1 <-->|"gateway"| cluster2\n');
  expect(text).toContain('cluster1 <-.->|"pod-to-pod"| cluster2\n');
  expect(text).toContain('cluster1 <==>|"federated"| cluster2\n');
  expect(text).toContain("can call:<br/>shop/cart-cluster2");
});

test("a comparison is marked, and understood", async () => {
  const before = topologyOf(2, { links: { topology: "mesh" } });
  const text = toMermaid(compareTopologies(before, topologyOf(3, { links: { topology: "mesh" } })), "before");
  expect(text).toContain(":::added");
  expect(text).toContain('|"+ gateway"|');
  expect(await parse(text)).toBeTruthy();
});

test("no text ends its quotes", async () => {
  const topology = { ...topologyOf(1), environment: 'a"]; click <b>&#quot;' };
  expect(await parse(toMermaid(topology))).toBeTruthy();
});
