import { describe, expect, test } from "vitest";

import { kubeconfigOf, startApiServer } from "../../tests/record.ts";
import type { State } from "../stacks/state.ts";
import {
  deployedClusters,
  findAbsent,
  parseAbsenceFlags,
  planDetour,
  type DeployedCluster,
} from "./absence.ts";

const urn = (type: string, name: string) => `urn:pulumi:test::mesh::${type}::${name}`;
const secret = (value: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

function provider(name: string, inputs: Record<string, unknown>) {
  return { type: "pulumi:providers:kubernetes", urn: urn("pulumi:providers:kubernetes", name), inputs };
}

function component(type: string, name: string) {
  return { type, urn: urn(type, name) };
}

const state: State = {
  deployment: {
    resources: [
      provider("east", { kubeconfig: secret(kubeconfigOf("east")) }),
      component("command:local:Command", "west-processes"),
      provider("west", { kubeconfig: secret(kubeconfigOf("west")) }),
      component("mesh:link:Link", "east-to-west"),
      { ...provider("north", {}), delete: true },
    ],
  },
};

describe("the clusters of a state", () => {
  test("are known by their providers, with where they come from and what they are linked with", () => {
    expect(deployedClusters(state).map(({ name, source, linked }) => ({ name, source, linked }))).toEqual([
      { name: "east", source: "existing", linked: ["west"] },
      { name: "west", source: "simulated", linked: ["east"] },
    ]);
  });

  test("are none in a stack that is new", () => {
    expect(deployedClusters({ deployment: {} })).toEqual([]);
  });
});

const file = (...names: string[]) => ({
  config: { "mesh:clusters": Object.fromEntries(names.map((name) => [name, { source: "existing" }])) },
});
const nothing = () => Promise.resolve(undefined);

describe("a cluster is absent", () => {
  const nobody = kubeconfigOf("west", "http://127.0.0.1:9");
  const west = (kubeconfig: string) =>
    deployedClusters({ deployment: { resources: [provider("west", { kubeconfig: secret(kubeconfig) })] } });

  test("when nobody listens", async () => {
    const absent = await findAbsent(west(nobody), file("west"), nothing);
    expect([...absent]).toEqual([["west", "http://127.0.0.1:9: ECONNREFUSED"]]);
  });

  test("not when it answers, even if it refuses who asks", async () => {
    const server = await startApiServer("west");
    try {
      expect((await findAbsent(west(server.kubeconfig), file("west"), nothing)).size).toBe(0);
      const stranger = server.kubeconfig.replace("west-token", "other-token");
      expect((await findAbsent(west(stranger), file("west"), nothing)).size).toBe(0);
    } finally {
      await server.close();
    }
  });

  test("not when it answers where the stack file now says it is", async () => {
    const server = await startApiServer("west");
    try {
      const moved = () => Promise.resolve(server.kubeconfig);
      expect((await findAbsent(west(nobody), file("west"), moved)).size).toBe(0);
    } finally {
      await server.close();
    }
  });

  test("when it goes, and the way to it is gone", async () => {
    const gone = deployedClusters({ deployment: { resources: [provider("west", { context: "no-such" })] } });
    const absent = await findAbsent(gone, file(), nothing);
    expect(absent.get("west")).toMatch(/there is no context no-such/);
    // The program says so itself of one that stays.
    expect((await findAbsent(gone, file("west"), nothing)).size).toBe(0);
  });
});

describe("our own flags", () => {
  test("are taken out of the engine's", () => {
    expect(
      parseAbsenceFlags(["--diff", "--leave-out", "west", "--forget=north", "--leave-out=south", "-y"]),
    ).toEqual({
      leaveOut: ["west", "south"],
      forget: ["north"],
      rest: ["--diff", "-y"],
    });
    expect(() => parseAbsenceFlags(["--forget"])).toThrow("Say which cluster: --forget CLUSTER.");
  });
});

function deployed(name: string, more: Partial<DeployedCluster> = {}): DeployedCluster {
  return {
    name,
    source: "existing",
    provider: urn("pulumi:providers:kubernetes", name),
    inputs: {},
    linked: [],
    ...more,
  };
}

describe("a run without some of the clusters", () => {
  const clusters = [deployed("east", { linked: ["west"] }), deployed("west", { linked: ["east"] })];
  const absent = new Map([["west", "no answer"]]);
  const flags = (more: object = {}) => ({ leaveOut: [], forget: [], rest: [], ...more });
  const plan = (action: string, more: object = {}, listed = file("east", "west"), all = clusters) =>
    planDetour(action, all, absent, flags(more), listed);

  test("isn't any different where all answer", () => {
    const all = planDetour(
      "up",
      clusters,
      new Map(),
      flags({ rest: ["--target", "x"] }),
      file("east", "west"),
    );
    expect(all).toEqual({ exclusions: [], forgotten: [], notes: [] });
  });

  test.each(["up", "preview", "refresh"])("leaves them out of %s, and says so by name", (action) => {
    const { exclusions, forgotten, notes } = plan(action);
    expect(exclusions).toContain("**::west-linkerd**");
    expect(exclusions).toContain("**::*-to-west-link**");
    expect(forgotten).toEqual([]);
    expect(notes).toEqual([
      "west is left out: no answer.\n" +
        "  What is on it, and what east has for the links with it stays as it is; the next update after it answers " +
        "again makes up for that. Gone for good? Retire it: docs/leaving.md.",
    ]);
  });

  test("leaves out what a person wants left out", () => {
    const { notes } = planDetour(
      "up",
      clusters,
      new Map(),
      flags({ leaveOut: ["east"] }),
      file("east", "west"),
    );
    expect(notes.join()).toMatch(/^east is left out: --leave-out says so/);
    expect(() => plan("up", { leaveOut: ["south"] })).toThrow(
      "south isn't deployed; deployed are east and west.",
    );
  });

  test("isn't narrowed in two ways, of which the engine would heed one", () => {
    expect(() => plan("up", { rest: ["--target=x"] })).toThrow(
      /west is left out[^]*can't be done together with --target=x/,
    );
  });

  test("isn't done where names don't tell the clusters apart", () => {
    const all = [...clusters, deployed("west-linkerd")];
    expect(() => plan("up", {}, file("east", "west", "west-linkerd"), all)).toThrow(
      /It can't be left out either: names of resources on west-linkerd begin like those on west/,
    );
    expect(() =>
      plan("up", {}, file("east", "west", "west-2"), [...clusters, deployed("west-2")]),
    ).not.toThrow();
  });

  test.each([
    ["destroy", file("east", "west")],
    ["up", file("east")],
    ["preview", file("east")],
  ])("takes one down by %s only where a person says that it is gone for good", (action, listed) => {
    expect(() => plan(action, {}, listed)).toThrow(/west is to be taken down[^]*add --forget west/);
    const { exclusions, forgotten, notes } = plan(action, { forget: ["west"] }, listed);
    expect(exclusions).toEqual([]);
    expect(forgotten.map(({ name }) => name)).toEqual(["west"]);
    expect(notes).toEqual([
      "west is forgotten: what is on it is dropped from the state without asking it; what east has for it is deleted.",
    ]);
  });

  test("never forgets one that stays, or one that answers", () => {
    expect(() => plan("up", { forget: ["west"] })).toThrow(/west is still one of clusters/);
    expect(() => plan("refresh", { forget: ["west"] }, file("east"))).toThrow(/run preview or up/);
    expect(() => plan("destroy", { forget: ["east"] })).toThrow(
      "east answers, so it is taken down like any other",
    );
  });

  test("takes one down as a whole that was made here", () => {
    const made = [deployed("west", { source: "simulated" })];
    expect(plan("destroy", {}, file("west"), made)).toEqual({ exclusions: [], forgotten: [], notes: [] });
    expect(plan("up", {}, file(), made)).toEqual({ exclusions: [], forgotten: [], notes: [] });
    const { notes } = plan("up", {}, file("west"), made);
    expect(notes.join()).toContain("--replace '**::west-identity' makes it anew");
    const again = plan("up", { rest: ["--replace", "**::west-identity"] }, file("west"), made);
    expect(again.exclusions).toEqual([]);
  });
});
