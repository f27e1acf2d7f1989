import { z } from "zod";

import { settingsSchema } from "../settings/schema.ts";

/** As much of the settings' JSON Schema as the generated pages read. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

/** Zod leaves out the default of whatever is rewritten before it is checked, such as a single value to a list. */
function keepDefault({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: object }) {
  const { def } = zodSchema._zod;
  if (def.type === "default") Object.assign(jsonSchema, { default: def.defaultValue });
}

export function settingsJsonSchema(): JsonSchema {
  return z.toJSONSchema(settingsSchema, {
    io: "input",
    unrepresentable: "any",
    override: keepDefault,
  }) as JsonSchema;
}

/** What the values of a map with names of one's own may be: the kinds of clusters. */
export function kindsOf({ additionalProperties }: JsonSchema): readonly JsonSchema[] | undefined {
  return typeof additionalProperties === "object" ? additionalProperties.oneOf : undefined;
}
