import { getBorderCharacters, table } from "table";

import { operations, type Operation, type Report } from "./changes.ts";
import type { Outcome } from "./fleet-order.ts";

/** What came of one part; without the rest where it was left out. */
export interface PartRun {
  readonly stack: string;
  readonly outcome: Outcome;
  readonly seconds?: number;
  readonly report?: Report;
  /** What was found out before the engine ran, such as clusters that don't answer. */
  readonly notes?: readonly string[];
  /** The file with all that the engine printed. */
  readonly log?: string;
}

/** What came of a whole environment. */
export interface FleetSummary {
  readonly action: string;
  readonly environment: string;
  readonly parts: readonly PartRun[];
}

const marks: Readonly<Record<Operation, string>> = { create: "+", update: "~", replace: "±", delete: "−" };

function changesOf({ report }: PartRun): string {
  if (report === undefined) return "";
  const parts = operations
    .filter((operation) => report.counts[operation] > 0)
    .map((operation) => `${marks[operation]}${report.counts[operation].toString()}`);
  return parts.length === 0 ? "no change" : parts.join(" ");
}

function indented(text: string): string {
  return text.replaceAll("\n", "\n    ");
}

function details({ stack, outcome, report, notes = [], log }: PartRun): string[] {
  const said = [
    ...notes,
    ...(report?.violations ?? []).map(
      ({ policy, resource, message }) => `${policy}, ${resource}: ${message}`,
    ),
    ...(report?.warnings ?? []),
    // A provider that is stopped while a cluster doesn't answer calls that an error of its own.
    ...(outcome === "failed" ? (report?.errors ?? []) : []),
    ...(outcome === "failed" && log !== undefined ? [`All of it: ${log}`] : []),
  ];
  return said.length === 0 ? [] : [`${stack}\n${said.map((text) => `  ${indented(text)}\n`).join("")}`];
}

/** One line for each part, and below what a person must know of some. */
export function formatSummary({ action, environment, parts }: FleetSummary): string {
  const rows = parts.map((part) => [
    part.outcome,
    part.stack,
    changesOf(part),
    part.seconds === undefined ? "" : `${part.seconds.toString()} s`,
  ]);
  const lines = table(rows, {
    border: getBorderCharacters("void"),
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    columns: { 3: { alignment: "right" } },
    drawHorizontalLine: () => false,
  });
  const done = parts.filter(({ outcome }) => outcome === "done").length;
  const head = `${environment}, ${action}: ${done.toString()} of ${parts.length.toString()} parts done\n`;
  return [head, lines, ...parts.flatMap(details)].join("\n");
}
