import type { Arrow } from "./arrow.ts";
import { compareNames } from "./order.ts";
import type { Change, Mode } from "./topology.ts";

/**
 * Clusters drawn in one frame, because one sentence says how all of them are linked: `mesh`, each with every other;
 * `alike`, each in the same way with the same others; `unlinked`, with none.
 */
export interface Frame {
  readonly kind: "mesh" | "alike" | "unlinked";
  readonly name: string;
  readonly members: readonly string[];
  /** What the links between the members of a mesh carry. */
  readonly carries: readonly Mode[];
  readonly change?: Change;
}

/** An arrow as it is drawn: each end is a cluster or a frame, which stands for each of its clusters. */
export interface Line extends Arrow {
  readonly arrows: readonly Arrow[];
}

/** What is drawn of the clusters and arrows, so that many of them stay readable. */
export interface Plan {
  readonly frames: readonly Frame[];
  readonly lines: readonly Line[];
}

/** Fewer are read more easily one by one. */
const smallestMesh = 4;
const smallestRow = 4;

function label({ carries, change, bothWays }: Pick<Line, "carries" | "change" | "bothWays">): string {
  return `${carries.join()} ${change ?? ""} ${bothWays.toString()}`;
}

/** The same arrow seen from one of its ends. */
function labelFrom(end: string, arrow: Arrow): string {
  const direction = arrow.bothWays ? "" : arrow.source === end ? "to" : "from";
  return `${label(arrow)} ${direction}`;
}

function count(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function mostCommon(texts: readonly string[]): string | undefined {
  return [...count(texts)].sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** For each cluster its neighbours, each with the labels of the arrows between them. */
function neighboursOf(names: readonly string[], arrows: readonly Arrow[]): Map<string, Map<string, string>> {
  const neighbours = new Map(names.map((name) => [name, new Map<string, string>()]));
  for (const arrow of arrows) {
    for (const [end, other] of [
      [arrow.source, arrow.target],
      [arrow.target, arrow.source],
    ] as const) {
      const own = neighbours.get(end);
      own?.set(other, [own.get(other), labelFrom(end, arrow)].filter((text) => text !== undefined).join("|"));
    }
  }
  return neighbours;
}

/**
 * The clusters of which each is linked with every other, nearly always in the same way: whoever is linked least that
 * way goes, until that holds.
 */
function findMesh(names: readonly string[], arrows: readonly Arrow[]): Frame | undefined {
  const candidates = arrows.filter(({ bothWays, change }) => bothWays && change !== "removed");
  const usual = mostCommon(candidates.map(label));
  const example = candidates.find((arrow) => label(arrow) === usual);
  if (example === undefined) return undefined;
  const neighbours = neighboursOf(names, arrows);
  let members = [...names];
  while (members.length >= smallestMesh) {
    const others = (name: string) => members.filter((member) => member !== name);
    const usualOf = (name: string) =>
      others(name).filter((other) => neighbours.get(name)?.get(other) === labelFrom(name, example)).length;
    const scores = new Map(members.map((name) => [name, usualOf(name)]));
    const lowest = Math.min(...scores.values());
    const isComplete = members.every((name) =>
      others(name).every((other) => neighbours.get(name)?.has(other)),
    );
    if (isComplete && lowest >= members.length - 3 && lowest * 2 >= members.length - 1) {
      const { carries, change } = example;
      return { kind: "mesh", name: "", members, carries, ...(change === undefined ? {} : { change }) };
    }
    const weakest = members.findLast((name) => scores.get(name) === lowest);
    members = members.filter((name) => name !== weakest);
  }
  return undefined;
}

function findMeshes(names: readonly string[], arrows: readonly Arrow[]): Frame[] {
  const among = arrows.filter(({ source, target }) => names.includes(source) && names.includes(target));
  const found = findMesh(names, among);
  if (found === undefined) return [];
  const rest = names.filter((name) => !found.members.includes(name));
  return [found, ...findMeshes(rest, arrows)];
}

/** Clusters that are linked with the same others in the same way, and not with each other. */
function findRows(names: readonly string[], arrows: readonly Arrow[], meshes: readonly Frame[]): Frame[] {
  const neighbours = neighboursOf(names, arrows);
  const rows = new Map<string, string[]>();
  for (const name of names) {
    if (meshes.some(({ members }) => members.includes(name))) continue;
    const signature = JSON.stringify([...(neighbours.get(name) ?? [])].sort());
    rows.set(signature, [...(rows.get(signature) ?? []), name]);
  }
  return [...rows]
    .filter(([, members]) => members.length >= smallestRow)
    .map(([signature, members]) => ({
      kind: signature === "[]" ? "unlinked" : "alike",
      name: "",
      members,
      carries: [],
    }));
}

function isInside(frame: Frame, { source, target }: Arrow): boolean {
  return frame.members.includes(source) && frame.members.includes(target);
}

/** Whether the frame's own sentence says this already. */
function isUsual(frame: Frame, arrow: Arrow): boolean {
  return (
    frame.kind === "mesh" && isInside(frame, arrow) && label(arrow) === label({ ...frame, bothWays: true })
  );
}

/** Arrows between the same two ends become one line where each cluster of each end has one like it. */
function drawLines(frames: readonly Frame[], arrows: readonly Arrow[]): Line[] {
  const frameOf = (name: string) => frames.find(({ members }) => members.includes(name));
  const bundles = new Map<string, Line>();
  for (const arrow of arrows) {
    const [from, to] = [frameOf(arrow.source), frameOf(arrow.target)];
    if (from !== undefined && from === to && isUsual(from, arrow)) continue;
    const [source, target] =
      from === to ? [arrow.source, arrow.target] : [from?.name ?? arrow.source, to?.name ?? arrow.target];
    const [one, other] =
      arrow.bothWays && compareNames(source, target) > 0 ? [target, source] : [source, target];
    const key = `${one} ${other} ${label(arrow)}`;
    const arrowsSoFar = bundles.get(key)?.arrows ?? [];
    bundles.set(key, { ...arrow, source: one, target: other, arrows: [...arrowsSoFar, arrow] });
  }
  const size = (end: string) => frames.find(({ name }) => name === end)?.members.length ?? 1;
  return [...bundles.values()].flatMap((line) => {
    const isWhole = line.arrows.length === size(line.source) * size(line.target);
    return isWhole ? [line] : line.arrows.map((arrow) => ({ ...arrow, arrows: [arrow] }));
  });
}

/** Decides which clusters are drawn in frames and which lines remain. */
export function planDrawing(names: readonly string[], arrows: readonly Arrow[]): Plan {
  const meshes = findMeshes(names, arrows);
  const frames = [...meshes, ...findRows(names, arrows, meshes)].map((frame, index) => ({
    ...frame,
    // No cluster's name has a space.
    name: `frame ${(index + 1).toString()}`,
  }));
  return { frames, lines: drawLines(frames, arrows) };
}

/** The sentence that a frame stands for. */
export function frameTitle({ kind, members }: Frame, { lines }: Plan): string {
  const count = members.length.toString();
  const hasOwnLines = lines.some(
    ({ source, target }) => members.includes(source) && members.includes(target),
  );
  switch (kind) {
    case "mesh":
      return `Each of these ${count} is linked with every other, both ways${hasOwnLines ? ", unless a line says otherwise" : ""}`;
    case "alike":
      return `A line to this frame is a link with each of these ${count}`;
    case "unlinked":
      return "Not linked with any cluster";
  }
}
