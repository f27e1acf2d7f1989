import { mark } from "./comparison.ts";
import { backendTexts, certificateText, gatewayText } from "./facts.ts";
import { lineHeight, textWidth, type Size, type Weight } from "./measure.ts";
import type { Cluster, Topology } from "./topology.ts";

/** One text of a cluster's box, from its upper left corner. */
export interface BoxText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly style: "name" | "label" | "fact" | "heading";
  /** The service that it is about. */
  readonly service?: string;
}

/** A cluster as it is drawn. */
export interface Box extends Size {
  readonly cluster: Cluster;
  readonly texts: readonly BoxText[];
}

interface Row {
  readonly label: string;
  readonly value: string;
  readonly service?: string;
  readonly heading?: boolean;
}

/** How much of each cluster is shown. */
export type Detail = "full" | "short";

const padding = 12;
const gap = 8;
const nameSize = 13;
const longestList = 5;

export function detailFor(topology: Topology): Detail {
  return topology.clusters.length > 8 ? "short" : "full";
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function section(label: string, values: readonly Omit<Row, "label">[]): Row[] {
  if (values.length === 0) return [];
  const rest = values.length - longestList;
  const shown = rest > 1 ? values.slice(0, longestList) : values;
  const more = rest > 1 ? [{ label: "", value: `and ${rest.toString()} more` }] : [];
  return [{ label, value: "", heading: true }, ...shown.map((row) => ({ label: "", ...row })), ...more];
}

function exportRows({ name }: Cluster, { services }: Topology): Row[] {
  const own = services.filter(({ cluster }) => cluster === name);
  return section(
    "exports",
    own.map(({ namespace, name: service, exports, change }) => ({
      value: `${mark(change)}${namespace}/${service} by ${exports.join(", ")}`,
      service: `${name}/${namespace}/${service}`,
    })),
  );
}

function mirrorRows({ name }: Cluster, { services }: Topology): Row[] {
  const here = services.flatMap(({ cluster, namespace, name: service, appears, change }) =>
    appears
      .filter(({ clusters, mode }) => clusters.includes(name) && !(mode === "federated" && cluster === name))
      .map((appearance) => ({
        value: `${mark(change)}${namespace}/${appearance.name}`,
        service: `${cluster}/${namespace}/${service}`,
      })),
  );
  const once = here.filter(({ value }, index) => here.findIndex((other) => other.value === value) === index);
  return section("can call", once);
}

function routeRows({ name }: Cluster, { routes }: Topology): Row[] {
  const own = routes.filter(({ cluster }) => cluster === name);
  return section(
    "sends calls",
    own.map(({ namespace, service, calls, backends, change }) => ({
      value: shortened(
        `${mark(change)}${namespace}/${service} → ${backendTexts(backends).join(", ")}${calls === "all" ? "" : " (some calls)"}`,
      ),
    })),
  );
}

function networkRows({ podNetworks, serviceNetworks }: Cluster): Row[] {
  return [
    ["pods", podNetworks],
    ["services", serviceNetworks],
  ].flatMap(([label, networks]) =>
    networks === undefined || networks.length === 0
      ? []
      : [{ label: String(label), value: shortened([networks].flat().join(", ")) }],
  );
}

function fullRows(cluster: Cluster, topology: Topology): Row[] {
  const domains = new Set(topology.clusters.map(({ trustDomain }) => trustDomain));
  const { trustDomain, gateway, issuer } = cluster;
  return [
    ...networkRows(cluster),
    { label: "gateway", value: shortened(gatewayText(gateway)) },
    ...(domains.size > 1 ? [{ label: "trust domain", value: shortened(trustDomain) }] : []),
    ...(issuer.expires === undefined ? [] : [{ label: "issuer", value: shortened(certificateText(issuer)) }]),
    ...exportRows(cluster, topology),
    ...mirrorRows(cluster, topology),
    ...routeRows(cluster, topology),
  ];
}

function shortRows(cluster: Cluster, { services }: Topology): Row[] {
  const count = services.filter(({ cluster: name }) => name === cluster.name).length;
  const exported = count === 1 ? "1 service" : `${count.toString()} services`;
  const [network] = cluster.podNetworks;
  return [
    ...(network === undefined ? [] : [{ label: "pods", value: network }]),
    ...(count === 0 ? [] : [{ label: "exports", value: exported }]),
    ...(cluster.gateway.published ? [] : [{ label: "gateway", value: "none" }]),
  ];
}

/** What is different, where that is known: the words that tell it, instead of a colour only. */
function differenceRows({ differences = [] }: Cluster): Row[] {
  return section(
    "changes",
    differences.map((difference) => ({ value: shortened(difference) })),
  );
}

function placed(rows: readonly Row[]): BoxText[] {
  const labelWidth = Math.max(
    0,
    ...rows.filter(({ heading }) => heading !== true).map(({ label }) => textWidth(label)),
  );
  let y = padding + nameSize + 6;
  return rows.flatMap(({ label, value, service, heading = false }): BoxText[] => {
    y += heading ? lineHeight + 6 : lineHeight;
    const about = service === undefined ? {} : { service };
    if (heading) return [{ text: label, x: padding, y, style: "heading" }];
    if (label === "") return [{ text: value, x: padding, y, style: "fact", ...about }];
    return [
      { text: label, x: padding, y, style: "label" },
      { text: value, x: padding + labelWidth + gap, y, style: "fact" },
    ];
  });
}

const weights: Readonly<Record<BoxText["style"], Weight>> = {
  name: "bold",
  heading: "bold",
  label: "normal",
  fact: "normal",
};

/** A box with room for all of its texts. */
export function boxFor(cluster: Cluster, topology: Topology, detail = detailFor(topology)): Box {
  const rows = detail === "full" ? fullRows(cluster, topology) : shortRows(cluster, topology);
  const name = `${mark(cluster.change)}${cluster.name}`;
  const sourceX = padding + textWidth(name, "bold", nameSize) + gap;
  const texts: BoxText[] = [
    { text: name, x: padding, y: padding + nameSize, style: "name" },
    { text: cluster.source, x: sourceX, y: padding + nameSize, style: "label" },
    ...placed([...rows, ...differenceRows(cluster)]),
  ];
  const right = texts.map(
    ({ text, x, style }) => x + textWidth(text, weights[style], style === "name" ? nameSize : undefined),
  );
  return {
    cluster,
    texts,
    width: Math.max(...right) + padding,
    height: Math.max(...texts.map(({ y }) => y)) + padding,
  };
}

/** The texts of a box line by line, for formats without places. */
export function boxLines({ texts }: Box): string[] {
  const heights = [...new Set(texts.map(({ y }) => y))].sort((one, other) => one - other);
  return heights.map((height) => {
    const line = texts.filter(({ y }) => y === height);
    return line.map(({ text, style }) => (style === "heading" ? `${text}:` : text)).join(" ");
  });
}
