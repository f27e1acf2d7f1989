/** Writes docs/sample.yaml, a stack file with every setting, from the schema: `node docs/sample.ts`. */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { Document, isCollection, isMap } from "yaml";

import { isProgram } from "../components/cluster/programs.ts";
import { kindsOf, settingsJsonSchema, type JsonSchema } from "./json-schema.ts";
import { examples, used } from "./sample-values.ts";

const width = 100;

type Values = Readonly<Record<string, unknown>>;

/** What a setting is set to, and what settings inside of it could be that aren't set. */
interface Sample {
  readonly value: unknown;
  readonly example: unknown;
}

function inside(values: unknown, key: string): unknown {
  return typeof values === "object" && values !== null ? (values as Values)[key] : undefined;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** A text in lines of a comment. */
function comment(text: string, indentation: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + indentation + 3 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => `# ${line}`);
}

function about({ description = "", enum: choices }: JsonSchema): string {
  const values = choices === undefined ? "" : `One of ${choices.map(String).join(", ")}.`;
  return `${description} ${values}`.trim();
}

/** `key: value` as YAML, what is inside of the value on the same line. */
function plain(key: string, value: unknown): string[] {
  const document = new Document({ [key]: value });
  const { contents } = document;
  const node = isMap(contents) ? contents.items[0]?.value : undefined;
  if (isCollection(node)) node.flow = true;
  return document.toString({ lineWidth: 0 }).trimEnd().split("\n");
}

function listed(schema: JsonSchema, { value, example }: Sample, where: string, depth: number): string[] {
  const [first, ...more] = value as unknown[];
  const [firstExample] = (example ?? []) as unknown[];
  // The first one shows all that can be said of each.
  const lines = block(schema, { value: first, example: firstExample }, where, depth + 2);
  const others = more.map((one) => `- ${plain("_", one)[0]?.slice("_: ".length) ?? ""}`);
  // Comments and what is commented out may come first: a dash needs a setting after it.
  const start = lines.findIndex((line) => !line.startsWith("#"));
  const [opening = "", ...tail] = lines.slice(start);
  return [...lines.slice(0, start), `- ${opening}`, ...indent(tail), ...others];
}

function entry(key: string, schema: JsonSchema, sample: Sample, where: string, depth: number): string[] {
  const { value, example } = sample;
  const kinds = kindsOf(schema);
  if (kinds !== undefined) {
    const named = Object.keys(value as Values).map((name) => {
      const one = inside(value, name);
      const kind =
        kinds.find(({ properties }) => properties?.["source"]?.const === inside(one, "source")) ?? {};
      const lines = block(
        kind,
        { value: one, example: inside(example, name) },
        `${where}.${name}`,
        depth + 4,
      );
      return [...comment(about(kind), depth + 2), `${name}:`, ...indent(lines)];
    });
    return [`${key}:`, ...indent(named.flat())];
  }
  if (schema.items?.properties !== undefined) {
    return [`${key}:`, ...indent(listed(schema.items, sample, where, depth + 2))];
  }
  if (schema.properties === undefined) return plain(key, value);
  return [`${key}:`, ...indent(block(schema, sample, where, depth + 2))];
}

/** One setting with what it means; commented out where the sample doesn't set it. */
function setting(key: string, schema: JsonSchema, { value, example }: Sample, where: string, depth: number) {
  const meaning = about(schema);
  const lines = meaning === "" ? [] : comment(meaning, depth);
  if (value !== undefined) return [...lines, ...entry(key, schema, { value, example }, where, depth)];
  const other = example ?? schema.default;
  if (other === undefined) throw new Error(`docs/sample-values.ts has no example of ${where}`);
  const off = entry(key, schema, { value: other, example: undefined }, where, depth + 1);
  return [...lines, ...off.map((line) => `#${line}`)];
}

function block({ properties = {} }: JsonSchema, sample: Sample, where: string, depth: number): string[] {
  return Object.entries(properties).flatMap(([key, schema]) =>
    setting(
      key,
      schema,
      { value: inside(sample.value, key), example: inside(sample.example, key) },
      `${where}.${key}`,
      depth,
    ),
  );
}

const head = [
  ...comment(
    "Every setting of a stack file. What isn't set here is commented out, at its default where it has one: take the # " +
      "in front of the key away to set it. Written by `npm run docs` from settings/schema.ts; docs/settings.md has the " +
      "same as tables. Copy what you need to Pulumi.<stack>.yaml.",
    0,
  ),
  "config:",
  "  # Nothing may land on the cluster that happens to be the current one.",
  '  pulumi:disable-default-providers: ["*"]',
];

/** The sample as YAML. */
export function sampleStackFile(): string {
  const settings = Object.entries(settingsJsonSchema().properties ?? {}).flatMap(([key, schema]) => {
    const sample = { value: inside(used, key), example: inside(examples, key) };
    return setting(`mesh:${key}`, schema, sample, key, 2);
  });
  return `${[...head, ...indent(settings)].join("\n")}\n`;
}

export const sampleFile = path.join(import.meta.dirname, "sample.yaml");

if (isProgram(import.meta.filename)) await writeFile(sampleFile, sampleStackFile());
