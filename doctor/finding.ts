/** One line of what doctor found. */
export interface Finding {
  /** `this machine`, or a cluster. */
  readonly where: string;
  readonly what: string;
  readonly found: string;
  readonly level: "fine" | "warning" | "failed";
  /** What to do about it; nothing where all is well. */
  readonly remedy?: string;
}

/** A line about one place that is fine unless there is a remedy. */
export function finding(
  where: string,
  what: string,
  found: string,
  remedy?: string,
  level: "warning" | "failed" = "failed",
): Finding {
  return remedy === undefined ? { where, what, found, level: "fine" } : { where, what, found, level, remedy };
}
