import { arrowsOf } from "./arrow.ts";
import { boxFor, boxLines } from "./box.ts";
import { mark, summary } from "./comparison.ts";
import { frameTitle, planDrawing, type Frame, type Line, type Plan } from "./plan.ts";
import { describe, titleOf, trustText } from "./title.ts";
import type { Cluster, Mode, Topology } from "./topology.ts";

const shafts: Readonly<Record<Mode, readonly [both: string, one: string]>> = {
  gateway: ["<-->", "-->"],
  "pod-to-pod": ["<-.->", "-.->"],
  federated: ["<==>", "==>"],
};

/** In quotes Mermaid takes everything but quotes, and HTML's marks as HTML. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll("#", "#35;")
    .replaceAll("&", "#amp;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;");
  return `"${escaped.replaceAll("\n", "<br/>")}"`;
}

/** Names of our own: `end` and others mean something to Mermaid. */
function identifiers(topology: Topology, { frames }: Plan): Map<string, string> {
  return new Map([
    ...topology.clusters.map(({ name }, index): [string, string] => [
      name,
      `cluster${(index + 1).toString()}`,
    ]),
    ...frames.map(({ name }, index): [string, string] => [name, `frame${(index + 1).toString()}`]),
  ]);
}

function node(cluster: Cluster, topology: Topology, id: string): string {
  const change = cluster.change === undefined ? "" : `:::${cluster.change}`;
  return `${id}[${quoted(boxLines(boxFor(cluster, topology)).join("\n"))}]${change}`;
}

function edges(line: Line, source: string, target: string): string[] {
  return line.carries.map((mode) => {
    const [both, one] = shafts[mode];
    return `${source} ${line.bothWays ? both : one}|${quoted(`${mark(line.change)}${mode}`)}| ${target}`;
  });
}

function frameLabel(frame: Frame, plan: Plan): string {
  const carries = frame.carries.length === 0 ? "" : `: ${frame.carries.join(", ")}`;
  return `${mark(frame.change)}${frameTitle(frame, plan)}${carries}`;
}

/** Lines of a box stay lines. */
const settings = ["---", "config:", "  flowchart:", "    wrappingWidth: 480", "---"];

/** A flowchart that GitHub draws. */
export function toMermaid(topology: Topology, comparedWith?: string): string {
  const plan = planDrawing(
    topology.clusters.map(({ name }) => name),
    arrowsOf(topology.links),
  );
  const ids = identifiers(topology, plan);
  const id = (name: string) => ids.get(name) ?? "";
  const nodeOf = (cluster: Cluster) => node(cluster, topology, id(cluster.name));
  const framed = plan.frames.flatMap((frame) => [
    `subgraph ${id(frame.name)} [${quoted(frameLabel(frame, plan))}]`,
    ...topology.clusters
      .filter(({ name }) => frame.members.includes(name))
      .map((cluster) => `  ${nodeOf(cluster)}`),
    "end",
  ]);
  const alone = topology.clusters.filter(
    ({ name }) => !plan.frames.some(({ members }) => members.includes(name)),
  );
  const compared =
    comparedWith === undefined ? [] : [`%% Compared with ${comparedWith}: ${summary(topology)}`];
  const body = [
    `accTitle: ${titleOf(topology)}`,
    `accDescr: ${describe(topology)}`,
    `subgraph trust [${quoted(trustText(topology))}]`,
    ...[...framed, ...alone.map(nodeOf)].map((line) => `  ${line}`),
    "end",
    ...plan.lines.flatMap((line) => edges(line, id(line.source), id(line.target))),
    ...(comparedWith === undefined
      ? []
      : [
          "classDef added stroke:#156b2c,stroke-width:3px",
          "classDef removed stroke:#b3202c,stroke-width:3px,stroke-dasharray:4 3",
          "classDef changed stroke:#7d5a00,stroke-width:3px",
        ]),
  ];
  return `${[...settings, "flowchart LR", ...[...compared, ...body].map((line) => `  ${line}`)].join("\n")}\n`;
}
