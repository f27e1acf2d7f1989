import type { Topology } from "./fleet.ts";

/** What one step took. */
export interface StepResult {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The same, by program. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly peakMegabytes: number;
  /** MB by program, when all together took most. */
  readonly memory: Readonly<Record<string, number>>;
  /** Resources that it made, changed or took away. */
  readonly operations: number;
}

/** What a person does with a fleet, in the order in which it is measured. */
export const steps = [
  "first up",
  "no-op preview",
  "preview of all",
  "verify",
  "one setting",
  "one link",
  "one cluster away",
  "it is back",
  "rotation",
  "one cluster more",
  "destroy",
] as const;

export type Step = (typeof steps)[number];

export interface Measurement {
  readonly clusters: number;
  readonly topology: Topology;
  readonly mode: "one stack" | "parts";
  readonly links: number;
  /** After the first `up`. */
  readonly resources: number;
  readonly stateMegabytes: number;
  readonly steps: Readonly<Partial<Record<Step, StepResult>>>;
  /** Seconds for the same charts and link objects by helm and kubectl; without them where they weren't asked for. */
  readonly floor?: { readonly up: number; readonly diff: number };
}

export interface Results {
  readonly machine: string;
  readonly node: string;
  readonly engine: string;
  readonly measurements: readonly Measurement[];
}

function seconds(value: number | undefined): string {
  return value === undefined ? "" : `${value.toFixed(value < 10 ? 1 : 0)} s`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n");
}

/** How the time of a step grows with the number of resources: 1 is in proportion. */
export function growth(smaller: Measurement, larger: Measurement, step: Step): number | undefined {
  const [before, after] = [smaller.steps[step], larger.steps[step]];
  if (before === undefined || after === undefined) return undefined;
  return Math.log(after.seconds / before.seconds) / Math.log(larger.resources / smaller.resources);
}

const isAlike = (one: Measurement, other: Measurement) =>
  one.mode === other.mode && one.topology === other.topology;

/** Measurements of the same kind, each with the next larger one. */
function pairs(measurements: readonly Measurement[]): [Measurement, Measurement][] {
  return measurements.flatMap((smaller) => {
    const larger = measurements
      .filter((other) => isAlike(smaller, other) && other.clusters > smaller.clusters)
      .sort((one, other) => one.clusters - other.clusters)[0];
    return larger === undefined ? [] : [[smaller, larger] as [Measurement, Measurement]];
  });
}

function timesTable(measurements: readonly Measurement[]): string {
  const used = steps.filter((step) => measurements.some((one) => one.steps[step] !== undefined));
  const head = ["clusters", "links", "as", "resources", "state", ...used, "helm and kubectl", "kubectl diff"];
  const rows = measurements.map((one) => [
    one.clusters.toString(),
    `${one.links.toString()}, ${one.topology}`,
    one.mode,
    one.resources.toString(),
    `${one.stateMegabytes.toFixed(1)} MB`,
    ...used.map((step) => seconds(one.steps[step]?.seconds)),
    seconds(one.floor?.up),
    seconds(one.floor?.diff),
  ]);
  return markdown(head, rows);
}

function growthTable(measurements: readonly Measurement[]): string {
  const shown = ["first up", "preview of all", "no-op preview", "destroy"] as const;
  const rows = pairs(measurements).map(([smaller, larger]) => [
    `${smaller.clusters.toString()} to ${larger.clusters.toString()}, ${smaller.topology}, ${smaller.mode}`,
    ...shown.map((step) => growth(smaller, larger, step)?.toFixed(2) ?? ""),
  ]);
  return rows.length === 0 ? "" : markdown(["clusters", ...shown], rows);
}

function costTable(measurements: readonly Measurement[]): string {
  const rows = measurements.flatMap((one) =>
    steps.flatMap((step) => {
      const result = one.steps[step];
      if (result === undefined) return [];
      const parts = (amounts: Readonly<Record<string, number>>) =>
        Object.entries(amounts)
          .sort(([, a], [, b]) => b - a)
          .map(([program, amount]) => `${program} ${amount.toFixed(0)}`)
          .join(", ");
      return [
        [
          `${one.clusters.toString()}, ${one.topology}, ${one.mode}`,
          step,
          result.operations.toString(),
          seconds(result.seconds),
          seconds(result.cpuSeconds),
          parts(result.cpu),
          `${result.peakMegabytes.toFixed(0)} MB`,
          parts(result.memory),
        ],
      ];
    }),
  );
  return markdown(["clusters", "step", "changes", "time", "CPU", "of it", "memory", "of it"], rows);
}

/** A chart of the steps whose growth matters, one for each kind of fleet. */
function charts(measurements: readonly Measurement[]): string[] {
  const kinds = Map.groupBy(measurements, ({ mode, topology }) => `${topology}, ${mode}`);
  return [...kinds].flatMap(([kind, some]) => {
    const sorted = some.toSorted((one, other) => one.clusters - other.clusters);
    if (sorted.length < 2) return [];
    const line = (step: Step) => sorted.map((one) => (one.steps[step]?.seconds ?? 0).toFixed(1)).join(", ");
    const floor = sorted.map((one) => (one.floor?.up ?? 0).toFixed(1)).join(", ");
    const chart = [
      "xychart-beta",
      `    title "${kind}: first up, helm and kubectl, no-op preview, destroy"`,
      `    x-axis "clusters" [${sorted.map(({ clusters }) => clusters.toString()).join(", ")}]`,
      '    y-axis "seconds"',
      `    line [${line("first up")}]`,
      ...(sorted.every(({ floor }) => floor !== undefined) ? [`    line [${floor}]`] : []),
      `    line [${line("no-op preview")}]`,
      `    line [${line("destroy")}]`,
    ];
    return [`\`\`\`mermaid\n${chart.join("\n")}\n\`\`\``];
  });
}

/** The results as Markdown: tables and plots. */
export function report({ machine, node, engine, measurements }: Results): string {
  const parts = [
    `Measured on ${machine}, Node ${node}, Pulumi ${engine}.`,
    timesTable(measurements),
    "Growth per resource, 1 being in proportion:",
    growthTable(measurements),
    ...charts(measurements),
    costTable(measurements),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** What takes more than `ratio` times as long as it did, by measurements of the same kind and size. */
export function regressions(before: Results, now: Results, ratio: number): string[] {
  return now.measurements.flatMap((one) => {
    const earlier = before.measurements.find(
      (other) => isAlike(one, other) && other.clusters === one.clusters,
    );
    return steps.flatMap((step) => {
      const [then, after] = [earlier?.steps[step]?.seconds, one.steps[step]?.seconds];
      if (then === undefined || after === undefined || after <= then * ratio) return [];
      const what = `${one.clusters.toString()} clusters, ${one.topology}, ${one.mode}, ${step}`;
      return [`${what}: ${seconds(after)}, ${(after / then).toFixed(2)} times the ${seconds(then)} before`];
    });
  });
}
