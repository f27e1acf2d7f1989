import { parseArgs, type ParseArgsConfig } from "node:util";

import { UsageError } from "./usage.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options and what else is given. @throws UsageError that ends with `usage` where an option isn't one of them. */
export function parseCall<T extends Options>(args: readonly string[], options: T, usage: string) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

/** A stack's name and options with a value. @throws UsageError with `usage` where there is more, or less. */
export function parseOptions<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
  usage: string,
): { readonly stack: string } & Readonly<Partial<Record<Name, string>>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { values, positionals } = parseCall(args, options, usage);
  const [stack, ...more] = positionals;
  if (stack === undefined || more.length > 0) throw new UsageError(usage);
  return { stack, ...(values as Partial<Record<Name, string>>) };
}
