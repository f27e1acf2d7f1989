import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import { chooseStacks } from "./read-fleet.ts";
import type { State } from "../stacks/state.ts";
import { fleetOrder } from "./fleet-order.ts";
import { findLeaving, guardLeaving, withLeaving, type Leaving } from "./leaving-parts.ts";

/** A resource of the stack `prod-…`, at its top. */
function resource(type: string, name: string, more: object = {}) {
  return { type, urn: `urn:pulumi:prod::mesh::${type}::${name}`, ...more };
}

/** What the last update of a part left. */
function stateOf(mesh: object | undefined, resources: State["deployment"]["resources"] = []): State {
  const outputs = mesh === undefined ? {} : { mesh: { clusters: {}, ...mesh } };
  return {
    deployment: { resources: [resource("pulumi:pulumi:Stack", "mesh-prod", { outputs }), ...resources] },
  };
}

const reads = (stack: string) => resource("pulumi:pulumi:StackReference", stack);
const { environment } = parseSettings(configuration());

function cluster(name: string, source = "simulated"): State {
  return stateOf({ environment, clusters: { [name]: { source } } }, [
    resource("pulumi:providers:kubernetes", name),
    resource("mesh:cluster:SimulatedCluster", name),
    resource("mesh:linkerd:Linkerd", `${name}-linkerd`),
    resource("mesh:service:ExportedService", `${name}/shop/cart`),
    reads("prod-trust"),
  ]);
}

function multicluster(name: string): State {
  return stateOf({ environment }, [
    resource("mesh:cluster:ExistingCluster", name),
    resource("mesh:linkerd:Multicluster", `${name}-linkerd-multicluster`),
    resource("mesh:link:RemoteAccess", `a-to-${name}-access`),
    reads(`prod-cluster-${name}`),
  ]);
}

function links(source: string, ...targets: string[]): State {
  return stateOf({ environment, links: targets.map((target) => ({ source, target })) }, [
    resource("mesh:cluster:ExistingCluster", source),
    ...targets.map((target) => resource("mesh:link:Link", `${source}-to-${target}`)),
    ...[source, ...targets].map((name) => reads(`prod-cluster-${name}`)),
    ...targets.map((name) => reads(`prod-multicluster-${name}`)),
  ]);
}

/** A full mesh of three clusters. */
const mesh: Readonly<Record<string, State>> = {
  "prod-trust": stateOf({ environment }, [resource("mesh:trust:TrustAnchor", "anchor")]),
  "prod-cluster-a": cluster("a"),
  "prod-cluster-b": cluster("b"),
  "prod-cluster-c": cluster("c"),
  "prod-multicluster-a": multicluster("a"),
  "prod-multicluster-b": multicluster("b"),
  "prod-multicluster-c": multicluster("c"),
  "prod-links-a": links("a", "b", "c"),
  "prod-links-b": links("b", "a", "c"),
  "prod-links-c": links("c", "a", "b"),
};

function settingsOf(names: readonly string[], more: object = {}) {
  return parseSettings(
    configuration({
      clusters: clustersNamed(names),
      links: { topology: "mesh", carries: ["gateway"] },
      split: true,
      ...more,
    }),
  );
}

const withoutC = settingsOf(["a", "b"], { retired: ["c"] });
const unlinkedC = settingsOf(["a", "b", "c"], {
  links: { pairs: [{ clusters: ["a", "b"], carries: ["gateway"] }] },
});

/** What leaves of what is there; `tagged` are stacks that an update went through on. */
function find(
  settings: typeof withoutC,
  states: Readonly<Record<string, State>> = mesh,
  { environments = ["prod"], tagged = [] }: { environments?: string[]; tagged?: string[] } = {},
): Promise<Leaving> {
  return findLeaving(
    ([, command, , ...rest]) => {
      const stack = rest.at(command === "export" ? 0 : -1) ?? "";
      if (command === "tag") {
        return tagged.includes(stack)
          ? Promise.resolve("inputs\n")
          : Promise.reject(new Error("no such tag"));
      }
      return Promise.resolve(JSON.stringify(states[stack]));
    },
    "prod",
    settings,
    {
      stacks: new Map(
        Object.entries(states).map(([stack, { deployment }]) => [
          stack,
          { resources: deployment.resources?.length ?? 0 },
        ]),
      ),
      environments,
    },
  );
}

