import { getBorderCharacters, table } from "table";

import type { Paint } from "../verify/text.ts";
import type { Finding } from "./finding.ts";

const marks = { fine: "√", warning: "‼", failed: "×" } as const;
const health = { fine: "healthy", warning: "warning", failed: "failed" } as const;

const widest = 70;

/** One table, then what to do about what isn't fine. */
export function toText(findings: readonly Finding[], paint: Paint): string {
  const rows = findings.map(({ where, what, found, level }, index) => [
    paint(health[level], marks[level]),
    // A place is named once.
    findings[index - 1]?.where === where ? "" : where,
    what,
    found,
  ]);
  const drawn = table([["", "WHERE", "WHAT", "FOUND"], ...rows], {
    border: getBorderCharacters("void"),
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    columns: {
      3: findings.some(({ found }) => found.length > widest) ? { width: widest, wrapWord: true } : {},
    },
    drawHorizontalLine: () => false,
  }).replaceAll(/ +$/gm, "");
  const remedies = findings
    .filter(({ remedy }) => remedy !== undefined)
    .map(({ where, what, found, level, remedy = "" }) =>
      [paint(health[level], `${marks[level]} ${where}: ${what}: ${found}`), `  -> ${remedy}`].join("\n"),
    );
  const failures = findings.filter(({ level }) => level === "failed").length;
  const verdict =
    failures === 0
      ? "Nothing stands in the way of npm run up."
      : `${failures.toString()} of these would stop npm run up, or break what it makes.`;
  return [drawn, ...remedies.map((remedy) => `${remedy}\n`), `${verdict}\n`].join("\n");
}
