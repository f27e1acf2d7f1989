import { parseArgs } from "node:util";

import { UsageError } from "./usage.ts";

/** A stack's name and options with a value. @throws UsageError with `usage` where there is more, or less. */
export function parseOptions<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
  usage: string,
): { readonly stack: string } & Readonly<Partial<Record<Name, string>>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
  const [stack, ...more] = parsed.positionals;
  if (stack === undefined || more.length > 0) throw new UsageError(usage);
  return { stack, ...(parsed.values as Partial<Record<Name, string>>) };
}
