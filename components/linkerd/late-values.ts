import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";

/**
 * Chart values that are only learnt at run time, such as certificates, by name.
 *
 * A chart with an unknown value shows nothing in its first preview. So the chart gets a fixed placeholder, and the
 * rendered objects get the value: every object is previewed, and only these fields are unknown.
 */
export type LateValues = Readonly<Record<string, pulumi.Output<string>>>;

const toBase64 = (text: string) => Buffer.from(text).toString("base64");
const toSha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** How charts write a value down: as it is, in base64 (`caBundle`), or as a hash (`linkerd.io/trust-root-sha256`). */
const encodings = [(text: string) => text, toBase64, toSha256];

/** The text that stands for a late value in the chart's values. */
export function placeholderFor(name: string): string {
  return `LATE-VALUE-${name}`;
}

function hasPlaceholder(text: string, name: string): boolean {
  const placeholder = placeholderFor(name);
  return text.includes(placeholder) || encodings.some((encode) => text.trim() === encode(placeholder));
}

/** `text` with the placeholder of `name` replaced by `value`, encoded as the chart encoded the placeholder. */
export function replacePlaceholder(text: string, name: string, value: string): string {
  const placeholder = placeholderFor(name);
  const encoding = encodings.find((encode) => text.trim() === encode(placeholder));
  // Inside a YAML document (linkerd-config) a plain scalar becomes a quoted one. PEM text has nothing else to escape.
  return encoding === undefined
    ? text.replaceAll(placeholder, `"${value.replaceAll("\n", "\\n")}"`)
    : encoding(value);
}

function replaceText(text: string, late: LateValues): pulumi.Input<string> {
  const found = Object.entries(late).filter(([name]) => hasPlaceholder(text, name));
  if (found.length === 0) return text;
  return pulumi
    .all(found.map(([, value]) => value))
    .apply((values) =>
      found.reduce(
        (replaced, [name], index) => replacePlaceholder(replaced, name, values[index] ?? ""),
        text,
      ),
    );
}

/** The properties of a rendered object, with every placeholder replaced by its late value; itself where it has none. */
export function withLateValues(value: unknown, late: LateValues): unknown {
  if (typeof value === "string") return replaceText(value, late);
  if (typeof value !== "object" || value === null || pulumi.Output.isInstance(value)) return value;
  const before = Object.entries(value);
  const after = before.map(([key, item]) => [key, withLateValues(item, late)] as const);
  if (after.every(([, item], index) => item === before[index]?.[1])) return value;
  return Array.isArray(value) ? after.map(([, item]) => item) : Object.fromEntries(after);
}

/** Replaces placeholders in the objects that a chart renders, not in the chart itself. */
export function lateValuesTransform(late: LateValues): pulumi.ResourceTransform {
  return ({ custom, props, opts }) => {
    const replaced = custom ? (withLateValues(props, late) as object) : props;
    return replaced === props ? undefined : { props: replaced, opts };
  };
}
