import ElkConstructor, {
  type ElkExtendedEdge,
  type ElkNode,
  type LayoutOptions,
} from "elkjs/lib/elk.bundled.js";

import { arrowsOf } from "./arrow.ts";
import { boxFor, type Box } from "./box.ts";
import { mark } from "./comparison.ts";
import { lineHeight, textWidth, type Size } from "./measure.ts";
import { frameTitle, planDrawing, type Frame, type Line, type Plan } from "./plan.ts";
import type { Mode, Topology } from "./topology.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Rectangle = Point & Size;

/** What one line carries in one mode: a stroke of that mode's style. */
export interface Stroke {
  readonly line: Line;
  readonly mode: Mode;
  readonly points: readonly Point[];
  readonly label: (Rectangle & { readonly text: string }) | undefined;
}

/** Everything with its place. */
export interface Layout extends Size {
  readonly boxes: readonly (Box & Point)[];
  readonly frames: readonly (Frame & Rectangle & { readonly title: string })[];
  readonly strokes: readonly Stroke[];
}

/** Above this, a word on each stroke would be more to read than the legend. */
const mostLabelled = 15;

const framePadding = 16;

/** Samples of all modes side by side. */
const samplesWidth = 380;
const gridGap = 14;

const options: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.padding": "[top=0,left=0,bottom=0,right=0]",
  "elk.spacing.nodeNode": "36",
  "elk.spacing.edgeEdge": "14",
  "elk.spacing.edgeNode": "18",
  "elk.spacing.edgeLabel": "4",
  "elk.spacing.componentComponent": "36",
  "elk.layered.spacing.nodeNodeBetweenLayers": "48",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "14",
  "elk.layered.spacing.edgeNodeBetweenLayers": "18",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.considerModelOrder.strategy": "PREFER_NODES",
  "elk.randomSeed": "1",
};

/** Room for every stroke that ends at a box. */
const boxOptions: LayoutOptions = {
  "elk.nodeSize.constraints": "[MINIMUM_SIZE, PORTS]",
  "elk.spacing.portPort": "14",
};

/** Members of a frame that no line of their own ends at: they need no place that is good for lines. */
function plainMembers({ members }: Frame, { lines }: Plan): string[] {
  const ends = new Set(lines.flatMap(({ source, target }) => [source, target]));
  return members.filter((name) => !ends.has(name));
}

function gridName(frame: Frame): string {
  return `${frame.name} grid`;
}

/** Boxes in rows, as one node of the picture. */
async function layOutGrid(elk: Elk, name: string, boxes: readonly Box[]): Promise<ElkNode> {
  return await elk.layout({
    id: name,
    layoutOptions: {
      "elk.algorithm": "rectpacking",
      "elk.aspectRatio": boxes.length <= 8 ? "3" : "1.7",
      "elk.spacing.nodeNode": gridGap.toString(),
      "elk.padding": "[top=0,left=0,bottom=0,right=0]",
    },
    children: boxes.map(({ cluster, width, height }) => ({ id: cluster.name, width, height })),
  });
}

function boxNode({ cluster, width, height }: Box): ElkNode {
  const minimum = `(${width.toString()},${height.toString()})`;
  return {
    id: cluster.name,
    width,
    height,
    layoutOptions: { ...boxOptions, "elk.nodeSize.minimum": minimum },
  };
}

/** Room for the title, and for the samples of a mesh below it. */
function headerHeight({ kind }: Frame): number {
  return (kind === "mesh" ? 2 : 1) * lineHeight + 16;
}

/** How wide a frame's title and samples are. */
function headerWidth(frame: Frame, plan: Plan): number {
  const title = textWidth(`${mark(frame.change)}${frameTitle(frame, plan)}`, "bold");
  return Math.max(title, ...(frame.kind === "mesh" ? [samplesWidth] : []));
}

function frameNode(frame: Frame, children: ElkNode[]): ElkNode {
  const header = headerHeight(frame);
  const sides = `left=${framePadding.toString()},bottom=${framePadding.toString()},right=${framePadding.toString()}`;
  return {
    id: frame.name,
    children,
    layoutOptions: {
      ...boxOptions,
      "elk.portAlignment.default": "CENTER",
      "elk.padding": `[top=${header.toString()},${sides}]`,
    },
  };
}

function strokeLabel({ change }: Line, mode: Mode, isNamed: boolean): string {
  return `${mark(change)}${isNamed ? mode : ""}`.trim();
}

function edges({ lines }: Plan): ElkExtendedEdge[] {
  const isNamed = lines.reduce((sum, { carries }) => sum + carries.length, 0) <= mostLabelled;
  return lines.flatMap((line, index) =>
    line.carries.map((mode) => {
      const text = strokeLabel(line, mode, isNamed);
      const labels = text === "" ? [] : [{ text, width: textWidth(text) + 4, height: lineHeight }];
      return { id: `${index.toString()} ${mode}`, sources: [line.source], targets: [line.target], labels };
    }),
  );
}

