import { parseBundle } from "../../settings/rules/trust.ts";

/** Identifiers by which a verifier finds the certificate that signed another one. */
export const subjectKeys = { setSubjectKeyId: true, setAuthorityKeyId: true } as const;

/** When each certificate of a PEM bundle expires, RFC 3339, of those that can be read. */
export function endsOf(bundle: string): string[] {
  return parseBundle(bundle).flatMap((certificate) => certificate?.validToDate.toISOString() ?? []);
}
