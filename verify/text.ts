import { styleText } from "node:util";

import { getBorderCharacters, table } from "table";

import { simulatedPods } from "./check.ts";
import { linkChecks } from "./link-checks.ts";
import type { Finding, Health, Verification } from "./verify.ts";

const marks: Readonly<Record<Health, string>> = { healthy: "√", warning: "‼", failed: "×", unknown: "?" };
const colours = { warning: "yellow", failed: "red", unknown: "yellow" } as const;

/** Colour where there is trouble, and where the stream can show it (NO_COLOR and the like are respected). */
export type Paint = (health: Health, text: string) => string;

export const plain: Paint = (_health, text) => text;

export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (health, text) =>
    health === "healthy" ? text : styleText(colours[health], text, { stream, validateStream: true });
}

function rows(lines: readonly (readonly string[])[]): string[] {
  if (lines.length === 0) return [];
  const drawn = table(
    lines.map((line) => [...line]),
    {
      border: getBorderCharacters("void"),
      columnDefault: { paddingLeft: 0, paddingRight: 2 },
      drawHorizontalLine: () => false,
    },
  );
  return drawn.replaceAll(/ +$/gm, "").trimEnd().split("\n");
}

function count(number: number, one: string): string {
  return `${number.toString()} ${one}${number === 1 ? "" : "s"}`;
}

function troubleText(findings: readonly Finding[], subject: string): string {
  const own = findings.filter((finding) => finding.subject === subject);
  const ids = (level: string) => [
    ...new Set(own.filter((one) => one.level === level).map(({ check }) => check)),
  ];
  return [...ids("failed"), ...ids("warning")].join(", ");
}

function clusterLines({ clusters, findings }: Verification): [Health, string[]][] {
  return clusters.map(({ name, health, kubernetes, linkerd }) => [
    health,
    [
      marks[health],
      name,
      [kubernetes === undefined ? "" : `Kubernetes ${kubernetes}`, linkerd ?? ""].filter(Boolean).join(", "),
      troubleText(findings, name),
    ],
  ]);
}

function linkLines({ links, findings, skipped }: Verification): [Health, string[]][] {
  return links.map(({ source, target, carries, health, mirrors }) => {
    const subject = `${source} -> ${target}`;
    const unknown = skipped.find((one) => one.subject === subject && one.reason.endsWith("can't be asked"));
    const trouble = troubleText(findings, subject);
    return [
      health,
      [
        marks[health],
        subject,
        `${carries.join(", ")}; ${count(mirrors, "mirror")}`,
        trouble !== "" ? trouble : health === "unknown" ? (unknown?.reason ?? "") : "",
      ],
    ];
  });
}

/** Identities without the suffix that all of a cluster have. */
function shortIdentity(identity: string): string {
  return identity === "" ? "nobody" : (identity.split(".serviceaccount.")[0] ?? identity);
}

/** One line for each link and mode that was called over. */
function callsText({ links }: Verification): string[] {
  const lines = links.flatMap(({ source, target, calls }) =>
    calls.map(({ mode, sent, answered, median, slowest, identities, missing }) => [
      answered === sent && missing.length === 0 ? marks.healthy : marks.failed,
      `${source} -> ${target}`,
      mode,
      `${answered.toString()} of ${sent.toString()} answered`,
      answered === 0 ? "" : `in ${median.toFixed(1)} ms, at most ${slowest.toFixed(1)} ms`,
      answered === 0 ? "" : `as ${identities.map(shortIdentity).join(", ")}`,
    ]),
  );
  return lines.length === 0 ? [] : [rows(lines).join("\n")];
}

function findingText({ check, subject, level, problem, cause, fix, docs }: Finding, paint: Paint): string {
  return [
    paint(level, `${marks[level]} ${subject}: ${check}`),
    `  ${problem}`,
    `  Cause  ${cause}`,
    `  Fix    ${fix}`,
    `  See    ${docs}`,
  ].join("\n");
}

/** What simulated pods leave open, in one line, and which links weren't called over; what comes after something else is said with that. */
function skippedText({ skipped }: Verification): string[] {
  const open = skipped.filter(({ reason }) => reason.endsWith(simulatedPods));
  const uncalled = skipped
    .filter(({ check, reason }) => check === "calls" && !open.some((one) => one.reason === reason))
    .filter(({ reason }) => !reason.endsWith("comes first"))
    .map(({ subject, reason }) => `Not called over ${subject} by ${reason}.`);
  if (open.length === 0) return uncalled;
  const names = [...new Set(open.map(({ check }) => check))];
  const links = linkChecks.map(({ id }) => id);
  const ordered = [...names.filter((id) => !links.includes(id)), ...names.filter((id) => links.includes(id))];
  return [...uncalled, `Not judged where ${simulatedPods}: ${ordered.join(", ")}.`];
}

function summaryOf({ clusters, links, checks, findings, isHealthy }: Verification, seconds: number): string {
  const failures = findings.filter(({ level }) => level === "failed").length;
  const warnings = findings.length - failures;
  const verdict = isHealthy ? "healthy" : count(failures, "failure");
  const warned = warnings === 0 ? "" : `, ${count(warnings, "warning")}`;
  return (
    `${count(clusters.length, "cluster")}, ${count(links.length, "link")}, ${count(checks, "check")} ` +
    `in ${seconds.toFixed(1)} s: ${verdict}${warned}.`
  );
}

/** One line for each cluster and link, then what is wrong and what to do. */
export function toText(verification: Verification, seconds: number, paint: Paint = plain): string {
  const subjects = [...clusterLines(verification), ...linkLines(verification)];
  const lines = rows(subjects.map(([, cells]) => cells)).map((line, index) =>
    paint(subjects[index]?.[0] ?? "healthy", line),
  );
  const paragraphs = [
    lines.join("\n"),
    ...callsText(verification),
    ...verification.findings.map((finding) => findingText(finding, paint)),
    ...skippedText(verification),
    summaryOf(verification, seconds),
  ];
  return `${paragraphs.join("\n\n")}\n`;
}
