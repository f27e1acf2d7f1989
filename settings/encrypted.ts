/** Where a stack file is read without the engine, its secrets stay encrypted; this stands for one. */
const mark = "-----BEGIN ENCRYPTED-----";

function isEncrypted(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "secure" in value && typeof value.secure === "string" && Object.keys(value).length === 1;
}

/** Every encrypted value of a configuration, as it stands there. */
export function encryptedIn(value: unknown): string[] {
  if (isEncrypted(value)) return [JSON.stringify(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(encryptedIn) : [];
}

/** Stands for a secret at a path of the configuration. */
export function standIn(path: string): string {
  return `${mark}\n${path}`;
}

/** The configuration with a stand-in for every encrypted value, no two of them equal. */
export function withoutEncrypted(value: unknown, path = ""): unknown {
  if (isEncrypted(value)) return standIn(path);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => withoutEncrypted(item, `${path}.${index.toString()}`));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutEncrypted(item, `${path}.${key}`)]),
  );
}

/** Whether this is the stand-in for a secret, of which nothing can be judged. */
export function isUnknown(value: string): boolean {
  return value.startsWith(mark);
}
