import { isDeepStrictEqual } from "node:util";

import { concealed, revealed } from "./state.ts";

export type Outputs = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Outputs {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecret(value: unknown): boolean {
  return isRecord(value) && revealed(value) !== value;
}

/** What two parts say of one thing: each of its own clusters, both the same of what they share. */
function merged(one: unknown, other: unknown): unknown {
  if (one === undefined) return other;
  if (other === undefined) return one;
  if (isSecret(one) || isSecret(other)) return concealed(merged(revealed(one), revealed(other)));
  if (Array.isArray(one) && Array.isArray(other)) {
    const known: readonly unknown[] = one;
    const more: readonly unknown[] = other;
    return [...known, ...more.filter((item) => !known.some((same) => isDeepStrictEqual(same, item)))];
  }
  if (!isRecord(one) || !isRecord(other)) return other;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...keys].map((key) => [key, merged(one[key], other[key])]));
}

/** Without what only other parts want to know, among it the key that signs. */
function withoutParts(outputs: Outputs): Outputs {
  const { mesh } = outputs;
  if (!isRecord(mesh)) return outputs;
  const { parts: _, ...known } = mesh;
  return { ...outputs, mesh: known };
}

/** What the parts of an environment say together, as its one stack would. */
export function mergeOutputs(parts: readonly Outputs[]): Outputs {
  return parts.map(withoutParts).reduce<unknown>(merged, {}) as Outputs;
}
