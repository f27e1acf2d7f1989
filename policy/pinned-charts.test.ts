import { expect, test } from "vitest";

import { pinnedCharts } from "./pinned-charts.ts";
import { resource, unknown, violations } from "./test-resources.ts";

const check = (props: Record<string, unknown>, type = "kubernetes:helm.sh/v4:Chart") =>
  violations(pinnedCharts, [resource({ types: [type], name: "it", props })]);

test.each([
  { chart: "linkerd-viz", version: "2026.8.3" },
  { chart: "./charts/linkerd-viz-2026.8.3.tgz" },
  { chart: "./charts/linkerd-viz-2026.8.3-rc.1.tgz" },
])("%j is pinned", async (props) => {
  expect(await check(props)).toEqual([]);
});

test.each([
  { chart: "linkerd-viz" },
  { chart: "linkerd-viz", version: "^2026.8.3" },
  { chart: "linkerd-viz", version: "2026.8" },
  { chart: "./charts/linkerd-viz.tgz" },
])("%j is not", async (props) => {
  const message =
    "it: Give the chart an exact version such as 2026.8.3, or an archive with its version in its name.";
  expect(await check(props)).toEqual([message]);
  expect(await check(props, "kubernetes:helm.sh/v3:Release")).toEqual([message]);
});

test("the version that Linkerd's charts have is looked at, where the engine shows nothing of a chart", async () => {
  const linkerd = "mesh:linkerd:Linkerd";
  expect(await check({})).toEqual([]);
  expect(await check({ version: "2026.8.3" }, linkerd)).toEqual([]);
  expect(await check({ version: "2026.8" }, linkerd)).toHaveLength(1);
  expect(await check({}, linkerd)).toHaveLength(1);
});

test("only charts have versions", async () => {
  expect(await check({ chart: unknown }, "kubernetes:core/v1:ConfigMap")).toEqual([]);
});
