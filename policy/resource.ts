/** What the policies ask of a resource. Secrets arrive here in clear: no message may hold a property. */
import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";

export type Resource = Pick<PolicyResource | ResourceValidationArgs, "type" | "name" | "urn" | "props">;

/** What `read` finds in a resource's properties; undefined where a preview can't know it yet. */
export function known<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // The SDK throws it where an unknown value is touched, and doesn't export its class.
    if (error instanceof Error && error.constructor.name === "UnknownValueError") return undefined;
    throw error;
  }
}

/** The types of all that a resource is a part of, outermost first, and its own. */
export function typesOf({ urn }: Pick<Resource, "urn">): string[] {
  return (urn.split("::")[2] ?? "").split("$");
}

/** Whether it is part of a component of that type. */
export function isPartOf(resource: Pick<Resource, "urn">, type: string): boolean {
  return typesOf(resource).slice(0, -1).includes(type);
}

/** Whether it is of a kind that Pulumi has no type of its own for. */
export function isKind({ type }: Pick<Resource, "type">, group: string, kind: string): boolean {
  const [pkg, groupVersion = "", name] = type.split(":");
  return pkg === "kubernetes" && groupVersion.split("/")[0] === group && name === kind;
}
