import { readFile } from "node:fs/promises";
import path from "node:path";

import { arrowsOf, arrowText, type Arrow } from "./arrow.ts";
import { mark, summary } from "./comparison.ts";
import { element, markup, raw, type Element } from "./element.ts";
import { appearanceText, backendTexts, clusterFacts } from "./facts.ts";
import { dark, light, type Palette } from "./palette.ts";
import { drawTopology } from "./svg.ts";
import { subtitleOf, titleOf, trustText } from "./title.ts";
import {
  keys,
  modes,
  type Change,
  type Cluster,
  type Route,
  type Service,
  type Topology,
} from "./topology.ts";

function colours({ page, box, border, ink, muted, gateway, added, removed, changed }: Palette): string {
  return [
    `body{background:${page};color:${ink}}`,
    `input,select,button,th{background:${box};color:${ink}}`,
    `input,select,button,td,th,#picture,#details{border-color:${border}}`,
    `.quiet{color:${muted}}`,
    `:focus-visible{outline-color:${gateway}}`,
    `.selected rect{stroke:${gateway}!important}`,
    `.selected .name,button[aria-pressed=true]{fill:${gateway};color:${gateway}}`,
    `tr.added td:first-child{color:${added}}tr.removed td:first-child{color:${removed}}`,
    `tr.changed td:first-child{color:${changed}}`,
  ].join("");
}

const styles = [
  "body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:90rem;padding:1rem}",
  "h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem}p{margin:.3rem 0}",
  "form{display:flex;flex-wrap:wrap;gap:.75rem 1rem;align-items:end;margin:1rem 0}",
  "form label{display:flex;flex-direction:column;font-size:.85rem}",
  "fieldset{display:flex;gap:.75rem;border:0;padding:0;margin:0;font-size:.85rem}",
  "fieldset label{flex-direction:row;gap:.25rem}",
  "input,select,button{font:inherit;border:1px solid;border-radius:4px;padding:.25rem .5rem}",
  "td button{border:0;background:none;padding:0;text-align:left;text-decoration:underline;cursor:pointer;color:inherit}",
  "#picture{overflow:auto;border:1px solid;border-radius:6px}#picture svg{display:block;margin:auto;max-width:100%;height:auto}",
  "#details{border:1px solid;border-radius:6px;padding:.25rem 1rem .75rem;margin:1rem 0}",
  "table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{border:1px solid;padding:.3rem .5rem;text-align:left;vertical-align:top}",
  ".box{cursor:pointer}.dim{opacity:.18}.selected rect{stroke-width:3!important}button[aria-pressed=true]{font-weight:bold}",
  ":focus-visible{outline:3px solid;outline-offset:2px}[hidden]{display:none!important}",
  colours(light),
  `@media (prefers-color-scheme:dark){:root{color-scheme:dark}${colours(dark)}}`,
].join("\n");

interface Row {
  readonly cells: readonly (string | Element)[];
  readonly change?: Change | undefined;
  readonly differences?: readonly string[] | undefined;
  /** What the script filters by. */
  readonly attributes: Readonly<Record<string, string>>;
}

function tableOf(id: string, title: string, heads: readonly string[], rows: readonly Row[]): Element[] {
  if (rows.length === 0) return [];
  const isCompared = rows.some(({ change }) => change !== undefined);
  const body = rows.map(({ cells, change, differences = [], attributes }) => {
    const all = isCompared ? [...cells, [change ?? "", ...differences].join("; ")] : cells;
    return element("tr", { class: change, ...attributes }, ...all.map((cell) => element("td", {}, cell)));
  });
  return [
    element("h2", { id: `${id}-title` }, title),
    element(
      "table",
      { id, "aria-labelledby": `${id}-title` },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...[...heads, ...(isCompared ? ["difference"] : [])].map((head) =>
            element("th", { scope: "col" }, head),
          ),
        ),
      ),
      element("tbody", {}, ...body),
    ),
  ];
}

function choose(kind: "cluster" | "service", key: string, label: string): Element {
  return element("button", { type: "button", "aria-pressed": "false", [`data-choose-${kind}`]: key }, label);
}

function clusterRow(cluster: Cluster): Row {
  const { source, pods, services, "trust domain": domain, gateway, issuer } = clusterFacts(cluster);
  const { name, change, differences } = cluster;
  const label = `${mark(change)}${name}`;
  return {
    cells: [
      choose("cluster", name, label),
      ...[source, pods, services, domain, gateway, issuer].map((text = "") => text),
    ],
    change,
    differences,
    attributes: { "data-cluster-row": name },
  };
}

