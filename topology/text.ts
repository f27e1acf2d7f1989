import { getBorderCharacters, table } from "table";

import { arrowsOf, arrowText } from "./arrow.ts";
import { changeTexts, mark, summary } from "./comparison.ts";
import { backendTexts, certificateText, clustersText, gatewayText } from "./facts.ts";
import { frameTitle, planDrawing, type Line, type Plan } from "./plan.ts";
import { subtitleOf, titleOf, trustText } from "./title.ts";
import type { Topology } from "./topology.ts";

const widest = 60;

function rows(heads: readonly string[], lines: readonly (readonly string[])[]): string[] {
  if (lines.length === 0) return [];
  const columns = heads.map((head, index) => {
    const width = Math.max(head.length, ...lines.map((line) => line[index]?.length ?? 0));
    return width > widest ? { width: widest, wrapWord: true } : {};
  });
  const drawn = table([heads.map((head) => head.toUpperCase()), ...lines.map((line) => [...line])], {
    border: getBorderCharacters("void"),
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    columns,
    drawHorizontalLine: () => false,
  });
  return [drawn.replaceAll(/ +$/gm, "")];
}

function endText(end: string, { frames }: Plan): string {
  const frame = frames.find(({ name }) => name === end);
  return frame === undefined ? end : `each of ${frame.members.join(", ")}`;
}

/** A mesh, or clusters without links; of the others the lines to them say all. */
function frameRows(plan: Plan): string[][] {
  return plan.frames
    .filter(({ kind }) => kind !== "alike")
    .map((frame) => [
      `${mark(frame.change)}${frameTitle(frame, plan)}: ${frame.members.join(", ")}`,
      frame.carries.join(", "),
    ]);
}

function lineRow(line: Line, plan: Plan): string[] {
  const ends = { source: endText(line.source, plan), target: endText(line.target, plan) };
  return [`${mark(line.change)}${arrowText({ ...line, ...ends })}`, line.carries.join(", ")];
}

function clusterRows({ clusters }: Topology): string[][] {
  return clusters.map((cluster) => [
    `${mark(cluster.change)}${cluster.name}`,
    cluster.source,
    cluster.podNetworks.join(", "),
    cluster.serviceNetworks.join(", "),
    cluster.trustDomain,
    gatewayText(cluster.gateway),
    certificateText(cluster.issuer),
  ]);
}

function serviceRows({ services, clusters }: Topology): string[][] {
  return services.map(({ cluster, namespace, name, exports, appears, change }) => [
    `${mark(change)}${namespace}/${name}`,
    cluster,
    exports.join(", "),
    appears
      .map(
        (appearance) =>
          `${appearance.name} on ${clustersText(appearance.clusters, clusters) || "no cluster"}`,
      )
      .join(", "),
  ]);
}

function routeRows({ routes }: Topology): string[][] {
  return routes.map(({ cluster, namespace, service, port, calls, backends, change }) => [
    `${mark(change)}${namespace}/${service}:${port.toString()}`,
    cluster,
    calls,
    backendTexts(backends).join(", "),
  ]);
}

/** Tables for a terminal. */
export function toText(topology: Topology, comparedWith?: string): string {
  const plan = planDrawing(
    topology.clusters.map(({ name }) => name),
    arrowsOf(topology.links),
  );
  const header = [
    titleOf(topology),
    subtitleOf(topology),
    trustText(topology),
    ...(comparedWith === undefined ? [] : [`Compared with ${comparedWith}: ${summary(topology)}`]),
  ];
  const changes = [
    ...topology.clusters.flatMap(({ name, differences = [] }) =>
      differences.map((text) => `~ ${name} ${text}`),
    ),
    ...changeTexts(topology),
  ];
  const parts = [
    `${header.join("\n")}\n`,
    ...rows(
      ["cluster", "source", "pods", "services", "trust domain", "gateway", "issuer"],
      clusterRows(topology),
    ),
    ...rows(["link", "carries"], [...frameRows(plan), ...plan.lines.map((line) => lineRow(line, plan))]),
    ...rows(["exported service", "of", "by", "appears as"], serviceRows(topology)),
    ...rows(["route", "on", "calls", "go to"], routeRows(topology)),
    ...(changes.length === 0 ? [] : [`CHANGES\n${changes.join("\n")}\n`]),
  ];
  return parts.join("\n");
}