/** Boxes of a grid get the same size, so that they stand in rows; two or three alone, so that lines are straight. */
function evenBoxes(boxes: ReadonlyMap<string, Box>, plan: Plan): Map<string, Box> {
  const even = new Map(boxes);
  const groups = isSmall(boxes.size, plan)
    ? [[...boxes.keys()]]
    : plan.frames.map((frame) => plainMembers(frame, plan));
  for (const members of groups) {
    const own = members.flatMap((name) => boxes.get(name) ?? []);
    const width = Math.max(...own.map((box) => box.width));
    const height = Math.max(...own.map((box) => box.height));
    for (const box of own) even.set(box.cluster.name, { ...box, width, height });
  }
  return even;
}

/** Few clusters stand side by side, more of them from top to bottom. */
function isSmall(count: number, { frames }: Plan): boolean {
  return frames.length === 0 && count <= 3;
}

/** A long chain is folded; the layout of frames can't do that. */
function directionOf(count: number, plan: Plan): LayoutOptions {
  if (isSmall(count, plan)) return { "elk.direction": "RIGHT" };
  if (plan.frames.length > 0 || count <= 8) return { "elk.direction": "DOWN" };
  return {
    "elk.direction": "DOWN",
    "elk.hierarchyHandling": "SEPARATE_CHILDREN",
    "elk.aspectRatio": "1.2",
    "elk.layered.wrapping.strategy": "MULTI_EDGE",
    "elk.layered.wrapping.additionalEdgeSpacing": "20",
  };
}

function flatten(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(flatten)];
}

function pointsOf({ sections = [] }: ElkExtendedEdge): Point[] {
  return sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
    startPoint,
    ...bendPoints,
    endPoint,
  ]);
}

function strokesOf(root: ElkNode, { lines }: Plan): Stroke[] {
  const placed = new Map(
    flatten(root)
      .flatMap(({ edges: own = [] }) => own)
      .map((edge) => [edge.id, edge]),
  );
  return lines.flatMap((line, index) =>
    line.carries.flatMap((mode) => {
      const edge = placed.get(`${index.toString()} ${mode}`);
      if (edge === undefined) return [];
      const [label] = edge.labels ?? [];
      const { text = "", x = 0, y = 0, width = 0, height = 0 } = label ?? {};
      return [
        {
          line,
          mode,
          points: pointsOf(edge),
          label: label === undefined ? undefined : { text, x, y, width, height },
        },
      ];
    }),
  );
}

function rectangleOf({ x = 0, y = 0, width = 0, height = 0 }: ElkNode): Rectangle {
  return { x, y, width, height };
}

type Elk = InstanceType<typeof ElkConstructor.default>;

/** Lays the clusters and links of a topology out. */
export async function layOut(topology: Topology): Promise<Layout> {
  const elk: Elk = new ElkConstructor.default();
  const plan = planDrawing(
    topology.clusters.map(({ name }) => name),
    arrowsOf(topology.links),
  );
  const boxes = evenBoxes(
    new Map(topology.clusters.map((cluster) => [cluster.name, boxFor(cluster, topology)])),
    plan,
  );
  const boxesOf = (names: readonly string[]) => names.flatMap((name) => boxes.get(name) ?? []);
  const grids = await Promise.all(
    plan.frames.map((frame) => layOutGrid(elk, gridName(frame), boxesOf(plainMembers(frame, plan)))),
  );
  const frames = plan.frames.map((frame, index) => {
    const plain = plainMembers(frame, plan);
    const { width = 0, height = 0 } = grids[index] ?? {};
    const rest = boxesOf(frame.members.filter((name) => !plain.includes(name))).map(boxNode);
    // Below those whose lines are drawn.
    const layoutOptions =
      rest.length === 0 ? {} : { "elk.layered.layering.layerConstraint": "LAST_SEPARATE" };
    const grid = {
      id: gridName(frame),
      // A frame is as wide as what is in it, so this makes room for its title.
      width: Math.max(width, headerWidth(frame, plan)),
      height: Math.max(height, 1),
      layoutOptions,
    };
    return frameNode(frame, [grid, ...rest]);
  });
  const alone = topology.clusters.filter(
    ({ name }) => !plan.frames.some(({ members }) => members.includes(name)),
  );
  const root = await elk.layout({
    id: "root",
    layoutOptions: { ...options, ...directionOf(boxes.size, plan) },
    children: [...boxesOf(alone.map(({ name }) => name)).map(boxNode), ...frames],
    edges: edges(plan),
  });
  return toLayout(root, grids, plan, boxes);
}

function toLayout(
  root: ElkNode,
  grids: readonly ElkNode[],
  plan: Plan,
  boxes: ReadonlyMap<string, Box>,
): Layout {
  const nodes = new Map(flatten(root).map((node) => [node.id, rectangleOf(node)]));
  for (const { id, children = [] } of grids) {
    const origin = nodes.get(id) ?? { x: 0, y: 0 };
    for (const child of children) {
      const { x, y, ...size } = rectangleOf(child);
      nodes.set(child.id, { x: origin.x + x, y: origin.y + y, ...size });
    }
  }
  const at = (name: string): Rectangle => nodes.get(name) ?? { x: 0, y: 0, width: 0, height: 0 };
  const { width, height } = at("root");
  return {
    width,
    height,
    boxes: [...boxes].map(([name, box]) => ({ ...box, ...at(name) })),
    frames: plan.frames.map((frame) => ({ ...frame, ...at(frame.name), title: frameTitle(frame, plan) })),
    strokes: strokesOf(root, plan),
  };
}
