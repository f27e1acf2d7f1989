import { detailFor, type BoxText } from "./box.ts";
import { changeTexts, mark, summary, symbols } from "./comparison.ts";
import { classes, element, markup, raw, type Element } from "./element.ts";
import { backendTexts, clustersText } from "./facts.ts";
import { layOut, type Layout, type Point, type Stroke } from "./layout.ts";
import { fontFamily, fontSize, lineHeight, textWidth } from "./measure.ts";
import { dark, light, type Palette } from "./palette.ts";
import { describe, subtitleOf, titleOf, trustText } from "./title.ts";
import { modes, type Change, type Mode, type Topology } from "./topology.ts";

const margin = 20;
const sampleWidth = 40;
const titleSize = 17;
const longestList = 12;

export const modeMeaning: Readonly<Record<Mode, string>> = {
  gateway: "calls go through the other cluster's gateway",
  "pod-to-pod": "calls go straight to the other cluster's pods",
  federated: "one service, with pods in several clusters",
};

const changeNames: readonly Change[] = ["added", "removed", "changed"];

function colours(palette: Palette): string {
  const lines: readonly (readonly [string, string])[] = [
    ["mode-gateway", palette.gateway],
    ["mode-pod-to-pod", palette.podToPod],
    ["mode-federated", palette.federated],
    ["added", palette.added],
    ["removed", palette.removed],
    ["changed", palette.changed],
  ];
  return [
    `.page{fill:${palette.page}}`,
    `.box rect{fill:${palette.box};stroke:${palette.border}}`,
    `.frame rect,.trust{fill:${palette.frame};stroke:${palette.border}}`,
    `text{fill:${palette.ink}}`,
    `.label,.heading{fill:${palette.muted}}`,
    `.inner{stroke:${palette.page}}`,
    ...lines.map(
      ([name, colour]) =>
        `.${name} .stroke{stroke:${colour}}.${name} .head{fill:${colour}}.${name} .word,.${name} .name{fill:${colour}}`,
    ),
    ...changeNames.map((change) => `.box.${change} rect{stroke:${palette[change]}}`),
  ].join("");
}

/** Styles of the picture, also inside of a page. */
export const pictureStyles = [
  `text{font-family:${fontFamily};font-size:${fontSize.toString()}px}`,
  `.title{font-size:${titleSize.toString()}px;font-weight:bold}`,
  ".name{font-size:13px;font-weight:bold}.heading,.frame-title{font-weight:bold}",
  ".stroke,.inner{fill:none;stroke-width:1.75;stroke-linejoin:round}",
  ".mode-pod-to-pod .stroke{stroke-dasharray:7 4}",
  ".mode-federated .stroke{stroke-width:4.5}.mode-federated .inner{stroke-width:1.5}",
  ".box rect,.frame rect,.trust{stroke-width:1}",
  ".trust{stroke-dasharray:2 3}",
  ".box.added rect,.box.changed rect{stroke-width:2.5}.box.removed rect{stroke-width:2.5;stroke-dasharray:4 3}",
  colours(light),
  `@media (prefers-color-scheme:dark){${colours(dark)}}`,
].join("\n");

function round(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}

function text(content: string, { x, y }: Point, style: string): Element {
  return element("text", { x: round(x), y: round(y), class: style }, content);
}

/** The corners of an arrow head whose point is at `tip`. */
function head(tip: Point, from: Point): Element {
  const length = Math.hypot(tip.x - from.x, tip.y - from.y) || 1;
  const [dx, dy] = [(tip.x - from.x) / length, (tip.y - from.y) / length];
  const corner = (side: number) =>
    `${round(tip.x - 9 * dx + side * 4.5 * dy)},${round(tip.y - 9 * dy - side * 4.5 * dx)}`;
  return element("polygon", {
    class: "head",
    points: `${round(tip.x)},${round(tip.y)} ${corner(1)} ${corner(-1)}`,
  });
}

/** The same point, moved towards another one: a wide stroke would show around the point of its head. */
function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return {
    x: from.x + ((to.x - from.x) / length) * distance,
    y: from.y + ((to.y - from.y) / length) * distance,
  };
}

function strokePath(
  points: readonly Point[],
  mode: Mode,
  heads: { start: boolean; end: boolean },
): Element[] {
  const [first, second, last, beforeLast] = [points[0], points[1], points.at(-1), points.at(-2)];
  if (first === undefined || second === undefined || last === undefined || beforeLast === undefined)
    return [];
  const drawn = [
    heads.start ? towards(first, second, 8) : first,
    ...points.slice(1, -1),
    heads.end ? towards(last, beforeLast, 8) : last,
  ];
  const path = drawn.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
  return [
    element("path", { class: "stroke", d: path }),
    ...(mode === "federated" ? [element("path", { class: "inner", d: path })] : []),
    ...(heads.start ? [head(first, second)] : []),
    ...(heads.end ? [head(last, beforeLast)] : []),
  ];
}

