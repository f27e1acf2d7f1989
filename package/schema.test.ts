import { expect, test } from "vitest";

import { settingsSchema } from "../settings/schema.ts";
import { packageSchema } from "./schema.ts";

const schema = packageSchema("1.2.3", "A mesh");
const mesh = schema.resources["linkerd-mesh:index:Mesh"];
const inputs: Readonly<Record<string, object>> = mesh.inputProperties;

test("a mesh takes every setting but how its stack is split, and kubeconfigs as secrets", () => {
  const settings = Object.keys(settingsSchema.shape).filter((key) => key !== "split");
  expect(Object.keys(inputs).sort()).toEqual([...settings, "kubeconfigs"].sort());
  expect(inputs["kubeconfigs"]).toMatchObject({ secret: true });
  expect(mesh.requiredInputs).toEqual(["environment", "clusters"]);
});

test("settings keep their descriptions and defaults, inside of others too", () => {
  const linkerd = schema.types["linkerd-mesh:index:Linkerd"];
  expect(linkerd?.required).toEqual(["version"]);
  expect(linkerd?.properties["version"]).toEqual({
    type: "string",
    description: "Version of the charts; `2026.8.3` is edge-26.8.3.",
  });
  expect(linkerd?.properties["viz"]?.description).toContain("Default: `");
});

test("the kinds of clusters are told apart by where they come from", () => {
  expect(inputs["clusters"]).toMatchObject({
    additionalProperties: {
      discriminator: {
        propertyName: "source",
        mapping: { existing: "#/types/linkerd-mesh:index:ExistingCluster" },
      },
    },
  });
  expect(schema.types["linkerd-mesh:index:ExistingCluster"]?.properties["source"]).toMatchObject({
    const: "existing",
  });
});

test("networks are lists of text, whichever version of IP they are of", () => {
  const cluster = schema.types["linkerd-mesh:index:SimulatedCluster"];
  expect(cluster?.properties["podNetworks"]).toMatchObject({ type: "array", items: { type: "string" } });
});

test("every type that is referred to is there", () => {
  const found = JSON.stringify(schema).matchAll(/"#\/types\/([^"]+)"/g);
  for (const [, token = ""] of found) expect(Object.keys(schema.types)).toContain(token);
});
