import { describe, expect, test } from "vitest";

import { toReport } from "./report.ts";
import { now, verifyAfter } from "./test-mesh.ts";
import { toText, type Paint } from "./text.ts";

const wrongPort = () =>
  verifyAfter(({ east: { links } }) => {
    for (const { spec } of links) spec.probeSpec = { path: "/ready", port: "5191" };
  });

describe("what a person reads", () => {
  test("is one line for each cluster and link, and a verdict", () => {
    expect(toText(verifyAfter(), 1.25).split("\n")).toEqual([
      "√  east          Kubernetes v1.35.0, edge-26.8.3",
      "√  west          Kubernetes v1.35.0, edge-26.8.3",
      "√  east -> west  gateway, pod-to-pod, federated; 3 mirrors",
      "√  west -> east  gateway, pod-to-pod, federated; 3 mirrors",
      "",
      expect.stringMatching(/^2 clusters, 2 links, \d+ checks in 1\.3 s: healthy\.$/),
      "",
    ]);
  });

  test("names what is wrong in the line, and explains it below", () => {
    const text = toText(wrongPort(), 1);
    expect(text).toContain("×  east -> west  gateway, pod-to-pod, federated; 3 mirrors  probe-port\n");
    expect(text).toMatch(
      /\n× east -> west: probe-port\n {2}the Link's probe port is 5191.*\n {2}Cause {2}.+\n {2}Fix {4}npm run up -- test --refresh .+\n {2}See {4}docs\/checks\.md#probe-port\n/,
    );
    expect(text).toMatch(/: 1 failure\.\n$/);
  });

  test("says of a warning that nothing is broken yet", () => {
    const text = toText(
      verifyAfter(({ east }) => (east.links = [{ ...only(east.links), annotations: {} }])),
      1,
    );
    expect(text).toContain("‼  east -> west");
    expect(text).toMatch(/: healthy, 1 warning\.\n$/);
  });

  test("has colour for trouble only", () => {
    const painted: string[] = [];
    const paint: Paint = (health, text) => {
      if (health !== "healthy") painted.push(text.split("\n")[0] ?? "");
      return text;
    };
    toText(verifyAfter(), 1, paint);
    expect(painted).toEqual([]);
    toText(wrongPort(), 1, paint);
    expect(painted).toEqual([
      expect.stringMatching(/^× {2}east -> west/),
      expect.stringMatching(/^× east -> west: probe-port$/),
    ]);
  });

  test("says in one line what simulated pods leave open", () => {
    const simulated = verifyAfter((mesh) => {
      for (const facts of [mesh.east, mesh.west]) facts.isSimulated = true;
    });
    const lines = toText(simulated, 1)
      .split("\n")
      .filter((line) => line.includes("simulated"));
    expect(lines).toEqual([
      expect.stringMatching(/^Not judged where pods are simulated.*: extension-pods, .*gateway-alive\.$/),
    ]);
  });

  test("says whose silence leaves a link open", () => {
    expect(toText(verifyAfter(undefined, { down: "west" }), 1)).toMatch(
      /\? {2}east -> west.* west can't be asked\n/,
    );
  });
});

function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("there is none");
  return item;
}

test("a report has the verdict and what every cluster said, or why it didn't", () => {
  const verification = wrongPort();
  const report = toReport(verification, [{ name: "west", problem: "connect ECONNREFUSED" }], 1);
  expect(report).toContain(`# The mesh test at ${now.toISOString()}\n`);
  expect(report).toContain("east -> west: probe-port");
  expect(report).toContain('## west\n\n```json\n{\n  "problem": "connect ECONNREFUSED"\n}\n```');
});