function linkRow(arrow: Arrow): Row {
  const { source, target, bothWays, carries, change, differences } = arrow;
  const links = [`${source}>${target}`, ...(bothWays ? [`${target}>${source}`] : [])];
  return {
    cells: [`${mark(change)}${arrowText(arrow)}`, carries.join(", ")],
    change,
    differences,
    attributes: { "data-links-row": links.join(" "), "data-modes": carries.join(" ") },
  };
}

function serviceRow(service: Service): Row {
  const { cluster, namespace, name, exports, appears, change, differences } = service;
  return {
    cells: [
      choose("service", keys.service(service), `${mark(change)}${namespace}/${name}`),
      cluster,
      exports.join(", "),
      appears.map(appearanceText).join("; "),
    ],
    change,
    differences,
    attributes: { "data-service-row": keys.service(service), "data-modes": exports.join(" ") },
  };
}

function routeRow({ cluster, namespace, service, port, calls, backends, change, differences }: Route): Row {
  return {
    cells: [
      `${mark(change)}${namespace}/${service}:${port.toString()}`,
      cluster,
      calls,
      backendTexts(backends).join(", "),
    ],
    change,
    differences,
    attributes: {
      "data-route-row": cluster,
      "data-names": [service, ...backends.map((backend) => backend.service)]
        .map((one) => `${namespace}/${one}`)
        .join(" "),
    },
  };
}

function tables(topology: Topology): Element[] {
  const { clusters, links, services, routes } = topology;
  return [
    ...tableOf(
      "clusters",
      "Clusters",
      ["cluster", "source", "pods", "services", "trust domain", "gateway", "issuer"],
      clusters.map(clusterRow),
    ),
    ...tableOf("links", "Links", ["link", "carries"], arrowsOf(links).map(linkRow)),
    ...tableOf(
      "services",
      "Exported services",
      ["service", "of", "by", "appears as"],
      services.map(serviceRow),
    ),
    ...tableOf("routes", "Routes", ["route", "on", "calls", "go to"], routes.map(routeRow)),
  ];
}

function select(id: string, label: string, values: readonly string[]): Element {
  const options = values.map((value) => element("option", { value }, value));
  return element(
    "label",
    { for: id },
    label,
    element("select", { id }, element("option", { value: "" }, "all"), ...options),
  );
}

function filters({ clusters, services }: Topology): Element {
  const boxes = modes.map((mode) =>
    element(
      "label",
      {},
      element("input", { type: "checkbox", name: "mode", value: mode, checked: true }),
      mode,
    ),
  );
  return element(
    "form",
    { role: "search" },
    element(
      "label",
      { for: "search" },
      "Search",
      element("input", { id: "search", type: "search", autocomplete: "off" }),
    ),
    select("cluster", "Cluster", clusters.map(keys.cluster)),
    select("service", "Service", services.map(keys.service)),
    element("fieldset", {}, element("legend", {}, "Mode"), ...boxes),
    element("button", { type: "reset" }, "Show all"),
  );
}

/** Data inside of a script element, which any `</` would end. */
function embedded(topology: Topology): string {
  return JSON.stringify(topology).replaceAll("<", "\\u003c");
}

/** One page without anything from elsewhere: the picture, its filters, and tables. */
export async function toPage(topology: Topology, comparedWith?: string): Promise<string> {
  const script = await readFile(path.join(import.meta.dirname, "page-script.mjs"), "utf8");
  const picture = await drawTopology(topology, { comparedWith });
  const page = element(
    "html",
    { lang: "en" },
    element(
      "head",
      {},
      element("meta", { charset: "utf-8" }),
      element("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      element("meta", { name: "color-scheme", content: "light dark" }),
      element("title", {}, titleOf(topology)),
      raw("style", styles),
    ),
    element(
      "body",
      {},
      element(
        "header",
        {},
        element("h1", {}, titleOf(topology)),
        element("p", { class: "quiet" }, subtitleOf(topology)),
        element("p", { class: "quiet" }, trustText(topology)),
        ...(comparedWith === undefined
          ? []
          : [element("p", { id: "summary" }, `Compared with ${comparedWith}: ${summary(topology)}`)]),
      ),
      filters(topology),
      element("p", { id: "status", role: "status", class: "quiet" }),
      element(
        "main",
        {},
        element("section", { id: "details", "aria-live": "polite", hidden: true }),
        element("div", { id: "picture" }, picture),
        ...tables(topology),
      ),
      raw("script", embedded(topology), { type: "application/json", id: "topology" }),
      raw("script", script),
    ),
  );
  return `<!doctype html>\n${markup(page)}\n`;
}
