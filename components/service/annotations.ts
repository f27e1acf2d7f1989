/** Annotations as a part of an object's metadata, or nothing where there are none. */
export function annotated(annotations: Readonly<Record<string, string>>) {
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}
