import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { parseStackFile } from "../cli/stacks/stack-file.ts";
import { stackSettings } from "../cli/stacks/stack-settings.ts";
import { parseSettings } from "../settings/parse.ts";
import { sharedTrustProblems } from "../settings/rules/environments.ts";

const root = path.resolve(import.meta.dirname, "..");
const files = globSync("Pulumi.*.yaml", { cwd: root });

describe.each(files)("%s", (file) => {
  const { config = {} } = parseStackFile(readFileSync(path.join(root, file), "utf8"));

  test("is accepted by the schema and every rule", () => {
    const settings = Object.entries(config).filter(([key]) => key.startsWith("mesh:"));
    expect(() =>
      parseSettings(Object.fromEntries(settings.map(([key, value]) => [key.slice("mesh:".length), value]))),
    ).not.toThrow();
  });

  test("disables default providers, so that nothing lands on the current kubeconfig's cluster", () => {
    expect(config["pulumi:disable-default-providers"]).toEqual(["*"]);
  });

  test("is committed without a passphrase's salt", () => {
    const committed = execFileSync("git", ["show", `:${file}`], { cwd: root, encoding: "utf8" });
    expect(committed).not.toContain("encryptionsalt");
  });
});

test("environments share no trust", () => {
  const all = files.map((file) => stackSettings(readFileSync(path.join(root, file), "utf8")));
  expect(new Set(all.map(({ environment }) => environment)).size).toBe(files.length);
  expect(sharedTrustProblems(all)).toEqual([]);
});

test("there is a stack file for each environment", () => {
  expect(files.sort()).toEqual(["Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.sim.yaml", "Pulumi.uat.yaml"]);
});
