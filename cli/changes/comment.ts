import { operations, type Change, type Operation, type Report } from "./changes.ts";

export const marks: Readonly<Record<Operation, string>> = {
  delete: "−",
  replace: "±",
  update: "~",
  create: "+",
};

const longestTable = 40;
const longestProperties = 6;

/** By this line a comment is found again, to be replaced by the next one on the same stack. */
export function markerOf(stack: string): string {
  return `<!-- mesh: ${stack} -->`;
}

/** What is said of so many resources: of what a preview proposes, and of what was found to differ. */
export const proposed: Readonly<Record<Operation, string>> = {
  delete: "to delete",
  replace: "to replace",
  update: "to update",
  create: "to create",
};
export const drifted: typeof proposed = {
  delete: "gone",
  replace: "replaced",
  update: "changed",
  create: "new",
};

function countText({ counts }: Report, words: typeof proposed): string {
  const parts = operations.filter((operation) => counts[operation] > 0);
  if (parts.length === 0) return "no change";
  return parts.map((operation) => `${counts[operation].toString()} ${words[operation]}`).join(", ");
}

export function kindsText(kinds: readonly string[]): string {
  const counts = [...Map.groupBy(kinds, (kind) => kind)].map(([kind, { length }]) =>
    length === 1 ? kind : `${length.toString()} ${kind}`,
  );
  return counts.sort().join(", ");
}

function propertiesText({ operation, properties }: Change): string {
  if (properties.length === 0 || operation === "create" || operation === "delete") return "";
  const shown = properties.slice(0, longestProperties).map((property) => `\`${property}\``);
  const more = properties.length - shown.length;
  return ` in ${shown.join(", ")}${more > 0 ? ` and ${more.toString()} more` : ""}`;
}

function table({ changes }: Report): string[] {
  if (changes.length === 0) return [];
  const rows = changes.slice(0, longestTable).map((change) => {
    const what = `${kindsText(change.kinds)}${propertiesText(change)}`;
    return `| \`${marks[change.operation]}\` | \`${change.component}\` | ${what} |`;
  });
  const more = changes.length - rows.length;
  const rest = more > 0 ? [`\nAnd ${more.toString()} more: see the log.`] : [];
  return [["| | of | what |", "| --- | --- | --- |", ...rows].join("\n") + rest.join("")];
}

function indented(text: string): string {
  return text.replaceAll("\n", "\n  ");
}

function listed(title: string, items: readonly string[]): string[] {
  return items.length === 0
    ? []
    : [`**${title}**\n\n${items.map((item) => `- ${indented(item)}`).join("\n")}`];
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

export interface CommentArgs {
  readonly stack: string;
  readonly report: Report;
  /** What the title says where the engine failed. */
  readonly failed: boolean;
  /** A Mermaid chart of what differs in the topology; undefined where nothing does. */
  readonly topology?: string | undefined;
  /** `proposed` by default. */
  readonly words?: typeof proposed;
}

/** A review as Markdown: short enough to be read, and never a value of a property. */
export function commentOf({ stack, report, failed, topology, words = proposed }: CommentArgs): string {
  const violations = report.violations.map(
    ({ policy, level, resource, message }) => `\`${policy}\` (${level}), \`${resource}\`: ${message}`,
  );
  const parts = [
    `${markerOf(stack)}\n### ${stack}: ${failed ? "refused" : countText(report, words)}`,
    ...listed("Policies", violations),
    ...(failed && report.errors.length > 0 ? [fenced("text", report.errors.join("\n\n"))] : []),
    ...listed("Warnings", report.warnings),
    ...table(report),
    ...(topology === undefined ? [] : [fenced("mermaid", topology)]),
  ];
  return `${parts.join("\n\n")}\n`;
}
