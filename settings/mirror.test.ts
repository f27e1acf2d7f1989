import fc from "fast-check";
import { expect, test } from "vitest";

import { mirrorsOf } from "./mirror.ts";
import { parseSettings } from "./parse.ts";
import type { Mode } from "./settings.ts";
import { clusterNames, clustersNamed, configuration } from "./test-examples.ts";

const modes: readonly Mode[] = ["gateway", "pod-to-pod", "federated"];
const web = { cluster: "east", namespace: "shop", name: "web" };

function link(source: string, target: string, ...carries: Mode[]) {
  return { name: `${source}-to-${target}`, source, target, carries, clients: "any" as const };
}

test("a service appears in the clusters that link to its own, named after both", () => {
  const links = [
    link("west", "east", "gateway"),
    link("north", "east", "gateway"),
    link("east", "west", "gateway"),
  ];
  expect(mirrorsOf({ ...web, modes: ["gateway"] }, links)).toEqual([
    { cluster: "west", namespace: "shop", name: "web-east", mode: "gateway" },
    { cluster: "north", namespace: "shop", name: "web-east", mode: "gateway" },
  ]);
});

test("a federated service appears beside the service itself too", () => {
  expect(mirrorsOf({ ...web, modes: ["federated"] }, [link("west", "east", "federated")])).toEqual([
    { cluster: "east", namespace: "shop", name: "web-federated", mode: "federated" },
    { cluster: "west", namespace: "shop", name: "web-federated", mode: "federated" },
  ]);
});

test("a link that carries something else brings no mirror", () => {
  const links = [link("west", "east", "gateway", "federated")];
  expect(mirrorsOf({ ...web, modes: ["pod-to-pod"] }, links)).toEqual([]);
});

test("every mirror has one of two names, and lands only where a link brings it", () => {
  const exported = fc
    .subarray([...modes], { minLength: 1 })
    .filter((some) => !some.includes("gateway") || !some.includes("pod-to-pod"));
  const stacks = clusterNames(2, 5).chain((names) => {
    const pairs = names.flatMap((source) =>
      names.filter((name) => name !== source).map((target) => [source, target]),
    );
    return fc.record({
      names: fc.constant(names),
      pairs: fc.subarray(pairs),
      modes: exported,
      exporter: fc.constantFrom(...names),
    });
  });
  fc.assert(
    fc.property(stacks, ({ names, pairs, modes: some, exporter }) => {
      const { links } = parseSettings(
        configuration({
          clusters: clustersNamed(names),
          links: { carries: some, oneWay: pairs.map(([source, target]) => ({ source, target })) },
        }),
      );
      const mirrors = mirrorsOf({ ...web, cluster: exporter, modes: some }, links);
      const linking = pairs.filter(([, target]) => target === exporter).map(([source]) => source);
      for (const mode of some) {
        const found = mirrors.filter((mirror) => mirror.mode === mode);
        const federated = mode === "federated";
        expect(found.map(({ cluster }) => cluster).sort()).toEqual(
          (federated ? [exporter, ...linking] : linking).sort(),
        );
        for (const { namespace, name } of found) {
          expect(namespace).toBe("shop");
          expect(name).toBe(federated ? "web-federated" : `web-${exporter}`);
        }
      }
      expect(mirrors.filter(({ mode }) => !some.includes(mode))).toEqual([]);
    }),
  );
});
