import { getBorderCharacters, table } from "table";

import { operations, type Report } from "../changes/changes.ts";
import { kindsText, marks } from "../changes/comment.ts";
import type { Outcome } from "./fleet-order.ts";
import { gigabyte, type MemoryTaken } from "./memory-limit.ts";

/** What came of one part; without the rest where it was left out. */
export interface PartRun {
  readonly stack: string;
  readonly outcome: Outcome;
  /** The settings no longer ask for it: it is taken down, or has been, with its stack. */
  readonly leaving?: "goes" | "gone";
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
  /** Whether somebody wanted it to end before all was done. */
  readonly stopped?: true;
  /** Of all runs together. */
  readonly memory?: MemoryTaken;
}

/** Whether all came through. */
export function isThrough({ parts }: FleetSummary): boolean {
  return parts.every(({ outcome }) => outcome === "done" || outcome === "unchanged");
}

const longestList = 15;

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

/** What happens to what, as far as a person reads on. */
function changeLines({ report }: PartRun): string[] {
  const changes = report?.changes ?? [];
  const lines = changes
    .slice(0, longestList)
    .map(({ operation, component, kinds }) => `${marks[operation]} ${component}: ${kindsText(kinds)}`);
  const more = changes.length - lines.length;
  return more > 0 ? [...lines, `and ${more.toString()} more: see the log`] : lines;
}

function details(part: PartRun): string[] {
  const { stack, outcome, leaving, report, notes = [], log } = part;
  const said = [
    ...changeLines(part),
    ...notes,
    ...(report?.violations ?? []).map(
      ({ policy, level, resource, message }) => `${policy} (${level}), ${resource}: ${message}`,
    ),
    ...(report?.warnings ?? []),
    ...(outcome === "failed" ? (report?.errors ?? []) : []),
    ...(outcome === "failed" && log !== undefined ? [`All of it: ${log}`] : []),
  ];
  if (said.length === 0 && leaving === undefined) return [];
  const heading = leaving === undefined ? stack : `${stack}: no longer in the file, ${leaving}`;
  return [`${heading}\n${said.map((text) => `  ${indented(text)}\n`).join("")}`];
}

function inGigabytes(bytes: number): string {
  return `${(bytes / gigabyte).toFixed(1)} GB`;
}

/** What a person must know of the memory that was taken; nothing where it was within its limit. */
function memoryLines(memory: MemoryTaken | undefined): string[] {
  if (memory === undefined || memory.peak <= memory.limit) return [];
  const { limit, peak, largestRun } = memory;
  return [
    `The runs took up to ${inGigabytes(peak)} of memory, more than the ${inGigabytes(limit)} that they may: ` +
      `the largest takes ${inGigabytes(largestRun)} by itself.\n`,
  ];
}

/** One line for each part, and below what a person must know of some. */
export function formatSummary({ action, environment, parts, memory }: FleetSummary): string {
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
  const count = (wanted: Outcome) => parts.filter(({ outcome }) => outcome === wanted).length;
  const [done, unchanged] = [count("done"), count("unchanged")];
  const rest = unchanged > 0 ? `, ${unchanged.toString()} unchanged` : "";
  const head = `${environment}, ${action}: ${done.toString()} of ${parts.length.toString()} parts done${rest}\n`;
  return [head, lines, ...parts.flatMap(details), ...memoryLines(memory)].join("\n");
}
