import { JSDOM, type Node } from "jsdom";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";

import { compareTopologies } from "./comparison.ts";
import { toPage } from "./page.ts";
import { service, topologyOf } from "./test-examples.ts";

const topology = topologyOf(3, {
  links: {
    topology: "hub-and-spoke",
    hub: "cluster1",
    pairs: [{ clusters: ["cluster1", "cluster2"], carries: ["gateway", "federated"] }],
  },
  services: [service("cluster2", "cart", ["gateway", "federated"]), service("cluster1", "stock")],
});

let text: string;
let window: JSDOM["window"];
let document: Node;

beforeAll(async () => {
  text = await toPage(topology);
});

beforeEach(() => {
  window = new JSDOM(text, { runScripts: "dangerously" }).window;
  document = window.document;
});

function find(selector: string): Node {
  const node = document.querySelector(selector);
  if (node === null) throw new Error(`There is no ${selector}.`);
  return node;
}

/** The first cells of the rows of a table that are shown. */
function shown(table: string): string[] {
  return [...document.querySelectorAll(`#${table} tbody tr`)]
    .filter(({ hidden }) => !hidden)
    .map((row) => row.querySelector("td")?.textContent ?? "");
}

function bright(selector: string, attribute: string): (string | null)[] {
  return [...document.querySelectorAll(selector)]
    .filter(({ classList }) => !classList.contains("dim"))
    .map((node) => node.getAttribute(attribute));
}

function enter(selector: string, value: string) {
  find(selector).value = value;
  find(selector).dispatchEvent(new window.Event("input", { bubbles: true }));
}

function press(selector: string, key: string) {
  find(selector).dispatchEvent(new window.KeyboardEvent("keydown", { bubbles: true, key }));
}

test("a page has nothing from elsewhere", () => {
  expect(text.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/(src|href)=|https?:|@import|url\(/);
});

test("all is shown at first, and counted", () => {
  expect(shown("clusters")).toEqual(["cluster1", "cluster2", "cluster3"]);
  expect(shown("links")).toEqual(["cluster1 ↔ cluster2", "cluster1 ↔ cluster3"]);
  expect(find("#status").textContent).toBe("Shown: 3 of 3 clusters, 2 of 2 links, 2 of 2 services");
  expect(find("#details").hidden).toBe(true);
});

describe("a click on a cluster", () => {
  const cluster3 = '.box[data-cluster="cluster3"] rect';

  function click(selector: string) {
    find(selector).dispatchEvent(new window.Event("click", { bubbles: true }));
  }

  test("leaves its links, neighbours and services", () => {
    click(cluster3);
    expect(bright(".box", "data-cluster")).toEqual(["cluster1", "cluster3"]);
    expect(new Set(bright(".line", "data-links"))).toEqual(new Set(["cluster1>cluster3 cluster3>cluster1"]));
    expect(shown("links")).toEqual(["cluster1 ↔ cluster3"]);
    expect(shown("services")).toEqual(["shop/stock"]);
    expect(find("#details").textContent).toContain("Calls: cluster1 (gateway)");
    expect(find("#details").textContent).toContain("Mirrors here: shop/stock-cluster1");
  });

  test("is taken back by another one, or by Escape", () => {
    click(cluster3);
    click(cluster3);
    expect(bright(".box", "data-cluster")).toHaveLength(3);
    click(cluster3);
    press("body", "Escape");
    return Promise.resolve().then(() => {
      expect(bright(".box", "data-cluster")).toHaveLength(3);
    });
  });

  test("works from the keyboard and from the table", () => {
    press('.box[data-cluster="cluster3"]', "Enter");
    expect(find("#cluster").value).toBe("cluster3");
    press('.box[data-cluster="cluster3"]', " ");
    expect(find("#cluster").value).toBe("");
    click('[data-choose-cluster="cluster2"]');
    expect(find("#cluster").value).toBe("cluster2");
    expect(find('[data-choose-cluster="cluster2"]').getAttribute("aria-pressed")).toBe("true");
  });

  test("on a service shows where it appears and by which links", () => {
    click('[data-choose-service="cluster2/shop/cart"]');
    expect(bright(".box", "data-cluster")).toEqual(["cluster1", "cluster2"]);
    expect(bright(".line", "data-mode").sort()).toEqual(["federated", "gateway"]);
    expect(find("#details").textContent).toContain("cart-federated, federated, on: cluster1, cluster2");
  });
});

describe("the filters", () => {
  test("leave what has the text", () => {
    enter("#search", "STOCK");
    expect(shown("services")).toEqual(["shop/stock"]);
    enter("#search", "10.3.0.0");
    expect(shown("clusters")).toEqual(["cluster3"]);
    expect(bright(".box", "data-cluster")).toEqual(["cluster3"]);
  });

  test("leave what crosses in a mode", () => {
    find('input[value="gateway"]').click();
    expect(shown("links")).toEqual(["cluster1 ↔ cluster2"]);
    expect(shown("services")).toEqual(["shop/cart"]);
    expect(bright(".line", "data-mode")).toEqual(["federated"]);
  });

  test("leave what belongs to a cluster and a service", () => {
    enter("#cluster", "cluster1");
    enter("#service", "cluster1/shop/stock");
    expect(shown("services")).toEqual(["shop/stock"]);
    expect(shown("links")).toEqual(["cluster1 ↔ cluster2", "cluster1 ↔ cluster3"]);
  });
});

test("a comparison has marks, words and a column of its own", async () => {
  const compared = compareTopologies(topologyOf(2, { links: { topology: "mesh" } }), topology);
  document = new JSDOM(await toPage(compared, "before.yaml"), { runScripts: "dangerously" }).window.document;
  expect(find("#summary").textContent).toContain("Compared with before.yaml: clusters +1;");
  expect(find("#clusters tr.added").textContent).toContain("+ cluster3");
  expect(find("#links tr.changed").textContent).toContain("carries: gateway → gateway, federated");
});

test("what a stack file says is never markup", async () => {
  const text = '</script><img src="x" onerror="alert(1)">';
  const page = await toPage({ ...topology, environment: text });
  expect([...new JSDOM(page).window.document.querySelectorAll("img")]).toEqual([]);
});
