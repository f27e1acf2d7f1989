const collator = new Intl.Collator("en", { numeric: true });

/** `cluster2` before `cluster10`. */
export function compareNames(one: string, other: string): number {
  return collator.compare(one, other) || (one < other ? -1 : Number(one > other));
}

/** The items ordered by a text of each. */
export function orderedBy<T>(items: readonly T[], text: (item: T) => string): T[] {
  return [...items].sort((one, other) => compareNames(text(one), text(other)));
}
