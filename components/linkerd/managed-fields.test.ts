import type { V1ManagedFieldsEntry } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";

import { difference, exportedAlone, transferred, union, type Fields } from "./managed-fields.ts";

const earlier = new Date("2026-01-01T00:00:00Z");
const later = new Date("2026-02-01T00:00:00Z");

function entry(
  manager: string,
  operation: "Apply" | "Update",
  fieldsV1: Fields,
  more: Partial<V1ManagedFieldsEntry> = {},
): V1ManagedFieldsEntry {
  return { manager, operation, apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1, time: later, ...more };
}

function labels(...names: string[]): Fields {
  return { "f:metadata": { "f:labels": Object.fromEntries(names.map((name) => [`f:${name}`, {}])) } };
}

const spec: Fields = { "f:spec": { "f:ports": { 'k:{"port":80}': { ".": {}, "f:port": {} } } } };

describe("fields", () => {
  test("of both are in the union", () => {
    expect(union(labels("a"), { ...labels("b"), ...spec })).toEqual({ ...labels("a", "b"), ...spec });
    // All of it, and one thing in it.
    const both = { "f:data": { ".": {}, "f:key": {} } };
    expect(union({ "f:data": {} }, { "f:data": { "f:key": {} } })).toEqual(both);
    expect(union({ "f:data": { "f:key": {} } }, { "f:data": {} })).toEqual(both);
  });

  test("of the other aren't in the difference", () => {
    expect(difference({ ...labels("a", "b"), ...spec }, labels("a"))).toEqual({ ...labels("b"), ...spec });
    expect(difference(labels("a"), labels("a", "b"))).toEqual({});
    const both = { "f:data": { ".": {}, "f:key": {} } };
    expect(difference(both, { "f:data": {} })).toEqual({ "f:data": { "f:key": {} } });
    expect(difference({ "f:data": {} }, { "f:data": { "f:key": {} } })).toEqual({ "f:data": {} });
    expect(difference({ "f:data": {} }, both)).toEqual({});
  });
});

describe("what is taken over", () => {
  const ours = entry("pulumi-kubernetes-9b70bb1c", "Apply", labels("app"));

  test("belongs to the provider, whoever installed it", () => {
    const helm = entry("helm", "Update", { ...labels("app", "heritage"), ...spec });
    const kubectl = entry("kubectl-client-side-apply", "Update", labels("applied"));
    const lost = entry("pulumi-kubernetes-0ddba11", "Apply", labels("app"), { time: earlier });
    expect(transferred([helm, lost, ours, kubectl])).toEqual({
      entries: [
        ours,
        entry("pulumi-kubernetes", "Update", { ...labels("app", "heritage", "applied"), ...spec }),
      ],
      from: ["helm", "pulumi-kubernetes-0ddba11", "kubectl-client-side-apply"],
    });
  });

  test("is joined with what the provider wrote, for each version of the API", () => {
    const created = entry("pulumi-kubernetes", "Update", labels("created"));
    const older = entry("helm", "Update", labels("old"), { apiVersion: "v1beta1", time: earlier });
    expect(transferred([created, entry("helm", "Update", labels("app")), older, ours])?.entries).toEqual([
      ours,
      entry("pulumi-kubernetes", "Update", labels("created", "app")),
      entry("pulumi-kubernetes", "Update", labels("old"), { apiVersion: "v1beta1", time: earlier }),
    ]);
  });

  test("leaves controllers what is theirs, and whole objects of others", () => {
    const controller = entry("cloud-controller-manager", "Update", { "f:metadata": { "f:finalizers": {} } });
    const scaled = entry("kubectl", "Update", { "f:spec": { "f:replicas": {} } }, { subresource: "scale" });
    expect(transferred([controller, scaled, ours])).toBeUndefined();
    expect(transferred([entry("helm", "Update", spec)])).toBeUndefined();
    const kept = transferred([controller, scaled, ours, entry("helm", "Update", spec)])?.entries;
    expect(kept?.slice(0, 3)).toEqual([controller, scaled, ours]);
  });
});

describe("an exported Service of somebody else's", () => {
  const exported = "mirror.linkerd.io/federated";
  const ours = entry("pulumi-kubernetes-9b70bb1c", "Apply", labels(exported));

  test("loses its labels with the export", () => {
    const owner = entry("kubectl-create", "Update", { ...labels("app", exported), ...spec });
    const labeller = entry("kubectl-label", "Update", labels(exported));
    const lost = entry("pulumi-kubernetes-0ddba11", "Apply", labels(exported), { time: earlier });
    expect(exportedAlone([owner, lost, labeller, ours])).toEqual({
      entries: [entry("kubectl-create", "Update", { ...labels("app"), ...spec }), ours],
      from: ["kubectl-create", "pulumi-kubernetes-0ddba11", "kubectl-label"],
    });
  });

  test("is ours by what was applied last, though that has changed nothing and so has no time", () => {
    const { time: _, ...untimed } = ours;
    const lost = entry("pulumi-kubernetes-0ddba11", "Apply", labels(exported));
    const transfer = exportedAlone([untimed, lost]);
    expect(transfer?.from).toEqual(["pulumi-kubernetes-0ddba11"]);
    // With a time, so that the next state that comes after a lost one is told from it.
    expect(transfer?.entries).toEqual([{ ...untimed, time: expect.any(Date) as Date }]);
    const { time: __, ...alike } = lost;
    expect(exportedAlone([untimed, alike])).toBeUndefined();
  });

  test("stays as it is where nobody else says that it is exported", () => {
    const owner = entry("kubectl-create", "Update", { ...labels("app"), ...spec });
    const other = entry("pulumi-kubernetes-5ca1ab1e", "Apply", labels("team"));
    expect(exportedAlone([owner, other, ours])).toBeUndefined();
    expect(exportedAlone([owner, other])).toBeUndefined();
  });
});
