import { isDeepStrictEqual } from "node:util";

import type { V1ManagedFieldsEntry } from "@kubernetes/client-node";

/**
 * Fields as `managedFields` name them: `f:` a field, `k:` and `v:` an entry of a list, `.` what they are in itself. Without
 * anything inside, all of it is meant.
 */
export interface Fields {
  readonly [name: string]: Fields;
}

/** What one manager owns of an object. */
export type Entry = Readonly<V1ManagedFieldsEntry>;

/** The provider's, when it applies something. */
const applier = /^pulumi-kubernetes-[0-9a-f]+$/;

/**
 * Those by which people and tools install Linkerd. What controllers write, such as a finalizer of a load balancer's, stays
 * theirs.
 */
const installers = /helm|^kubectl|^linkerd$|^argocd|^kustomize|^before-first-apply$/i;

/** What the provider calls itself when it creates something; it makes that its own before it applies a change. */
const creator = { manager: "pulumi-kubernetes", operation: "Update", fieldsType: "FieldsV1" };

function isApplied({ manager = "", operation, subresource }: Entry): boolean {
  return operation === "Apply" && (subresource ?? "") === "" && applier.test(manager);
}

function fieldsOf({ fieldsV1 }: Entry): Fields {
  return (fieldsV1 ?? {}) as Fields;
}

function timeOf({ time }: Entry): number {
  return time === undefined ? Infinity : new Date(time).getTime();
}

function isEmpty(fields: Fields): boolean {
  return Object.keys(fields).length === 0;
}

/** Fields that are in one of both, or in both. */
export function union(one: Fields, other: Fields): Fields {
  const added = Object.entries(other).map(([name, inside]) => {
    const own = one[name];
    if (own === undefined) return [name, inside] as const;
    const whole = { ".": {} };
    // All of it, and a part of it: both are kept.
    return isEmpty(own) === isEmpty(inside)
      ? ([name, union(own, inside)] as const)
      : ([name, union(isEmpty(own) ? whole : own, isEmpty(inside) ? whole : inside)] as const);
  });
  return { ...one, ...Object.fromEntries(added) };
}

/** Fields of one that the other hasn't. */
export function difference(one: Fields, other: Fields): Fields {
  return Object.fromEntries(
    Object.entries(one).flatMap(([name, inside]): [string, Fields][] => {
      const taken = other[name];
      if (taken === undefined) return [[name, inside]];
      if (isEmpty(inside)) return isEmpty(taken) || "." in taken ? [] : [[name, inside]];
      const left = difference(inside, isEmpty(taken) ? { ".": {} } : taken);
      return isEmpty(left) ? [] : [[name, left]];
    }),
  );
}

/**
 * The entry by which the provider applied something last; one before it is of a state that is lost. Who applies only what is
 * there already gets no time (k8s.io/apimachinery/pkg/util/managedfields, managedFieldsUpdater), so that came last.
 * Undefined where that can't be told.
 */
function lastApplied(entries: readonly Entry[]): Entry | undefined {
  const [last, other] = entries.filter(isApplied).sort((one, another) => timeOf(another) - timeOf(one));
  return last !== undefined && other !== undefined && timeOf(last) === timeOf(other) ? undefined : last;
}

/** With a time, by which a later state tells that it came before. */
function timed(entry: Entry): Entry {
  return { ...entry, time: entry.time ?? new Date() };
}

/** What becomes of an object's `managedFields`. */
export interface Transfer {
  readonly entries: readonly Entry[];
  /** Who owned fields until now. */
  readonly from: readonly string[];
}

/**
 * Makes the provider the owner of what an object's installers wrote, as Kubernetes does it for who goes over to server-side
 * apply (k8s.io/client-go/util/csaupgrade). Undefined where there is nothing to do, or where the provider hasn't applied
 * the object.
 */
export function transferred(entries: readonly Entry[]): Transfer | undefined {
  const ours = lastApplied(entries);
  const isTheirs = (entry: Entry) =>
    entry !== ours &&
    (entry.subresource ?? "") === "" &&
    (installers.test(entry.manager ?? "") || isApplied(entry));
  const theirs = entries.filter(isTheirs);
  if (ours === undefined || theirs.length === 0) return undefined;
  const isCreator = ({ manager, operation }: Entry) =>
    manager === creator.manager && operation === creator.operation;
  const versions = new Map<string, Entry>();
  for (const entry of entries.filter((one) => isCreator(one) || theirs.includes(one))) {
    const { apiVersion = "", time } = entry;
    const known = versions.get(apiVersion);
    const fieldsV1 = union(known === undefined ? {} : fieldsOf(known), fieldsOf(entry));
    versions.set(apiVersion, { ...creator, apiVersion, fieldsV1, ...(time === undefined ? {} : { time }) });
  }
  const kept = entries.filter((one) => !isCreator(one) && !theirs.includes(one));
  return {
    entries: [...kept.map((one) => (one === ours ? timed(one) : one)), ...versions.values()],
    from: [...new Set(theirs.map(({ manager = "" }) => manager))],
  };
}

function isExport({ fieldsV1 }: Entry): boolean {
  const { "f:metadata": { "f:labels": labels } = {} } = (fieldsV1 ?? {}) as {
    "f:metadata"?: { "f:labels"?: Fields };
  };
  return ["exported", "federated"].some((name) => `f:mirror.linkerd.io/${name}` in (labels ?? {}));
}

/**
 * Makes the provider the only owner of what it has put on somebody else's exported Service, so that it goes when the
 * export goes; the rest of the Service stays with its owner. Undefined where there is nothing to do.
 */
export function exportedAlone(entries: readonly Entry[]): Transfer | undefined {
  const ours = lastApplied(entries.filter(isExport));
  if (ours === undefined) return undefined;
  const from: string[] = [];
  const changed = entries.flatMap((entry) => {
    if (entry === ours) return [timed(entry)];
    if ((entry.subresource ?? "") !== "") return [entry];
    const fieldsV1 = difference(fieldsOf(entry), fieldsOf(ours));
    if (isDeepStrictEqual(fieldsV1, entry.fieldsV1)) return [entry];
    from.push(entry.manager ?? "");
    return isEmpty(fieldsV1) ? [] : [{ ...entry, fieldsV1 }];
  });
  return from.length === 0 ? undefined : { entries: changed, from };
}