describe("the parts that the file no longer asks for", () => {
  test("are those of a cluster that is gone, its links first", async () => {
    const { parts, strangers } = await find(withoutC);
    expect([...parts.keys()]).toEqual(["prod-links-c", "prod-multicluster-c", "prod-cluster-c"]);
    expect(strangers).toEqual([]);
  });

  test("are its links alone where the last one was taken out", async () => {
    expect([...(await find(unlinkedC)).parts]).toEqual([["prod-links-c", { kind: "links", cluster: "c" }]]);
  });

  test("are none while it asks for all", async () => {
    expect((await find(settingsOf(["a", "b", "c"]))).parts.size).toBe(0);
  });

  test("aren't what is only called like them", async () => {
    const foreign = {
      ...mesh,
      "prod-cluster-d": stateOf({ environment: "other" }, [resource("mesh:linkerd:Linkerd", "d-linkerd")]),
      "prod-cluster-e": stateOf(undefined, [resource("kubernetes:core/v1:Namespace", "e")]),
      "prod-links-f": stateOf({ environment }, [resource("mesh:link:Link", "a-to-b")]),
      "prod-links-eu": cluster("x"),
      "prod-cluster-x-links-y": links("y", "a"),
    };
    const { parts, strangers } = await find(withoutC, foreign, {
      environments: ["prod", "prod-links-eu", "prod-cluster-x"],
    });
    expect([...parts.keys()]).toEqual(["prod-links-c", "prod-multicluster-c", "prod-cluster-c"]);
    expect(strangers).toEqual([
      "prod-cluster-d is called like a part of prod, but it is of the environment other: it is left alone.",
      "prod-cluster-e is called like a part of prod, but this program didn't make it: it is left alone.",
      "prod-links-f is called like a part of prod, but it has a-to-b, which is nothing of f's: it is left alone.",
    ]);
  });

  test("are also what a failed update or destroy left of them", async () => {
    const half = {
      ...mesh,
      "prod-cluster-c": stateOf(undefined, [resource("mesh:linkerd:Linkerd", "c-linkerd")]),
      "prod-links-c": stateOf({ environment }),
      "prod-links-d": { deployment: {} },
      "prod-links-e": { deployment: {} },
    };
    const { parts } = await find(withoutC, half, { tagged: ["prod-links-d"] });
    expect([...parts.keys()]).toEqual([
      "prod-links-c",
      "prod-links-d",
      "prod-multicluster-c",
      "prod-cluster-c",
    ]);
  });
});

describe("the order", () => {
  const orderOf = async (action: string, settings = withoutC) =>
    Object.fromEntries(
      withLeaving(action, "prod", fleetOrder(action, "prod", settings), await find(settings)),
    );

  test("lets links go at once, and a cluster after its links and the updates that need it no more", async () => {
    const order = await orderOf("up");
    expect(order["prod-links-c"]).toEqual([]);
    expect(order["prod-multicluster-c"]).toEqual(["prod-links-c", "prod-links-a", "prod-links-b"]);
    expect(order["prod-cluster-c"]).toEqual([
      "prod-links-c",
      "prod-multicluster-c",
      "prod-links-a",
      "prod-links-b",
    ]);
    expect(order["prod-cluster-a"]).toEqual(["prod-trust"]);
    expect(await orderOf("preview")).toEqual(order);
  });

  test("takes all of it down before what it needs", async () => {
    const order = await orderOf("destroy");
    expect(order["prod-links-c"]).toEqual([]);
    expect(order["prod-cluster-a"]).toContain("prod-links-c");
    expect(order["prod-cluster-c"]).toEqual([
      "prod-links-c",
      "prod-multicluster-c",
      "prod-links-b",
      "prod-links-a",
    ]);
    expect(order["prod-trust"]).toEqual(expect.arrayContaining(["prod-cluster-c", "prod-links-c"]));
    expect((await orderOf("destroy", unlinkedC))["prod-cluster-c"]).toContain("prod-links-c");
  });

  test("asks for what must go first where parts are named", async () => {
    const leaving = await find(withoutC);
    const choose = (...only: string[]) => [
      ...chooseStacks({ action: "up", base: "prod", only }, withoutC, leaving).keys(),
    ];
    expect(choose("prod-cluster-a")).toEqual(["prod-cluster-a"]);
    expect(choose("prod-links-c")).toEqual(["prod-links-c"]);
    expect(() => choose("prod-cluster-c", "prod-links-a")).toThrow(
      "prod-cluster-c can't go before prod-links-c, prod-multicluster-c, prod-links-b: name them too.",
    );
  });
});

describe("a cluster goes", () => {
  const guard = async (settings: typeof withoutC, states = mesh, forgotten: string[] = []) => {
    const leaving = await find(settings, states, { tagged: Object.keys(states) });
    guardLeaving(leaving, settings, forgotten);
    return [...leaving.parts.keys()];
  };
  const existing = { ...mesh, "prod-cluster-c": cluster("c", "existing") };

  test("only if that is meant", async () => {
    const missing = settingsOf(["a", "b"]);
    await expect(guard(missing)).rejects.toThrow(/clusters\.c\n.*is deployed, but no longer there/);
    const { "prod-cluster-c": _, ...half } = mesh;
    await expect(guard(missing, half)).rejects.toThrow("is deployed, but no longer there");
    await guard(withoutC);
    await guard(unlinkedC);
  });

  test("without a word where they were destroyed before", async () => {
    const destroyed = Object.keys(mesh).map((stack) => [stack, { deployment: {} }] as const);
    expect(await guard(settingsOf(["a", "b"]), Object.fromEntries(destroyed))).toContain("prod-cluster-c");
  });

  test("out of its links first, unless it was made here or is gone for good", async () => {
    await expect(guard(withoutC, existing)).rejects.toThrow(/retired\.0 = "c"\n.*is still linked with a, b/);
    await guard(withoutC, existing, ["c"]);
    const unlinked: typeof mesh = {
      ...existing,
      "prod-links-a": links("a", "b"),
      "prod-links-b": links("b", "a"),
    };
    await guard(
      withoutC,
      Object.fromEntries(Object.entries(unlinked).filter(([stack]) => stack !== "prod-links-c")),
    );
    await expect(guard(withoutC, unlinked)).rejects.toThrow("is still linked with a, b");
  });
});
