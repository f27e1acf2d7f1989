import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";

import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import type { RunEngine } from "./move-state.ts";
import { readOutputs, type OutputsQuery } from "./outputs.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mesh-outputs-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A stack file of two clusters that aren't linked. */
async function stackFile(name: string, split: boolean): Promise<string> {
  const settings = { ...configuration({ clusters: clustersNamed(["a", "b"]) }), split };
  const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`mesh:${key}`, value]));
  const file = path.join(folder, `Pulumi.${name}.yaml`);
  await writeFile(file, stringify({ config }));
  return file;
}

/** An engine that knows what some stacks say, and can't run a program. */
class Stacks {
  readonly calls: string[] = [];
  private readonly said: Readonly<Record<string, object>>;

  constructor(said: Readonly<Record<string, object>>) {
    this.said = said;
  }

  run: RunEngine = (args) => {
    this.calls.push(args.map((arg) => path.basename(arg)).join(" "));
    if (args[1] === "ls") {
      const listed = Object.keys(this.said).map((name) => ({ name, resourceCount: 3 }));
      return Promise.resolve(JSON.stringify(listed));
    }
    const said = this.said[args[args.indexOf("--stack") + 1] ?? ""];
    if (args[0] !== "stack" || said === undefined) return Promise.reject(new Error("can't be read"));
    return Promise.resolve(JSON.stringify(said));
  };
}

const all: OutputsQuery<unknown> = { parse: (json) => JSON.parse(json) as unknown, problem: "says nothing" };

test("one stack is asked for all that it says", async () => {
  const stack = await stackFile("whole", false);
  const stacks = new Stacks({ [stack]: { trust: 1 } });
  expect(await readOutputs(stack, all, stacks.run)).toEqual({ trust: 1 });
  expect(stacks.calls).toEqual(["stack output --stack Pulumi.whole.yaml --json"]);
});

test("one that isn't there, or has said nothing yet, can be brought up", async () => {
  const stack = await stackFile("whole", false);
  const message = (reason: string) => `Stack ${stack} says nothing (npm run up -- ${stack}):\n${reason}`;
  await expect(readOutputs(stack, all, new Stacks({}).run)).rejects.toThrow(message("can't be read"));
  await expect(readOutputs(stack, all, new Stacks({ [stack]: {} }).run)).rejects.toThrow(message("Nothing"));
});

test("of parts those that are there are asked, and what they say is put together", async () => {
  const stack = await stackFile("parts", true);
  const stacks = new Stacks({
    [`${stack}-trust`]: { trust: { trusted: ["1"] } },
    [`${stack}-cluster-a`]: { mesh: { clusters: { a: 1 } } },
    [`${stack}-multicluster-a`]: { mesh: { clusters: { a: 1 }, parts: { accesses: {} } } },
  });
  expect(await readOutputs(stack, all, stacks.run)).toEqual({
    trust: { trusted: ["1"] },
    mesh: { clusters: { a: 1 } },
  });
  expect(stacks.calls).toHaveLength(4);
});

test("with their secrets they are asked by one engine, and one by one where that can't be", async () => {
  const stack = await stackFile("parts", true);
  const stacks = new Stacks({
    [`${stack}-cluster-a`]: { kubeconfigs: { a: "secret" } },
    [`${stack}-cluster-b`]: { kubeconfigs: { b: "secret" } },
  });
  const query = { ...all, showSecrets: true };
  expect(await readOutputs(stack, query, stacks.run)).toEqual({ kubeconfigs: { a: "secret", b: "secret" } });
  expect(stacks.calls.map((call) => call.split(" ").slice(0, 3).join(" "))).toEqual([
    "stack ls --json",
    "preview --stack Pulumi.parts.yaml",
    "stack output --show-secrets",
    "stack output --show-secrets",
  ]);
  stacks.calls.length = 0;
  const isAsked: OutputsQuery<unknown>["isAsked"] = (part) => part.kind === "cluster" && part.cluster === "b";
  expect(await readOutputs(stack, { ...query, isAsked }, stacks.run)).toEqual({
    kubeconfigs: { b: "secret" },
  });
  expect(stacks.calls).toHaveLength(2);
});
