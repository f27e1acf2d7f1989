import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";

import { mergeReports, summarize, summarizeUpdate } from "./changes.ts";

const urn = (type: string, name: string) => `urn:pulumi:prod::mesh::${type}::${name}`;
const stack = urn("pulumi:pulumi:Stack", "mesh-prod");
const link = urn("mesh:link:Link", "east-to-west");

/** What the engine says of one resource; what it holds is there too, and must not come out again. */
function step(op: string, type: string, name: string, parent: string, more: object = {}): EngineEvent {
  const state = { type, parent, inputs: { data: "s3cret" }, outputs: { data: "s3cret" } };
  const metadata = { op, urn: urn(type, name), type, old: null, new: state, ...more };
  return { sequence: 1, timestamp: 1, resourcePreEvent: { metadata } } as unknown as EngineEvent;
}

function event(more: object): EngineEvent {
  return { sequence: 1, timestamp: 1, ...more };
}

const secret = "kubernetes:core/v1:Secret";
const component = step("create", "mesh:link:Link", "east-to-west", stack);

describe("changes", () => {
  test("are grouped by component and operation, what is lost first, without what only holds others", () => {
    const { changes, counts } = summarize([
      step("same", "pulumi:pulumi:Stack", "mesh-prod", ""),
      component,
      step("create", secret, "east-to-west-mirror-credentials", link),
      step("create", secret, "east-to-west-destination-credentials", link),
      step("same", secret, "east-to-west-other", link),
      step("delete", secret, "old", stack, { new: null, old: { parent: stack } }),
      step(
        "update",
        "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
        "east/shop/cart-route-route",
        stack,
        {
          detailedDiff: { "spec.rules[0].backendRefs[0].weight": { kind: "update" } },
        },
      ),
    ]);
    expect(changes).toEqual([
      { operation: "delete", component: "old", kinds: ["Secret"], properties: [] },
      {
        operation: "update",
        component: "east/shop/cart-route-route",
        kinds: ["HTTPRoute"],
        properties: ["spec.rules[0].backendRefs[0].weight"],
      },
      { operation: "create", component: "east-to-west", kinds: ["Secret", "Secret"], properties: [] },
    ]);
    expect(counts).toEqual({ delete: 1, replace: 0, update: 1, create: 2 });
  });

  test("of a replacement are one, with what forces it", () => {
    const replaced = ["create-replacement", "replace", "delete-replaced"].map((op) =>
      step(op, secret, "it", stack, { diffs: ["data"] }),
    );
    expect(summarize(replaced).changes).toEqual([
      { operation: "replace", component: "it", kinds: ["Secret"], properties: ["data"] },
    ]);
  });

  test("of a chart's objects are the chart's component's", () => {
    const chart = urn("mesh:linkerd:Linkerd$kubernetes:helm.sh/v4:Chart", "east-linkerd-chart");
    const { changes } = summarize([
      step("same", "mesh:linkerd:Linkerd", "east-linkerd", stack),
      event({
        resourcePreEvent: {
          metadata: {
            op: "same",
            urn: chart,
            type: "kubernetes:helm.sh/v4:Chart",
            new: { parent: urn("mesh:linkerd:Linkerd", "east-linkerd") },
          },
        },
      }),
      step("update", "kubernetes:apps/v1:Deployment", "east-linkerd-chart:linkerd/linkerd-identity", chart),
    ]);
    expect(changes).toMatchObject([{ component: "east-linkerd", kinds: ["Deployment"] }]);
  });
});

test("a refresh tells what differs when it has asked", () => {
  const metadata = {
    op: "update",
    urn: urn(secret, "it"),
    type: secret,
    new: { parent: stack },
    diffs: ["labels"],
  };
  const refresh = step("refresh", secret, "it", stack);
  expect(summarize([refresh, event({ resOutputsEvent: { metadata } })]).changes).toMatchObject([
    { operation: "update", component: "it", properties: ["labels"] },
  ]);
});

test("policies, warnings and errors come without colours, and without where plugins are", () => {
  const report = summarize([
    event({
      policyEvent: {
        resourceUrn: urn("mesh:service:ExportedService", "east/shop/cart"),
        message: "<{%fg 1%}>Only what is marked.<{%reset%}>\nName the clients.\n",
        policyName: "closed-exports",
        enforcementLevel: "mandatory",
      },
    }),
    event({
      diagnosticEvent: { severity: "warning", message: "<{%reset%}>It ends in 3 days.<{%reset%}>\n" },
    }),
    event({ diagnosticEvent: { severity: "warning", message: "using pulumi-resource-tls from $PATH" } }),
    event({ diagnosticEvent: { severity: "warning", ephemeral: true, message: "No pod runs yet." } }),
    event({ diagnosticEvent: { severity: "error", message: "preview failed" } }),
    event({ diagnosticEvent: { severity: "error", message: "preview failed" } }),
    event({ diagnosticEvent: { severity: "info", message: "hello" } }),
  ]);
  expect(report).toMatchObject({
    violations: [
      {
        policy: "closed-exports",
        level: "mandatory",
        resource: "east/shop/cart",
        message: "Only what is marked.\nName the clients.",
      },
    ],
    warnings: ["It ends in 3 days."],
    errors: ["preview failed"],
  });
});

describe("an update that previews itself", () => {
  const violation = event({
    policyEvent: {
      policyName: "closed-gateways",
      enforcementLevel: "mandatory",
      message: "open",
      color: "never",
    },
  });
  const stopped = event({
    diagnosticEvent: {
      severity: "error",
      message: "chart has a problem: grpc: the client connection is closing",
    },
  });
  const made = step("create", secret, "it", stack);
  const proposed = event({ resourcePreEvent: { ...made.resourcePreEvent, planning: true } });

  test("has done what it did then, not what it proposed", () => {
    const done = step("create", secret, "other", stack);
    const { changes, counts } = summarizeUpdate([proposed, done]);
    expect(changes.map((change) => change.component)).toEqual(["other"]);
    expect(counts.create).toBe(1);
  });

  test("has done nothing where the preview was refused, and says why without what followed from it", () => {
    const report = summarizeUpdate([proposed, violation, stopped]);
    expect(report).toMatchObject({ changes: [], counts: { create: 0 }, errors: [] });
    expect(report.violations.map(({ policy }) => policy)).toEqual(["closed-gateways"]);
  });
});

test("what was reported of several stacks is told as of one", () => {
  const none = summarize([]);
  const change = { operation: "create", component: "east", kinds: ["Secret"], properties: [] } as const;
  const one = { ...none, changes: [change], counts: { ...none.counts, create: 1 }, warnings: ["ends soon"] };
  const other = { ...one, errors: ["said no"] };
  expect(mergeReports([])).toEqual(none);
  expect(mergeReports([one, none, other])).toEqual({
    changes: [change, change],
    counts: { delete: 0, replace: 0, update: 0, create: 2 },
    violations: [],
    warnings: ["ends soon"],
    errors: ["said no"],
  });
});
