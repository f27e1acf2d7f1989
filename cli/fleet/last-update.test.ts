import { expect, test, vi } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import type { ListedStack } from "../stacks/move-state.ts";
import type { State } from "../stacks/state.ts";
import { LastUpdates } from "./last-update.ts";

vi.setConfig({ testTimeout: 60_000 });

const settings = parseSettings(configuration({ clusters: clustersNamed(["a"]), split: true }));

/** An engine that knows one stack, with its state and its tags. */
class OneStack {
  readonly calls: string[] = [];

  state: State = {
    deployment: {
      manifest: { time: "2026-11-26T05:39:42.432123456Z" },
      resources: [{ urn: "urn:pulumi:x-trust::mesh::s::n", type: "pulumi:pulumi:Stack", outputs: {} }],
    },
  };
  readonly tags = new Map<string, string>();

  /** As the engine lists it. */
  get listed(): ListedStack {
    const { manifest, resources = [] } = this.state.deployment;
    return { resources: resources.length, lastUpdate: `${manifest?.time?.slice(0, 23) ?? ""}Z` };
  }

  run = (args: readonly string[]): Promise<string> => {
    const [group, command, action, name = "", value = ""] = args;
    this.calls.push(args.join(" "));
    if (group === "stack" && command === "export") {
      return Promise.resolve(JSON.stringify(this.state));
    }
    if (command === "tag" && action === "set") this.tags.set(name, value);
    const tag = this.tags.get(name);
    if (command !== "tag" || tag === undefined) return Promise.reject(new Error("no such tag"));
    return Promise.resolve(`${tag}\n`);
  };
}

const part = { kind: "trust" } as const;

function updatesOf(
  engine: OneStack,
  given: Partial<ConstructorParameters<typeof LastUpdates>[1]> = {},
): LastUpdates {
  return new LastUpdates(engine.run, {
    base: "x",
    settings,
    program: "program",
    stacks: new Map([["x-trust", engine.listed]]),
    outputs: new Map([["x-trust", {}]]),
    isNeeded: () => true,
    ...given,
  });
}

/** What another run finds, by another person on another machine. */
async function isSame(engine: OneStack, { settings: asked = settings, program = "program" } = {}) {
  const updates = updatesOf(engine, { settings: asked, program });
  const inputs = (await updates.inputs("x-trust", part, [])) ?? "";
  return updates.isSame("x-trust", inputs);
}

async function updated(): Promise<OneStack> {
  const engine = new OneStack();
  const updates = updatesOf(engine);
  await updates.remember("x-trust", (await updates.inputs("x-trust", part, [])) ?? "");
  return engine;
}

test("a stack that never was updated isn't known", async () => {
  expect(await isSame(new OneStack())).toBe(false);
});

test("after an update the same is known to be there, and anything else not", async () => {
  const engine = await updated();
  expect(await isSame(engine)).toBe(true);
  expect(await isSame(engine, { program: "another" })).toBe(false);
  const generations = parseSettings(
    configuration({
      clusters: clustersNamed(["a"]),
      split: true,
      trust: { generations: ["1", "2"], signer: "1" },
    }),
  );
  expect(await isSame(engine, { settings: generations })).toBe(false);
});

test("what somebody else did to the stack is looked at", async () => {
  const engine = await updated();
  engine.state = {
    deployment: { ...engine.state.deployment, manifest: { time: "2026-11-26T05:39:42.433Z" } },
  };
  expect(await isSame(engine)).toBe(false);
});

test("so is an update that was interrupted", async () => {
  const engine = await updated();
  const resource = { urn: "urn:pulumi:x-trust::mesh::t::n", type: "t" };
  engine.state = {
    deployment: {
      ...engine.state.deployment,
      // The engine writes the time together with what it is about to do.
      manifest: { time: "2026-11-26T05:39:42.433Z" },
      pending_operations: [{ type: "creating", resource }],
    },
  };
  expect(await isSame(engine)).toBe(false);
});

test("the mark has no secret of the state", async () => {
  const engine = await updated();
  expect([...engine.tags.keys()]).toEqual(["mesh:inputs"]);
  expect(engine.tags.get("mesh:inputs")).toMatch(/^[0-9a-f]{64}-2026-11-26T05:39:42.432Z-1$/);
});

test("what was listed and said when all was looked at is enough to know that nothing changed", async () => {
  const engine = await updated();
  engine.calls.length = 0;
  expect(await isSame(engine)).toBe(true);
  expect(engine.calls).toEqual(["stack tag get mesh:inputs --stack x-trust"]);
});

test("a service that lists a time of its own is asked for the state", async () => {
  const engine = await updated();
  const stacks = new Map([["x-trust", { resources: 1, lastUpdate: "2026-11-26T05:39:43.000Z" }]]);
  const updates = updatesOf(engine, { stacks });
  const inputs = (await updates.inputs("x-trust", part, [])) ?? "";
  expect(await updates.isSame("x-trust", inputs)).toBe(true);
});

test("what couldn't be read with all the others is read on its own", async () => {
  const engine = await updated();
  const updates = updatesOf(engine, { outputs: new Map() });
  engine.calls.length = 0;
  const inputs = (await updates.inputs("x-trust", part, [])) ?? "";
  expect(engine.calls).toEqual(["stack export --show-secrets --stack x-trust"]);
  expect(await updates.isSame("x-trust", inputs)).toBe(true);
});

test("after its update a stack is read anew", async () => {
  const engine = await updated();
  const updates = updatesOf(engine);
  await updates.inputs("x-trust", part, []);
  engine.calls.length = 0;
  updates.forget("x-trust");
  await updates.inputs("x-trust", part, []);
  expect(engine.calls).toEqual(["stack export --show-secrets --stack x-trust"]);
});

test("a stack that had nothing isn't read before its first update", async () => {
  const engine = new OneStack();
  const updates = updatesOf(engine, { stacks: new Map() });
  const inputs = (await updates.inputs("x-trust", part, [])) ?? "";
  expect(await updates.isSame("x-trust", inputs)).toBe(false);
  expect(updates.isEmpty("x-trust")).toBe(true);
  expect(engine.calls).toEqual([]);
  await updates.remember("x-trust", inputs);
  expect(updates.isEmpty("x-trust")).toBe(false);
  expect(await isSame(engine)).toBe(true);
});

test("what a part says is read with its secrets after its update only where another part goes by it", async () => {
  const readsAfterUpdate = async (isNeeded: boolean) => {
    const engine = new OneStack();
    await updatesOf(engine, { stacks: new Map(), isNeeded: () => isNeeded }).remember("x-trust", "inputs");
    return engine.calls.filter((call) => call.includes("export"));
  };
  expect(await readsAfterUpdate(true)).toEqual(["stack export --show-secrets --stack x-trust"]);
  expect(await readsAfterUpdate(false)).toEqual(["stack export --stack x-trust"]);
});
