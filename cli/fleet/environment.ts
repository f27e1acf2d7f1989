import { withChartsDirectory } from "../../settings/read.ts";
import { mergeReports, type Report } from "../changes/changes.ts";
import { readStackSettings } from "../stacks/stack-settings.ts";
import { defaults, type FleetRequest } from "./fleet-request.ts";
import { formatSummary, type FleetSummary } from "./fleet-summary.ts";
import { readFleet, type Fleet } from "./read-fleet.ts";
import { runFleet } from "./run-fleet.ts";

type Asked = Pick<FleetRequest, "action"> & Partial<FleetRequest>;

/** Runs all that is asked for, and prints what came of it. */
export async function runAndShow(request: FleetRequest, fleet: Fleet): Promise<FleetSummary> {
  const summary = await runFleet(request, fleet);
  process.stdout.write(formatSummary(summary));
  return summary;
}

/** Does something with every part of an environment, and prints what came of it. @throws UsageError where that can't be. */
export async function runEnvironment(base: string, asked: Asked): Promise<FleetSummary> {
  const settings = withChartsDirectory(await readStackSettings(base));
  const request = { ...defaults(), ...asked, base };
  return runAndShow(request, await readFleet(request, settings));
}

/** What was reported of all parts together. */
export function reportOf({ parts }: FleetSummary): Report {
  return mergeReports(parts.flatMap(({ report }) => (report === undefined ? [] : [report])));
}

/** What each part would change, as a text that is the same for the same; never a value. */
export function changesText({ parts }: FleetSummary): string {
  const changes = parts.flatMap(({ stack, report }) =>
    (report?.changes ?? []).map(({ operation, component, kinds, properties }) =>
      [stack, operation, component, [...kinds].sort().join(" "), [...properties].sort().join(" ")].join("\t"),
    ),
  );
  return changes
    .sort()
    .map((change) => `${change}\n`)
    .join("");
}
