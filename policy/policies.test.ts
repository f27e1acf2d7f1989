import { globSync, readFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { afterAll, describe, expect, test, vi } from "vitest";

import { hostedPack, policyArguments } from "../cli/engine/policies.ts";
import { parseStackFile } from "../cli/stacks/stack-file.ts";
import { kubeconfigOf, record, types } from "../tests/record.ts";
import { policies } from "./policies.ts";
import { resourcesOf, violations } from "./test-resources.ts";

vi.setConfig({ testTimeout: 60_000 });

const root = path.resolve(import.meta.dirname, "..");

afterAll(() => {
  vi.unstubAllEnvs();
});

/** What every policy says of the program with a committed stack file, changed by `change`. */
async function findings(stack: string, change: (config: Record<string, unknown>) => void = () => undefined) {
  const { config = {} } = parseStackFile(readFileSync(path.join(root, `Pulumi.${stack}.yaml`), "utf8"));
  const settings = structuredClone(config) as Record<string, unknown>;
  if (stack === "uat") {
    const clusters = settings["mesh:clusters"] as Record<string, Record<string, unknown>>;
    for (const [name, cluster] of Object.entries(clusters)) {
      delete cluster["context"];
      cluster["kubeconfig"] = kubeconfigOf(name);
    }
  }
  change(settings);
  vi.resetModules();
  vi.stubEnv("LINKERD_CHARTS_DIR", undefined);
  const { graph } = await record(
    () => {
      pulumi.runtime.setAllConfig(
        Object.fromEntries(
          Object.entries(settings).map(([key, value]) => [
            key,
            typeof value === "string" ? value : JSON.stringify(value),
          ]),
        ),
      );
      return import("../index.ts");
    },
    {
      outputs: ({ type, name }) =>
        type === types.stackReference ? { outputs: { kubeconfig: kubeconfigOf(name) } } : undefined,
      answers: (token) =>
        token === "pulumi:pulumi:readStackOutputs"
          ? { outputs: {} }
          : { stdout: JSON.stringify({ found: [] }) },
    },
  );
  const resources = resourcesOf(graph);
  const found: Record<string, string[]> = {};
  for (const policy of policies) {
    const messages = await violations(policy, resources);
    if (messages.length > 0) found[policy.name] = messages;
  }
  return found;
}

type Trust = Record<string, unknown>;

describe("the program", () => {
  test.each(["dev", "sim", "uat", "prod"])("breaks no policy with the stack file of %s", async (stack) => {
    expect(await findings(stack)).toEqual({});
  });

  test("breaks those that its settings allow to break, each by name", async () => {
    const found = await findings("prod", (config) => {
      const links = config["mesh:links"] as Record<string, unknown>;
      links["clients"] = "any";
      const [cart] = config["mesh:services"] as Record<string, unknown>[];
      Object.assign(cart ?? {}, { clients: "any" });
      config["mesh:trust"] = { protect: false, issuerLifetime: "9000h" } satisfies Trust;
    });
    expect(Object.keys(found).sort()).toEqual([
      "certificate-lifetimes",
      "closed-exports",
      "closed-gateways",
      "protected-anchors",
    ]);
    expect(found["protected-anchors"]).toHaveLength(1);
    expect(found["closed-exports"]).toEqual([expect.stringMatching(/^frankfurt\/shop\/cart: /)]);
    expect(found["certificate-lifetimes"]).toHaveLength(3);
    // One for each link through a gateway.
    expect(found["closed-gateways"]).toHaveLength(4);
  });
});

describe("the pack", () => {
  test("has policies of different names that say what they ask", () => {
    expect(new Set(policies.map(({ name }) => name)).size).toBe(policies.length);
    for (const { description } of policies) expect(description).toMatch(/^[A-Z].*\.$/);
  });

  test.each(globSync("*.json", { cwd: import.meta.dirname, exclude: ["package.json"] }))(
    "knows every policy and level that %s names, for a stack that there is",
    (file) => {
      const levels = JSON.parse(readFileSync(path.join(import.meta.dirname, file), "utf8")) as object;
      const names = policies.map(({ name }) => name);
      for (const [name, level] of Object.entries(levels) as [string, unknown][]) {
        expect(names).toContain(name);
        const { enforcementLevel = level } = Object(level) as { enforcementLevel?: unknown };
        if (typeof enforcementLevel === "string")
          expect(["mandatory", "advisory", "disabled"]).toContain(enforcementLevel);
      }
      expect(globSync("Pulumi.*.yaml", { cwd: root })).toContain(
        `Pulumi.${path.basename(file, ".json")}.yaml`,
      );
    },
  );

  test("is given to the engine with the stack's own levels, where it has some", () => {
    const pack = ["--policy-pack", import.meta.dirname];
    expect(policyArguments("dev")).toEqual([
      ...pack,
      "--policy-pack-config",
      path.join(import.meta.dirname, "dev.json"),
    ]);
    expect(policyArguments("mine")).toEqual(pack);
    expect(policyArguments("dev", hostedPack)).toEqual([
      "--policy-pack",
      path.join(import.meta.dirname, "hosted"),
      "--policy-pack-config",
      path.join(import.meta.dirname, "dev.json"),
    ]);
  });
});
