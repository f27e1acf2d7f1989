import fc from "fast-check";
import { expect } from "vitest";

import { parseSettings } from "./parse.ts";
import { SettingsError, type Problem } from "./problem.ts";

type Block = Record<string, unknown>;

/** A simulated cluster whose networks no cluster of another number has. */
export function simulated(number: number, more: Block = {}): Block {
  return {
    source: "simulated",
    podNetworks: `10.${number.toString()}.0.0/16`,
    serviceNetworks: `172.16.${number.toString()}.0/24`,
    ...more,
  };
}

export function k3d(number: number, more: Block = {}): Block {
  return { ...simulated(number), source: "k3d", ...more };
}

export function existing(number: number, more: Block = {}): Block {
  return { ...simulated(number), source: "existing", context: `context-${number.toString()}`, ...more };
}

export function linkerd(more: Block = {}): Block {
  return { version: "2026.8.3", ...more };
}

/** A valid configuration of two clusters, `east` and `west`, without links. */
export function configuration(more: Block = {}): Block {
  return {
    environment: "test",
    linkerd: linkerd(),
    clusters: { east: simulated(1), west: simulated(2) },
    ...more,
  };
}

/** As many clusters as there are names, each with networks of its own. */
export function clustersNamed(names: readonly string[]): Record<string, Block> {
  return Object.fromEntries(names.map((name, index) => [name, simulated(index + 1)]));
}

export function refusal(raw: unknown): SettingsError {
  try {
    parseSettings(raw);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("The configuration was accepted.");
}

export type Found = Omit<Problem, "remedy">;

/** Every problem of the configuration, after making sure that each one comes with a remedy that is printed. */
export function problemsOf(raw: unknown): Found[] {
  const { message, problems } = refusal(raw);
  return problems.map(({ remedy, ...found }) => {
    expect(remedy).toMatch(/\w{2}/);
    expect(message).toContain(`\n    -> ${remedy}\n`);
    return found;
  });
}

/** Names of different clusters, none of which is reserved or makes a link's name ambiguous. */
export function clusterNames(minLength: number, maxLength = 8): fc.Arbitrary<string[]> {
  const name = fc
    .stringMatching(/^[a-z0-9]{1,6}(-[a-z0-9]{1,6})?$/)
    .filter((text) => !/^(local|federated)$|(^|-)to(-|$)/.test(text));
  return fc.uniqueArray(name, { minLength, maxLength });
}
