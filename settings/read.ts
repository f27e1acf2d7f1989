import * as pulumi from "@pulumi/pulumi";

import { parseSettings } from "./parse.ts";
import { placeOf, type Place } from "./part.ts";
import { SettingsError } from "./problem.ts";
import { missingIssuerProblems } from "./rules/trust.ts";
import { settingsSchema } from "./schema.ts";
import type { Settings } from "./settings.ts";

function rawSettings(project: string): Record<string, unknown> {
  const config = new pulumi.Config(project);
  const prefix = `${project}:`;
  const keys = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  return Object.fromEntries(
    keys.map((key) => [
      key,
      key in settingsSchema.shape && key !== "environment" ? config.getObject(key) : config.get(key),
    ]),
  );
}

/** Settings that are wrong are printed without a stack trace. */
export function orRunError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SettingsError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

/**
 * What of the environment the current stack makes.
 *
 * @throws pulumi.RunError where it is none of the parts of a split environment.
 */
export function readPlace(settings: Settings): Place {
  return orRunError(() => placeOf(pulumi.getStack(), settings));
}

/** `LINKERD_CHARTS_DIR` names a folder of chart archives that is used instead of the configured chart source. */
export function withChartsDirectory(settings: Settings): Settings {
  const directory = process.env["LINKERD_CHARTS_DIR"];
  if (directory === undefined || directory === "") return settings;
  return { ...settings, linkerd: { ...settings.linkerd, charts: { directory } } };
}

/**
 * Settings as components take them, with the chart source that this machine can reach.
 *
 * @throws SettingsError with every problem.
 */
export function toSettings(raw: unknown): Settings {
  const settings = parseSettings(raw);
  const missing = missingIssuerProblems(settings);
  if (missing.length > 0) throw new SettingsError(missing);
  return withChartsDirectory(settings);
}

/**
 * The settings of the current stack.
 *
 * @throws pulumi.RunError with every problem, printed without a stack trace.
 */
export function readSettings(project = pulumi.getProject()): Settings {
  return orRunError(() => toSettings(rawSettings(project)));
}