/** Each link as `source>target`. */
function linksOf({ line }: Stroke): string {
  return line.arrows
    .flatMap(({ source, target, bothWays }) => [
      `${source}>${target}`,
      ...(bothWays ? [`${target}>${source}`] : []),
    ])
    .join(" ");
}

function strokeNode(stroke: Stroke): Element {
  const { line, mode, points, label } = stroke;
  return element(
    "g",
    {
      class: classes("line", `mode-${mode}`, line.change),
      "data-links": linksOf(stroke),
      "data-mode": mode,
    },
    ...strokePath(points, mode, { start: line.bothWays, end: true }),
    ...(label === undefined ? [] : [text(label.text, { x: label.x + 2, y: label.y + 12 }, "word")]),
  );
}

function boxTextNode({ x, y, text: content, style, service }: BoxText): Element {
  return element("text", { x: round(x), y: round(y), class: style, "data-service": service }, content);
}

function boxNode({ x, y, width, height, cluster, texts }: Layout["boxes"][number]): Element {
  return element(
    "g",
    {
      class: classes("box", cluster.change),
      "data-cluster": cluster.name,
      transform: `translate(${round(x)} ${round(y)})`,
    },
    element("rect", { width: round(width), height: round(height), rx: 6 }),
    ...texts.map(boxTextNode),
  );
}

function sample(mode: Mode, { x, y }: Point, bothWays = false): Element {
  const ends = [
    { x, y: y - 4 },
    { x: x + sampleWidth, y: y - 4 },
  ];
  return element("g", { class: `mode-${mode}` }, ...strokePath(ends, mode, { start: bothWays, end: true }));
}

/** Samples of what each link of a mesh carries. */
function frameSamples({ carries, x, y }: Layout["frames"][number]): Element[] {
  let left = x + 16;
  return carries.flatMap((mode) => {
    const start = left;
    left += sampleWidth + 8 + textWidth(mode) + 20;
    return [
      sample(mode, { x: start, y: y + 2 * lineHeight + 6 }, true),
      text(mode, { x: start + sampleWidth + 8, y: y + 2 * lineHeight + 6 }, "fact"),
    ];
  });
}

function frameNode(frame: Layout["frames"][number]): Element {
  const { x, y, width, height, title, members, kind, change } = frame;
  return element(
    "g",
    {
      class: classes("frame", change),
      "data-members": members.join(" "),
      "data-kind": kind,
    },
    element("rect", { x: round(x), y: round(y), width: round(width), height: round(height), rx: 10 }),
    text(`${mark(change)}${title}`, { x: x + 16, y: y + 20 }, "frame-title"),
    ...frameSamples(frame),
  );
}

/** A part of the picture below or above the clusters: rows of text from its upper left corner. */
interface Block {
  readonly nodes: readonly Element[];
  readonly width: number;
  readonly height: number;
}

function stacked(
  rows: readonly { readonly node: (y: number) => Element[]; readonly width: number }[],
  top: number,
): Block {
  return {
    nodes: rows.flatMap(({ node }, index) => node(top + (index + 1) * (lineHeight + 2))),
    width: Math.max(0, ...rows.map(({ width }) => width)),
    height: rows.length * (lineHeight + 2),
  };
}

function textRow(content: string, style = "fact", x = margin) {
  return {
    node: (y: number) => [text(content, { x, y }, style)],
    width: x + textWidth(content, style === "heading" ? "bold" : "normal"),
  };
}

function sampleRow(mode: Mode, meaning: string) {
  const x = margin + sampleWidth + 10;
  return {
    node: (y: number) => [sample(mode, { x: margin, y }), text(meaning, { x, y }, "fact")],
    width: x + textWidth(meaning),
  };
}

function usedModes({ links }: Topology): Mode[] {
  return modes.filter((mode) => links.some(({ carries }) => carries.includes(mode)));
}

function legend(topology: Topology, isCompared: boolean, top: number): Block {
  const used = usedModes(topology);
  const arrow = "An arrow points where calls go; at its other end the exported services appear.";
  const change = changeNames.map((name) => `${symbols[name]} ${name}`).join("   ");
  return stacked(
    [
      ...used.map((mode) => sampleRow(mode, `${mode}: ${modeMeaning[mode]}`)),
      ...(used.length === 0 ? [] : [textRow(arrow, "label")]),
      ...(isCompared ? [textRow(`Marks: ${change}`, "label")] : []),
    ],
    top,
  );
}

