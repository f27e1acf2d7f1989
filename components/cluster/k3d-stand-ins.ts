import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Stand-ins for `docker` and `k3d` that write down their calls, for the tests of the `*.command.ts` programs. */

/** What a call prints, or what it says when it fails. */
export type Answer = string | { readonly fails: string };

/**
 * Answers by the beginning of the call, such as `k3d cluster list`; the longest that fits wins. A list answers one call
 * after the other, its last entry all further ones.
 */
export type Answers = Readonly<Record<string, Answer | readonly Answer[]>>;

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Every call in order; the path of a configuration file is replaced by FILE. */
  readonly calls: readonly string[];
  /** Text of the configuration file. */
  readonly configuration: string | undefined;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** One branch of the stand-in's `case`: prints the answer that is next. */
function branch(beginning: string, answers: readonly Answer[], index: number): string {
  const count = `"$here/count-${index.toString()}"`;
  const cases = answers.map((answer, number) => {
    const pattern = number === answers.length - 1 ? "*" : number.toString();
    return typeof answer === "string"
      ? `${pattern}) printf %s ${quote(answer)} ;;`
      : `${pattern}) printf %s ${quote(answer.fails)} >&2; exit 1 ;;`;
  });
  return [
    `${quote(beginning)}*)`,
    `n=0; [ ! -f ${count} ] || read n < ${count}`,
    `echo $((n + 1)) > ${count}`,
    `case $n in`,
    ...cases,
    `esac ;;`,
  ].join("\n");
}

function standIn(answers: Answers): string {
  const beginnings = Object.keys(answers).sort((one, other) => other.length - one.length);
  return [
    `#!/bin/sh`,
    `here=\${0%/*} call=\${0##*/} before=`,
    `for arg; do`,
    `  if [ "$before" = --config ]; then cat "$arg" > "$here/configuration"; arg=FILE; fi`,
    `  call="$call $arg" before=$arg`,
    `done`,
    `printf '%s\\n' "$call" >> "$here/calls"`,
    `case $call in`,
    ...beginnings.map((beginning, index) => branch(beginning, [answers[beginning] ?? ""].flat(), index)),
    `esac`,
    ``,
  ].join("\n");
}

/** Runs an action of a `*.command.ts` program of this folder with stand-ins first on the PATH. */
export async function runProgram(
  program: string,
  action: string,
  environment: Readonly<Record<string, string>>,
  answers: Answers = {},
): Promise<Run> {
  const folder = mkdtempSync(path.join(tmpdir(), "mesh-stand-ins-"));
  const read = (name: string) => {
    const file = path.join(folder, name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  try {
    for (const name of ["docker", "k3d"]) {
      writeFileSync(path.join(folder, name), standIn(answers));
      chmodSync(path.join(folder, name), 0o755);
    }
    const env = {
      ...environment,
      PATH: [folder, process.env["PATH"] ?? ""].join(path.delimiter),
      // Its locks and files are its own.
      TMPDIR: folder,
    };
    const result = await new Promise<Pick<Run, "code" | "stdout" | "stderr">>((resolve) => {
      const file = path.join(import.meta.dirname, program);
      const child = execFile(process.execPath, [file, action], { env }, (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      });
    });
    const calls = read("calls")?.split("\n").filter(Boolean) ?? [];
    return { ...result, calls, configuration: read("configuration") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
