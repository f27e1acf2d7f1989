import { createHash } from "node:crypto";

/** Where a secret value is in the store. */
export interface Reference {
  readonly key: string;
  readonly property: string;
}

const prefix = "REFERENCE-";

/** Stands for a value that the store has under the Secret's own key and name. */
export const ownReference = `${prefix}own`;

/** Texts that stand for values in the secret store, until the objects with them are turned into references. */
export class References {
  private readonly known = new Map<string, Reference>();

  /** The text that stands for a value. */
  mark(reference: Reference): string {
    const hash = createHash("sha256").update(`${reference.key} ${reference.property}`).digest("hex");
    const mark = `${prefix}${hash.slice(0, 24)}`;
    this.known.set(mark, reference);
    return mark;
  }

  /** The references whose marks, as they are or in base64, are in a text. */
  in(text: string): { readonly mark: string; readonly reference: Reference }[] {
    return [...this.known]
      .filter(([mark]) => text.includes(mark) || text.includes(toBase64(mark)))
      .map(([mark, reference]) => ({ mark, reference }));
  }

  get all(): readonly Reference[] {
    return [...this.known.values()];
  }
}

export function isMark(text: string): boolean {
  return text.includes(prefix) || text.includes(toBase64(prefix).slice(0, 12));
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

export function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString();
}