function serviceTexts({ services, clusters }: Topology): string[] {
  return services.map((service) => {
    const where = service.appears.map(
      (appearance) => `${appearance.name} on ${clustersText(appearance.clusters, clusters) || "no cluster"}`,
    );
    const there = where.length === 0 ? "no link brings it anywhere" : where.join(", ");
    return `${mark(service.change)}${service.cluster}: ${service.namespace}/${service.name} by ${service.exports.join(", ")} — ${there}`;
  });
}

function routeTexts({ routes }: Topology): string[] {
  return routes.map(
    ({ cluster, namespace, service, port, backends, change }) =>
      `${mark(change)}${cluster}: ${namespace}/${service}:${port.toString()} → ${backendTexts(backends).join(", ")}`,
  );
}

function section(heading: string, texts: readonly string[]) {
  if (texts.length === 0) return [];
  const rest = texts.length - longestList;
  const shown = rest > 1 ? texts.slice(0, longestList) : texts;
  const more = rest > 1 ? [textRow(`and ${rest.toString()} more`, "label")] : [];
  const rows = shown.map((content) => textRow(content.length > 150 ? `${content.slice(0, 149)}…` : content));
  return [textRow(heading, "heading"), ...rows, ...more];
}

/** What has no room in the boxes of many clusters, and what was changed from what. */
function lists(topology: Topology, top: number): Block {
  const many =
    detailFor(topology) === "full"
      ? []
      : [...section("Exported services", serviceTexts(topology)), ...section("Routes", routeTexts(topology))];
  return stacked([...many, ...section("Changes", changeTexts(topology))], top);
}

export interface SvgOptions {
  /** The name of what it was compared with. */
  readonly comparedWith?: string | undefined;
}

/** The picture as a tree, for a file of its own or inside of a page. */
export async function drawTopology(topology: Topology, { comparedWith }: SvgOptions = {}): Promise<Element> {
  const layout = await layOut(topology);
  const header = stacked(
    [
      textRow(subtitleOf(topology), "label"),
      ...(comparedWith === undefined ? [] : [textRow(`Compared with ${comparedWith}: ${summary(topology)}`)]),
    ],
    margin + titleSize,
  );
  const trustTop = margin + titleSize + header.height + 14;
  const trustHeader = 2 * lineHeight;
  const clustersTop = trustTop + trustHeader;
  const trustHeight = layout.height + trustHeader + margin;
  const below = trustTop + trustHeight + 10;
  const list = lists(topology, below);
  const legendTop = below + list.height + (list.height > 0 ? 8 : 0);
  const key = legend(topology, comparedWith !== undefined, legendTop);
  const trust = trustText(topology);
  const inner = Math.max(
    layout.width + 2 * margin,
    textWidth(trust) + 2 * margin,
    header.width - margin,
    textWidth(titleOf(topology), "bold", titleSize),
    list.width - margin,
    key.width - margin,
  );
  const width = Math.ceil(inner + 2 * margin);
  const height = Math.ceil(legendTop + key.height + margin);
  const left = margin + (inner - layout.width) / 2;
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width.toString()} ${height.toString()}`,
      width,
      height,
      role: "img",
      "aria-labelledby": "topology-title topology-description",
    },
    element("title", { id: "topology-title" }, titleOf(topology)),
    element("desc", { id: "topology-description" }, describe(topology)),
    raw("style", pictureStyles),
    element("rect", { class: "page", width, height }),
    text(titleOf(topology), { x: margin, y: margin + titleSize - 3 }, "title"),
    ...header.nodes,
    element("rect", {
      class: "trust",
      x: margin,
      y: trustTop,
      width: round(inner),
      height: round(trustHeight),
      rx: 12,
    }),
    text(trust, { x: margin + 16, y: trustTop + 20 }, "label"),
    element(
      "g",
      { transform: `translate(${round(left)} ${round(clustersTop)})` },
      ...layout.frames.map(frameNode),
      ...layout.strokes.map(strokeNode),
      ...layout.boxes.map(boxNode),
    ),
    ...list.nodes,
    ...key.nodes,
  );
}

/** The picture as a file. */
export async function toSvg(topology: Topology, options: SvgOptions = {}): Promise<string> {
  return `${markup(await drawTopology(topology, options))}\n`;
}
