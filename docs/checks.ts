/** Writes docs/checks.md from the table of checks: `node docs/checks.ts`. */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { callsChecks } from "../verify/calls/judge.ts";
import { clusterChecks } from "../verify/cluster-checks.ts";
import { linkChecks } from "../verify/link-checks.ts";
import { reachable } from "../verify/verify.ts";

interface Explained {
  readonly id: string;
  readonly holds: string;
  readonly cause: string;
  readonly fix: string;
}

/** Commands are code; the rest is text. */
function withCode(text: string): string {
  return text.replaceAll(
    /npm run (up|kubectl) -- STACK( --refresh| CLUSTER [^.;:]*?)?(?= says| restores| makes| puts|[.;:]( |$)|$)/g,
    "`$&`",
  );
}

function section({ id, holds, cause, fix }: Explained): string {
  return [
    `### ${id}`,
    "",
    holds,
    "",
    `- When it doesn't hold, most often: ${cause}`,
    `- What to do: ${withCode(fix)}`,
    "",
  ].join("\n");
}

export function checksReference(): string {
  return [
    "# The checks of verify",
    "",
    "What `npm run verify -- STACK` judges, by id. In commands, `STACK` is the stack, `CLUSTER` the cluster (of a link the",
    "source), `TARGET` a link's other end. Made from the table of checks by `npm run docs`.",
    "",
    "## Of a cluster",
    "",
    ...[reachable, ...clusterChecks].map(section),
    "## Of a link",
    "",
    ...linkChecks.map(section),
    "## Of calls",
    "",
    ...callsChecks.map(section),
  ].join("\n");
}

if (isProgram(import.meta.filename)) {
  await writeFile(path.join(import.meta.dirname, "checks.md"), checksReference());
}
