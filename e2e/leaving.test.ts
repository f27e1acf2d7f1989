import { CustomObjectsApi } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { eventually } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { Engine } from "./engine.ts";
import { Fleet, type StandingCluster } from "./fleet.ts";

const names = ["east", "north", "west"];
const others = (name: string) => names.filter((one) => one !== name);
const allThree = { east: {}, north: {}, west: {} };

const controllers = new Controllers();
let fleet: Fleet;
let engine: Engine;
/** What was on each cluster before there was a mesh. */
const before = new Map<string, string[]>();

/** Everything that a cluster has, but for the addresses of Services, which are random. */
async function inventory(cluster: StandingCluster): Promise<string[]> {
  return (await cluster.inventory()).filter((object) => !object.startsWith("ipaddresses "));
}

async function untilAsBefore(name: string): Promise<void> {
  // Kubernetes takes away what depended on what is gone.
  await eventually(
    async () => {
      const now = await inventory(fleet.named(name)).catch(() => ["no answer"]);
      const then = before.get(name) ?? [];
      return {
        left: now.filter((one) => !then.includes(one)),
        lost: then.filter((one) => !now.includes(one)),
      };
    },
    ({ left, lost }) => left.length + lost.length === 0,
    30,
  );
}

function mirrorsOf(targets: readonly string[]): string[] {
  const own = targets.flatMap((target) => [`shop/cart-${target}`, `shop/stock-${target}`]);
  return targets.length === 0 ? [] : [...own, "shop/search-federated"].sort();
}

async function untilMirrored(name: string, targets: readonly string[]): Promise<void> {
  await eventually(
    async () => Object.keys(await fleet.named(name).mirrorIds()).sort(),
    (mirrors) => mirrors.join() === mirrorsOf(targets).join(),
  );
  await eventually(
    async () => (await members(name)).toSorted().join(),
    (found) => found === targets.map((target) => `search@${target}`).join(),
  );
}

/** The other clusters' entries of the federated Service. */
async function members(name: string): Promise<string[]> {
  const service = await fleet.named(name).service("shop", "search-federated");
  return service?.metadata?.annotations?.["multicluster.linkerd.io/remote-discovery"]?.split(",") ?? [];
}

function preview(): Promise<string> {
  return engine.expectSuccess(["preview", "--stack", engine.stack]);
}

/** What a cluster has for links with another one. */
async function leftOf(name: string, other: string): Promise<string[]> {
  const objects = await inventory(fleet.named(name));
  return objects.filter((object) => new RegExp(`[-/]${other}$|-${other}-|from-${other}`).test(object));
}

beforeAll(async () => {
  fleet = await Fleet.create("e2e-leaving", names, 0);
  for (const cluster of fleet.clusters) before.set(cluster.name, await inventory(cluster));
  engine = await Engine.create("e2e-leaving", fleet.settings(allThree));
  await engine.up();
});

afterAll(async () => {
  await controllers.stop();
  await fleet.delete();
  await engine.dispose();
});

describe.skipIf(controllerProgram === undefined)(
  "three clusters with Linkerd's own mirror controllers",
  () => {
    let mirrors: Map<string, Record<string, string>>;

    test("mirror everything both ways", async () => {
      for (const cluster of fleet.clusters) {
        controllers.runLocal(cluster);
        for (const target of others(cluster.name)) controllers.runLink(cluster, target);
      }
      for (const name of names) await untilMirrored(name, others(name));
      mirrors = new Map(
        await Promise.all(fleet.clusters.map(async (one) => [one.name, await one.mirrorIds()] as const)),
      );
    });

    const pairs = [{ clusters: ["east", "north"] }, { clusters: ["north", "west"] }];
    const links = { carries: ["gateway", "pod-to-pod", "federated"], pairs };

    test("name what still sends calls to mirrors that a preview takes away", async () => {
      const routes = fleet.named("east").config.makeApiClient(CustomObjectsApi);
      const definition = { group: "gateway.networking.k8s.io", version: "v1", plural: "httproutes" };
      const parentRefs = [{ name: "cart", kind: "Service", group: "core", port: 80 }];
      await routes.createNamespacedCustomObject({
        ...definition,
        namespace: "shop",
        body: {
          apiVersion: "gateway.networking.k8s.io/v1",
          kind: "HTTPRoute",
          metadata: { name: "theirs" },
          spec: { parentRefs, rules: [{ backendRefs: [{ name: "cart-west", port: 80 }] }] },
        },
      });
      await engine.configure(fleet.settings(allThree, { links }));
      expect(await preview()).toContain(
        "On east, HTTPRoute shop/theirs sends calls to shop/cart-west, which this update takes away: change the route first.",
      );
      await routes.deleteNamespacedCustomObject({ ...definition, namespace: "shop", name: "theirs" });
      expect(await preview()).not.toContain("sends calls to");
    });

    test("lose nothing but one link when it is taken out", async () => {
      await engine.up();
      for (const [name, other] of [
        ["east", "west"],
        ["west", "east"],
      ] as const) {
        await untilMirrored(name, ["north"]);
        expect(await leftOf(name, other)).toEqual([]);
        const kept = Object.entries(mirrors.get(name) ?? {}).filter(([mirror]) => !mirror.endsWith(other));
        expect(await fleet.named(name).mirrorIds()).toEqual(Object.fromEntries(kept));
      }
      await untilMirrored("north", ["east", "west"]);
      expect(await fleet.named("north").mirrorIds()).toEqual(mirrors.get("north"));
      expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    });

    test("let a cluster go in three steps, without a trace on it or on the others", async () => {
      await engine.configure(fleet.settings({ east: {}, north: {}, west: { retire: "traffic" } }, { links }));
      await engine.up();
      await untilMirrored("north", ["east"]);
      await engine.configure(fleet.settings({ east: {}, north: {}, west: { retire: "links" } }, { links }));
      await engine.up();
      await untilMirrored("west", []);
      expect(await leftOf("north", "west")).toEqual([]);

      const two = { east: {}, north: {} };
      await engine.configure(fleet.settings(two));
      const { code, output } = await engine.run(["preview", "--stack", engine.stack]);
      expect(code).not.toBe(0);
      expect(output).toContain("adding west to retired");
      await engine.configure(fleet.settings(two, { retired: ["west"] }));
      await engine.up();
      await untilAsBefore("west");

      for (const [name, other] of [
        ["east", "north"],
        ["north", "east"],
      ] as const) {
        await untilMirrored(name, [other]);
        const kept = Object.entries(mirrors.get(name) ?? {}).filter(([mirror]) => !mirror.endsWith("west"));
        expect(await fleet.named(name).mirrorIds()).toEqual(Object.fromEntries(kept));
      }
      expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    });

    test("are as before after a destroy", async () => {
      await engine.destroy();
      for (const name of names) await untilAsBefore(name);
    });
  },
);
