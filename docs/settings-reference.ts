/** Writes docs/settings.md from the schema: `node docs/settings-reference.ts`. */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { kindsOf, settingsJsonSchema, type JsonSchema } from "./json-schema.ts";

interface Row {
  readonly setting: string;
  readonly value: string;
  readonly description: string;
}

function fallback(schema: JsonSchema, isRequired: boolean): string {
  if (typeof schema.const === "string") return `\`${schema.const}\``;
  if (schema.default !== undefined) return `\`${JSON.stringify(schema.default)}\``;
  return isRequired ? "**required**" : "";
}

function choices({ enum: values }: JsonSchema): string {
  return values === undefined ? "" : ` One of ${values.map((value) => `\`${String(value)}\``).join(", ")}.`;
}

function nested(prefix: string, schema: JsonSchema): Row[] {
  if (schema.items?.properties !== undefined) return rows(`${prefix}[]`, schema.items);
  return rows(prefix, schema);
}

/** One row for each property, with those of blocks and lists of blocks after it. */
function rows(prefix: string, { properties = {}, required = [] }: JsonSchema): Row[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const setting = prefix === "" ? name : `${prefix}.${name}`;
    const isBlock = schema.properties !== undefined;
    const row = {
      setting: `\`${setting}\``,
      value: isBlock ? "" : fallback(schema, required.includes(name)),
      description: `${schema.description ?? ""}${choices(schema)}`.trim(),
    };
    return [row, ...nested(setting, schema)];
  });
}

function table(entries: readonly Row[]): string {
  const lines = entries.map(
    ({ setting, value, description }) => `| ${setting} | ${value} | ${description} |`,
  );
  return ["| setting | default | meaning |", "| --- | --- | --- |", ...lines].join("\n");
}

function section(name: string, schema: JsonSchema): string {
  const intro = schema.description === undefined ? "" : `${schema.description}\n\n`;
  const kinds = kindsOf(schema);
  if (kinds !== undefined) {
    const parts = kinds.map((kind) => {
      const title = fallback(kind.properties?.["source"] ?? {}, true);
      return `### source ${title}\n\n${kind.description ?? ""}\n\n${table(rows(`${name}.<name>`, kind))}`;
    });
    return `## \`mesh:${name}\`\n\n${intro}${parts.join("\n\n")}`;
  }
  const own = schema.items?.properties === undefined ? rows(name, schema) : rows(`${name}[]`, schema.items);
  return `## \`mesh:${name}\`\n\n${intro}${own.length === 0 ? "" : table(own)}`.trimEnd();
}

/** The reference as Markdown. */
export function settingsReference(): string {
  const sections = Object.entries(settingsJsonSchema().properties ?? {}).map(([name, property]) =>
    section(name, property),
  );
  const intro =
    "# Settings\n\nEvery setting of a stack file, `Pulumi.<stack>.yaml`, below `config:`. A key that isn't listed here is " +
    "refused. This page is written by `npm run docs` from `settings/schema.ts`.";
  return `${[intro, ...sections].join("\n\n")}\n`;
}

export const referenceFile = path.join(import.meta.dirname, "settings.md");

if (isProgram(import.meta.filename)) await writeFile(referenceFile, settingsReference());
