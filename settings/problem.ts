/** One thing that is wrong with the settings: where, what was found, and the way out. */
export interface Problem {
  /** The configuration path, as in the stack file: `clusters.cluster1.podNetworks`. */
  readonly path: string;
  /** What was found there; left out where it is missing or secret. */
  readonly value?: unknown;
  /** What is wrong, as the end of a sentence that starts with the path. */
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
}

const secretKeys = new Set(["kubeconfig", "privateKey", "dockerConfigJson"]);
const longestShownValue = 80;

function isSecret(path: string): boolean {
  return secretKeys.has(path.split(".").at(-1) ?? "");
}

/** An address without the user and the password in front of its host. */
function withoutCredentials(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/\/\/\S*@/, "//…@") : value;
}

function withoutSecret({ value, ...problem }: Problem): Problem {
  if (value === undefined || isSecret(problem.path)) return problem;
  return { ...problem, value: withoutCredentials(value) };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > longestShownValue ? `${text.slice(0, longestShownValue)}…` : text;
}

function formatProblem({ path, value, problem, remedy }: Problem): string {
  const found = value === undefined ? "" : ` = ${shown(value)}`;
  return `  ${path}${found}\n    ${problem}\n    -> ${remedy}`;
}

/** Everything that is wrong with the settings, in one message. */
export class SettingsError extends Error {
  readonly problems: readonly Problem[];

  constructor(found: readonly Problem[]) {
    const problems = found.map(withoutSecret);
    const count = problems.length === 1 ? "1 problem" : `${problems.length.toString()} problems`;
    super(
      `The settings have ${count}; nothing was created or changed.\n\n${problems.map(formatProblem).join("\n\n")}\n`,
    );
    this.name = "SettingsError";
    this.problems = problems;
  }
}
