import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** What a preview, an update or a refresh does to some resources of one component. */
export interface Change {
  readonly operation: Operation;
  /** The component without a parent that they are a part of, or the resource itself. */
  readonly component: string;
  /** Kinds of the resources, such as `Secret`. */
  readonly kinds: readonly string[];
  /** Paths of the inputs that differ; never their values. */
  readonly properties: readonly string[];
}

export interface Violation {
  readonly policy: string;
  readonly level: string;
  readonly resource: string;
  readonly message: string;
}

/** What the engine reported, without any property. */
export interface Report {
  readonly changes: readonly Change[];
  readonly counts: Readonly<Record<Operation, number>>;
  readonly violations: readonly Violation[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

/** In the order in which a reviewer wants to see them. */
export const operations = ["delete", "replace", "update", "create"] as const;

export type Operation = (typeof operations)[number];

function isOperation(name: string): name is Operation {
  return operations.some((operation) => operation === name);
}

/**
 * What an update did, by its events: an update may preview itself first, and what it only proposes isn't done. Whatever
 * else was found out stays.
 */
export function summarizeUpdate(events: readonly EngineEvent[]): Report {
  return summarize(
    events.filter(
      ({ resourcePreEvent, resOutputsEvent }) => (resourcePreEvent ?? resOutputsEvent)?.planning !== true,
    ),
  );
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function kindOf(type: string): string {
  const kind = type.split(":").at(-1) ?? type;
  return type.startsWith("pulumi:providers:") ? `${kind} provider` : kind;
}

function withoutColours(text: string): string {
  return text.replaceAll(/<\{%.*?%\}>/g, "").trim();
}

/** Components that only hold others say nothing that those don't. */
function isHolder(type: string): boolean {
  return type.startsWith("mesh:") || type === "pulumi:pulumi:Stack";
}

interface Step {
  readonly operation: Operation;
  readonly urn: string;
  readonly type: string;
  readonly properties: readonly string[];
}

function readSteps(events: readonly EngineEvent[]) {
  const parents = new Map<string, string>();
  const steps = new Map<string, Step>();
  for (const { resourcePreEvent, resOutputsEvent } of events) {
    // A refresh learns only from the answer what it has to say.
    const metadata = (resourcePreEvent ?? resOutputsEvent)?.metadata;
    if (metadata === undefined) continue;
    const { op, urn, type } = metadata;
    const parent = (metadata.new ?? metadata.old)?.parent;
    if (parent !== undefined && parent !== "") parents.set(urn, parent);
    if (!isOperation(op) || isHolder(type)) continue;
    const properties = Object.keys(metadata.detailedDiff ?? {});
    steps.set(urn, {
      operation: op,
      urn,
      type,
      properties: properties.length > 0 ? properties : (metadata.diffs ?? []),
    });
  }
  return { parents, steps: [...steps.values()] };
}

function componentOf(urn: string, parents: ReadonlyMap<string, string>): string {
  const parent = parents.get(urn);
  return parent === undefined || parent.includes("::pulumi:pulumi:Stack::")
    ? nameOf(urn)
    : componentOf(parent, parents);
}

function groupSteps(steps: readonly Step[], parents: ReadonlyMap<string, string>): Change[] {
  const groups = Map.groupBy(steps, ({ operation, urn }) => `${operation} ${componentOf(urn, parents)}`);
  const changes = [...groups.values()].map((group) => ({
    operation: group[0]?.operation ?? "update",
    component: componentOf(group[0]?.urn ?? "", parents),
    kinds: group.map(({ type }) => kindOf(type)),
    properties: [...new Set(group.flatMap(({ properties }) => properties))],
  }));
  const order = ({ operation, component }: Change) =>
    `${operations.indexOf(operation).toString()} ${component}`;
  return changes.sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

function messages(events: readonly EngineEvent[], severity: string): string[] {
  const found = events.flatMap(({ diagnosticEvent: said }) =>
    // What a resource is waiting for at the moment is over by the end.
    said?.severity === severity && said.ephemeral !== true ? [withoutColours(said.message)] : [],
  );
  // Where a plugin comes from is news to nobody who reviews.
  return [...new Set(found)].filter((text) => text !== "" && !text.startsWith("using pulumi-"));
}

/** What a provider says that is stopped while it works, since something else has failed. */
function isAftermath(text: string): boolean {
  return text.endsWith("grpc: the client connection is closing");
}

function countsOf(count: (operation: Operation) => number): Report["counts"] {
  return {
    delete: count("delete"),
    replace: count("replace"),
    update: count("update"),
    create: count("create"),
  };
}

export function summarize(events: readonly EngineEvent[]): Report {
  const { parents, steps } = readSteps(events);
  return {
    changes: groupSteps(steps, parents),
    counts: countsOf((operation) => steps.filter((step) => step.operation === operation).length),
    violations: events.flatMap(({ policyEvent }) =>
      policyEvent === undefined
        ? []
        : [
            {
              policy: policyEvent.policyName,
              level: policyEvent.enforcementLevel,
              resource: nameOf(policyEvent.resourceUrn ?? ""),
              message: withoutColours(policyEvent.message),
            },
          ],
    ),
    warnings: messages(events, "warning"),
    errors: messages(events, "error").filter((text) => !isAftermath(text)),
  };
}

/** What was reported of several stacks, as of one. */
export function mergeReports(reports: readonly Report[]): Report {
  return {
    changes: reports.flatMap(({ changes }) => changes),
    counts: countsOf((operation) => reports.reduce((total, { counts }) => total + counts[operation], 0)),
    violations: reports.flatMap(({ violations }) => violations),
    warnings: [...new Set(reports.flatMap(({ warnings }) => warnings))],
    errors: [...new Set(reports.flatMap(({ errors }) => errors))],
  };
}
