import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createStacks, moveState, type RunEngine } from "./move-state.ts";
import type { State } from "./state.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mesh-move-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function state(...names: string[]): State {
  const resources = names.map((name) => ({
    urn: name,
    type: "kubernetes:v1:Secret",
    custom: true,
    id: name,
  }));
  return { deployment: { resources } };
}

function names(of: State | undefined): string[] {
  return (of?.deployment.resources ?? []).map(({ urn }) => urn);
}

/** An engine that keeps states, and is killed at its nth import. */
function engine(
  states: Map<string, State>,
  killedAt = Infinity,
  before: () => void = () => undefined,
): RunEngine {
  let imports = 0;
  return ([, action = "", , stack = ""], input) => {
    if (action === "export") return Promise.resolve(JSON.stringify(states.get(stack) ?? state()));
    if (action !== "import") return Promise.resolve("[]");
    imports++;
    if (imports === killedAt) return Promise.reject(new Error("killed"));
    before();
    states.set(stack, JSON.parse(input ?? "") as State);
    return Promise.resolve("");
  };
}

const to = new Map([
  ["one", state("a")],
  ["two", state("b")],
]);

function move(states: Map<string, State>, run = engine(states)): Promise<string> {
  return moveState(run, { from: new Map([["whole", state("a", "b")]]), to, folder });
}

test("everything is where it is to be, and a copy of what was there is kept for its owner alone", async () => {
  const states = new Map([["whole", state("a", "b")]]);
  const backups = await move(states);
  expect([...states].map(([name, of]) => [name, names(of)])).toEqual([
    ["whole", []],
    ["one", ["a"]],
    ["two", ["b"]],
  ]);
  const copy = path.join(backups, "whole.json");
  expect(names(JSON.parse(await readFile(copy, "utf8")) as State)).toEqual(["a", "b"]);
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
});

test.each([1, 2, 3])("killed at step %i, nothing is lost, and the same again ends it", async (step) => {
  const states = new Map([["whole", state("a", "b")]]);
  await expect(move(states, engine(states, step))).rejects.toThrow("killed");
  expect([...new Set([...states.values()].flatMap(names))].sort()).toEqual(["a", "b"]);
  expect(names(states.get("whole"))).toEqual(["a", "b"]);
  await move(states);
  expect([names(states.get("whole")), names(states.get("one")), names(states.get("two"))]).toEqual([
    [],
    ["a"],
    ["b"],
  ]);
});

test("what a stack has already isn't overwritten", async () => {
  const states = new Map([
    ["whole", state("a", "b")],
    ["two", state("c")],
  ]);
  await expect(move(states)).rejects.toThrow("Stack two has resources already");
  expect(names(states.get("whole"))).toEqual(["a", "b"]);
  expect(names(states.get("one"))).toEqual([]);
  expect(names(states.get("two"))).toEqual(["c"]);
});

test("an update in the meantime wins", async () => {
  const states = new Map([["whole", state("a", "b")]]);
  const update = () => states.set("whole", state("a", "b", "c"));
  await expect(move(states, engine(states, Infinity, update))).rejects.toThrow("whole was updated meanwhile");
  expect([names(states.get("whole")), names(states.get("one")), names(states.get("two"))]).toEqual([
    ["a", "b", "c"],
    [],
    [],
  ]);
});

describe("stacks that are made", () => {
  const made: string[] = [];

  /** As the engine, salts a stack anew unless its stack file has a salt. */
  const saltingEngine: RunEngine = async ([, action = "", , stack = ""]) => {
    if (action === "export") {
      return JSON.stringify({ deployment: { secrets_providers: { state: { salt: `salt-of-${stack}` } } } });
    }
    const file = path.join(folder, `Pulumi.${stack}.yaml`);
    const text = await readFile(file, "utf8").catch(() => "");
    if (!text.includes("encryptionsalt")) await writeFile(file, `${text}encryptionsalt: new-${stack}\n`);
    made.push(`${stack} ${/encryptionsalt: (.*)/.exec(await readFile(file, "utf8"))?.[1] ?? ""}`);
    return "";
  };

  beforeEach(() => {
    made.length = 0;
  });

  test("have one salt, and no stack files", async () => {
    await createStacks(saltingEngine, ["one", "two", "three"], folder, new Map());
    expect(made[0]).toBe("one new-one");
    // The others are made side by side.
    expect(made.toSorted()).toEqual(["one new-one", "three new-one", "two new-one"]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("have the salt of those that are there", async () => {
    await createStacks(saltingEngine, ["one", "two"], folder, new Map([["one", 3]]));
    expect(made).toEqual(["two salt-of-one"]);
  });

  test("leave the file of an environment without a salt as it is", async () => {
    const file = path.join(folder, "Pulumi.one.yaml");
    await writeFile(file, "config: {}\n");
    await createStacks(saltingEngine, ["one", "two"], folder, new Map());
    expect(made).toEqual(["one new-one", "two new-one"]);
    expect(await readFile(file, "utf8")).toBe("config: {}\n");
  });

  test("keep a stack file of their own as it is", async () => {
    const file = path.join(folder, "Pulumi.two.yaml");
    await writeFile(file, "encryptionsalt: own\n");
    await createStacks(saltingEngine, ["one", "two"], folder, new Map());
    expect(made).toEqual(["one new-one", "two own"]);
    expect(await readFile(file, "utf8")).toBe("encryptionsalt: own\n");
  });
});
