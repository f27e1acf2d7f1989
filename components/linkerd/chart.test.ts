import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, linkerd } from "../../settings/test-examples.ts";
import { record, types, valueOf } from "../../tests/record.ts";
import { inTurn, linkerdChart, locateChart } from "./chart.ts";
import { placeholderFor, type LateValues } from "./late-values.ts";

const version = "2026.8.3";

describe("a chart is found", () => {
  test("in a Helm repository", () => {
    expect(
      locateChart("linkerd-viz", { version, charts: { repository: "https://helm.linkerd.io/edge" } }),
    ).toEqual({
      chart: "linkerd-viz",
      version,
      repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
    });
  });

  test.each(["oci://registry.example/charts", "oci://registry.example/charts/"])("in %s", (oci) => {
    expect(locateChart("linkerd-viz", { version, charts: { oci } })).toEqual({
      chart: "oci://registry.example/charts/linkerd-viz",
      version,
    });
  });

  test.each(["/srv/charts", "/srv/charts/"])(
    "as an archive in %s, whose name has the version",
    (directory) => {
      expect(locateChart("linkerd-viz", { version, charts: { directory } })).toEqual({
        chart: "/srv/charts/linkerd-viz-2026.8.3.tgz",
      });
    },
  );
});

describe("a chart", () => {
  const make = (late?: LateValues) =>
    record(() => {
      const east = new k8s.Provider("east", {});
      const before = new k8s.core.v1.ConfigMap("before", {}, { provider: east });
      return linkerdChart(
        "east-viz",
        {
          chart: "linkerd-viz",
          namespace: "linkerd-viz",
          linkerd: parseSettings(configuration({ linkerd: linkerd() })).linkerd,
          values: [{ a: 1, nested: { b: 1 } }, { nested: { c: 2 } }],
          ...(late === undefined ? {} : { late }),
        },
        { provider: east, dependsOn: [before] },
      );
    });

  test("is rendered by the provider from the merged values, under its own release name", async () => {
    const { graph } = await make();
    const chart = graph.named("east-viz");
    expect([chart.type, chart.remote]).toEqual([types.chart, true]);
    expect(chart.inputs).toEqual({
      chart: "linkerd-viz",
      version,
      repositoryOpts: { repo: "https://helm.linkerd.io/edge" },
      name: "linkerd-viz",
      namespace: "linkerd-viz",
      values: { a: 1, nested: { b: 1, c: 2 } },
    });
    expect(graph.dependencies("east-viz")).toEqual(["before"]);
  });

  test("replaces late values in what it renders, where there are any", async () => {
    const { graph } = await make({ ca: pulumi.output("the authority") });
    const { transforms } = graph.named("east-viz");
    expect(transforms).toHaveLength(1);
    const rendered = await transforms[0]?.({
      name: "x",
      type: types.secret,
      custom: true,
      props: { ca: placeholderFor("ca") },
      opts: {},
    });
    expect(await valueOf(rendered?.props)).toEqual({ ca: "the authority" });
  });

  test("is asked back for one transform, which makes all changes", async () => {
    const label = (name: string): pulumi.ResourceTransform => {
      return ({ props, opts }) =>
        "skipped" in props
          ? undefined
          : { props: { ...(props as object), [name]: Object.keys(props) }, opts };
    };
    const transform = inTurn([label("one"), label("two")]);
    const transformed = async (props: object) =>
      (await transform({ name: "x", type: types.secret, custom: true, props, opts: {} }))?.props;
    expect(await transformed({ a: 1 })).toEqual({ a: 1, one: ["a"], two: ["a", "one"] });
    expect(await transformed({ skipped: 1 })).toBeUndefined();
  });

  test("has no transform otherwise", async () => {
    const { graph } = await make();
    expect(graph.named("east-viz").transforms).toEqual([]);
  });
});
