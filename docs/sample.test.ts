import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { parseStackFile } from "../cli/stacks/stack-file.ts";
import { stackSettings } from "../cli/stacks/stack-settings.ts";
import { withoutEncrypted } from "../settings/encrypted.ts";
import { settingsSchema } from "../settings/schema.ts";
import { kindsOf, settingsJsonSchema, type JsonSchema } from "./json-schema.ts";
import { sampleFile, sampleStackFile } from "./sample.ts";

const sample = sampleStackFile();

/** A comment has a space behind its sign, a setting has none, and what is inside of one has more. */
function uncommented(text: string): string {
  const less = text.replace(/^(\s*)#(?! \S)/gm, "$1");
  return less === text ? text : uncommented(less);
}

function withoutPrefix(text: string): Record<string, unknown> {
  const { config = {} } = parseStackFile(text);
  const own = Object.entries(config).filter(([key]) => key.startsWith("mesh:"));
  return Object.fromEntries(own.map(([key, value]) => [key.slice("mesh:".length), value]));
}

/** Every path that a value of the schema can have; the first of a list and of each kind stands for all of them. */
function paths(schema: JsonSchema, value: unknown, where: string): string[] {
  const inside = value as Record<string, unknown> | undefined;
  const kinds = kindsOf(schema);
  if (kinds !== undefined) {
    return Object.entries(inside ?? {}).flatMap(([name, cluster]) => {
      const source = (cluster as { source: string }).source;
      const kind = kinds.find(({ properties }) => properties?.["source"]?.const === source) ?? {};
      return paths(kind, cluster, `${where}.${name}`);
    });
  }
  if (schema.items?.properties !== undefined)
    return paths(schema.items, (value as unknown[] | undefined)?.[0], `${where}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => [
    ...(inside?.[key] === undefined ? [`${where}.${key} is missing`] : []),
    ...paths(property, inside?.[key], `${where}.${key}`),
  ]);
}

test("the sample is the one that the schema makes (npm run docs)", async () => {
  expect(await readFile(sampleFile, "utf8")).toBe(sample);
});

test("the sample is a stack file that every rule accepts, with a cluster from everywhere", () => {
  const { environment, clusters, links } = stackSettings(sample);
  expect(environment).toBe("sample");
  expect(clusters.map(({ source }) => source)).toEqual(["existing", "k3d", "simulated"]);
  expect(links).toHaveLength(6);
  expect(parseStackFile(sample).config).toHaveProperty(["pulumi:disable-default-providers"], ["*"]);
});

test("every setting is in it, and has a shape that is accepted when its comment is taken away", () => {
  const everything = withoutPrefix(uncommented(sample));
  expect(paths(settingsJsonSchema(), everything, "mesh").filter((path) => path.endsWith("missing"))).toEqual(
    [],
  );
  expect(settingsSchema.safeParse(withoutEncrypted(everything)).error?.issues).toBeUndefined();
});
