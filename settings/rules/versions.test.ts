import { describe, expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { configuration, problemsOf, simulated } from "../test-examples.ts";
import { releaseOf, upgradeProblems } from "./versions.ts";

const withVersions = (east: string, west?: string, more = {}) =>
  configuration({
    linkerd: { version: east },
    clusters: { east: simulated(1), west: simulated(2, west === undefined ? {} : { version: west }) },
    links: { topology: "mesh" },
    ...more,
  });

describe("the version of Linkerd of a chart version", () => {
  test.each([
    ["2024.11.7", 16],
    ["2024.11.8", 17],
    ["2025.10.6", 18],
    ["2025.10.7", 19],
    ["2026.8.3", 20],
    ["2.18.4", 18],
    ["30.12.9", undefined],
  ])("%s is 2.%s", (version, release) => {
    expect(releaseOf(version)).toBe(release);
  });
});

describe("linked clusters", () => {
  test("may be one version of Linkerd apart, whichever is ahead", () => {
    const { clusters } = parseSettings(withVersions("2025.10.7", "2026.8.3"));
    expect(clusters.map(({ name, version }) => [name, version])).toEqual([
      ["east", "2025.10.7"],
      ["west", "2026.8.3"],
    ]);
    expect(() => parseSettings(withVersions("2026.8.3", "2025.10.7"))).not.toThrow();
  });

  test("are refused two versions apart, once for both directions", () => {
    expect(problemsOf(withVersions("2025.4.4", "2026.8.3"))).toEqual([
      {
        path: "clusters.west.version",
        value: "2026.8.3",
        problem:
          "is more than one version of Linkerd ahead of 2025.4.4 (Linkerd 2.18) on east, which is linked with it",
      },
    ]);
  });

  test("that aren't linked may differ as they like", () => {
    expect(() => parseSettings(withVersions("2025.4.4", "2026.8.3", { links: {} }))).not.toThrow();
  });
});

describe("an update", () => {
  const deployed = (east: string, west: string) => ({
    clusters: { east: { version: east }, west: { version: west } },
  });
  const upgrade = (before: { clusters: object }, after: object, leftOut: string[] = []) =>
    upgradeProblems({ clusters: before.clusters as Record<string, unknown> }, parseSettings(after), leftOut);

  test("goes to the next version of Linkerd, and back", () => {
    expect(upgrade(deployed("2025.10.7", "2025.10.7"), withVersions("2025.10.7", "2026.8.3"))).toEqual([]);
    expect(upgrade(deployed("2025.10.7", "2026.8.3"), withVersions("2025.10.7"))).toEqual([]);
  });

  test("doesn't skip one", () => {
    expect(upgrade(deployed("2025.4.4", "2026.6.3"), withVersions("2026.8.3"))).toMatchObject([
      {
        path: "clusters.east.version",
        value: "2026.8.3",
        problem: "skips a version of Linkerd: east runs 2025.4.4 (Linkerd 2.18)",
      },
    ]);
  });

  test("leaves no cluster behind that can't be reached", () => {
    expect(upgrade(deployed("2025.10.7", "2025.4.4"), withVersions("2026.8.3"), ["west"])).toMatchObject([
      {
        path: "clusters.east.version",
        problem:
          "is more than one version of Linkerd ahead of 2025.4.4 (Linkerd 2.18) on west, which is linked with it",
      },
    ]);
    expect(upgrade(deployed("2025.10.7", "2025.10.7"), withVersions("2026.8.3"), ["west"])).toEqual([]);
  });

  test("knows nothing of clusters that were last updated before versions were kept", () => {
    expect(upgrade({ clusters: { east: {}, west: null } }, withVersions("2026.8.3"))).toEqual([]);
  });
});
