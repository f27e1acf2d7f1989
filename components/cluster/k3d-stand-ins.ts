import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Stand-ins for `docker` and `k3d` that write down their calls, for the tests of the `*.command.ts` programs. */

/** What a call prints; a list answers one call after the other, its last entry all further ones. */
export type Answer = string | { readonly fails: string };

/** Answers by the beginning of the call, such as `k3d cluster list`; the longest that fits wins. */
export type Answers = Readonly<Record<string, Answer | readonly Answer[]>>;

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Every call in order; the path of a configuration file is replaced by FILE. */
  readonly calls: readonly string[];
  /** Texts of the configuration files, in order. */
  readonly configurations: readonly string[];
}

const standIn = `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require("node:fs");
const path = require("node:path");
const args = process.argv.slice(2);
const file = args.includes("--config") ? args[args.indexOf("--config") + 1] : undefined;
const configuration = file === undefined ? undefined : readFileSync(file, "utf8");
const call = [path.basename(__filename), ...args.map((arg) => arg === file ? "FILE" : arg)].join(" ");
const log = path.join(__dirname, "calls");
const before = readFileSync(log, "utf8").split("\\n").filter(Boolean).map((line) => JSON.parse(line).call);
appendFileSync(log, JSON.stringify({ call, configuration }) + "\\n");
const answers = JSON.parse(readFileSync(path.join(__dirname, "answers"), "utf8"));
const [key] = Object.keys(answers).filter((key) => call.startsWith(key)).sort((one, other) => other.length - one.length);
const all = [answers[key] ?? ""].flat();
const answer = all[Math.min(before.filter((other) => other.startsWith(key)).length, all.length - 1)];
process.stdout.write(answer.fails === undefined ? answer : "");
process.stderr.write(answer.fails ?? "");
process.exitCode = answer.fails === undefined ? 0 : 1;
`;

/** Runs an action of a `*.command.ts` program of this folder with stand-ins first on the PATH. */
export async function runProgram(
  program: string,
  action: string,
  environment: Readonly<Record<string, string>>,
  answers: Answers = {},
): Promise<Run> {
  const folder = mkdtempSync(path.join(tmpdir(), "mesh-stand-ins-"));
  try {
    for (const name of ["docker", "k3d"]) {
      writeFileSync(path.join(folder, name), standIn);
      chmodSync(path.join(folder, name), 0o755);
    }
    writeFileSync(path.join(folder, "answers"), JSON.stringify(answers));
    writeFileSync(path.join(folder, "calls"), "");
    const env = {
      ...environment,
      PATH: [folder, process.env["PATH"] ?? ""].join(path.delimiter),
      // Locks of other tests, or of a real update, are not ours.
      TMPDIR: folder,
    };
    const result = await new Promise<Pick<Run, "code" | "stdout" | "stderr">>((resolve) => {
      const file = path.join(import.meta.dirname, program);
      const child = execFile(process.execPath, [file, action], { env }, (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      });
    });
    const lines = readFileSync(path.join(folder, "calls"), "utf8").split("\n").filter(Boolean);
    const calls = lines.map((line) => JSON.parse(line) as { call: string; configuration?: string });
    return {
      ...result,
      calls: calls.map(({ call }) => call),
      configurations: calls.flatMap(({ configuration }) => configuration ?? []),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
