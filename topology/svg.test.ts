import { JSDOM, type Node } from "jsdom";
import { describe, expect, test } from "vitest";

import { compareTopologies } from "./comparison.ts";
import { lineHeight, textWidth } from "./measure.ts";
import { dark, light, type Palette } from "./palette.ts";
import { toSvg } from "./svg.ts";
import { shapes, topologyOf } from "./test-examples.ts";

/** @throws where it isn't well-formed XML. */
function parse(svg: string): Node {
  return new JSDOM(svg, { contentType: "image/svg+xml" }).window.document;
}

function number(node: Node, attribute: string): number {
  return Number(node.getAttribute(attribute));
}

/** Texts that reach beyond the box they are in. */
function tooWide(document: Node): string[] {
  return [...document.querySelectorAll(".box")].flatMap((box) => {
    const rectangle = box.querySelector("rect");
    if (rectangle === null) throw new Error("A box has no rectangle.");
    return [...box.querySelectorAll("text")].flatMap((text) => {
      const isName = text.getAttribute("class") === "name";
      const isBold = isName || text.getAttribute("class") === "heading";
      const right =
        number(text, "x") + textWidth(text.textContent, isBold ? "bold" : "normal", isName ? 13 : undefined);
      const fits =
        right <= number(rectangle, "width") && number(text, "y") + 4 <= number(rectangle, "height");
      return fits ? [] : [text.textContent];
    });
  });
}

/** Texts that reach beyond the frame that they are in. */
function beyondFrame(document: Node): string[] {
  return [...document.querySelectorAll(".frame")].flatMap((frame) => {
    const rectangle = frame.querySelector("rect");
    if (rectangle === null) throw new Error("A frame has no rectangle.");
    const right = number(rectangle, "x") + number(rectangle, "width");
    return [...frame.querySelectorAll("text")]
      .filter((text) => number(text, "x") + textWidth(text.textContent, "bold") > right)
      .map(({ textContent }) => textContent);
  });
}

/** Texts that reach beyond the picture. */
function beyondPicture(document: Node): string[] {
  const svg = document.querySelector("svg");
  if (svg === null) throw new Error("There is no picture.");
  return [...document.querySelectorAll("svg > text")]
    .filter((text) => number(text, "x") + textWidth(text.textContent) > number(svg, "width"))
    .map(({ textContent }) => textContent);
}

/** Texts of a box that are on one another. */
function overlapping(document: Node): string[] {
  return [...document.querySelectorAll(".box")].flatMap((box) => {
    const texts = [...box.querySelectorAll("text")];
    return texts.slice(1).flatMap((text, index) => {
      const before = texts[index] ?? text;
      const isBelow = number(text, "y") - number(before, "y") >= lineHeight - 4;
      const isBeside = number(text, "x") >= number(before, "x") + textWidth(before.textContent);
      return isBelow || isBeside ? [] : [`${before.textContent} ${text.textContent}`];
    });
  });
}

describe.each(shapes())("the picture of %s", (_name, topology) => {
  test("is well-formed, tells screen readers what it is, and has all texts in their boxes", async () => {
    const document = parse(await toSvg(topology));
    const svg = document.querySelector("svg");
    expect(svg?.getAttribute("role")).toBe("img");
    expect(document.querySelector("title")?.textContent).toBe("Linkerd across the clusters of test");
    const description = document.querySelector("desc")?.textContent ?? "";
    for (const { name } of topology.clusters) expect(description).toContain(name);
    expect([...document.querySelectorAll(".box")]).toHaveLength(topology.clusters.length);
    expect(tooWide(document)).toEqual([]);
    expect(overlapping(document)).toEqual([]);
    expect(beyondFrame(document)).toEqual([]);
    expect(beyondPicture(document)).toEqual([]);
  });

  test("is the same each time, and has nothing from elsewhere", async () => {
    const svg = await toSvg(topology);
    expect(await toSvg(topology)).toBe(svg);
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|url\(|@import|href/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).toContain("prefers-color-scheme:dark");
  });
});

test.each(["gateway", "pod-to-pod", "federated"])(
  "a link that carries %s is told by its line, not only by colour",
  async (mode) => {
    const svg = await toSvg(topologyOf(2, { links: { topology: "mesh", carries: [mode] } }));
    const line = parse(svg).querySelector(".line");
    expect(line?.getAttribute("data-mode")).toBe(mode);
    expect([...(line?.querySelectorAll(".head") ?? [])]).toHaveLength(2);
    expect([...(line?.querySelectorAll(".inner") ?? [])]).toHaveLength(mode === "federated" ? 1 : 0);
    expect(svg).toContain(".mode-pod-to-pod .stroke{stroke-dasharray:7 4}");
  },
);

test("what a stack file says is never markup", async () => {
  const [topology] = [topologyOf(2)];
  const svg = await toSvg({ ...topology, environment: '</title><script>alert("&")</script>' });
  expect([...parse(svg).querySelectorAll("script")]).toEqual([]);
});

test("a comparison marks by symbol and by class what was added, removed and changed", async () => {
  const before = topologyOf(3, { links: { topology: "mesh" } });
  const after = topologyOf(3, { links: { topology: "mesh", carries: ["gateway", "federated"] } });
  const [first, second] = [before.clusters.slice(0, 2), after.clusters.slice(1)];
  const svg = await toSvg(compareTopologies({ ...before, clusters: first }, { ...after, clusters: second }), {
    comparedWith: "before.yaml",
  });
  const document = parse(svg);
  expect(document.querySelector(".box.removed .name")?.textContent).toBe("− cluster1");
  expect(document.querySelector(".box.added .name")?.textContent).toBe("+ cluster3");
  expect(document.querySelector(".line.changed .word")?.textContent).toBe("~ gateway");
  expect(svg).toContain("Compared with before.yaml: clusters +1 −1; links ~6");
  expect(svg).toContain("~ cluster1 → cluster2 carries: gateway → gateway, federated");
});

/** Relative luminance and contrast, as WCAG 2 defines them. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((first, second) => first - second);
  return (high + 0.05) / (low + 0.05);
}

test.each([
  ["light", light],
  ["dark", dark],
])("every colour of the %s scheme can be read", (_name, { page, box, frame, border, ...inks }: Palette) => {
  for (const ink of Object.values(inks)) {
    for (const ground of [page, box, frame]) expect(contrast(ink, ground)).toBeGreaterThan(4.5);
  }
  expect(contrast(border, page)).toBeGreaterThan(3);
});
