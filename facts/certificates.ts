import type { X509Certificate } from "node:crypto";

import { parseBundle } from "../settings/rules/trust.ts";

/** Certificates of a PEM bundle; what can't be read is left out. */
export function certificatesOf(pem: string | undefined): X509Certificate[] {
  if (pem === undefined || pem.trim() === "") return [];
  return parseBundle(pem).filter((certificate) => certificate !== undefined);
}

export function fingerprintsOf(pem: string | undefined): string[] {
  return certificatesOf(pem).map(({ fingerprint256 }) => fingerprint256);
}

/** Whether both bundles have the same certificates, in whatever order. */
export function areSame(one: string | undefined, other: string | undefined): boolean {
  const [first, second] = [one, other].map((pem) => [...new Set(fingerprintsOf(pem))].sort().join());
  return first === second;
}

/** Whether one of the anchors signed it, or is it. */
export function isTrusted(certificate: X509Certificate, anchors: readonly X509Certificate[]): boolean {
  return anchors.some(
    (anchor) =>
      certificate.fingerprint256 === anchor.fingerprint256 ||
      (certificate.checkIssued(anchor) && certificate.verify(anchor.publicKey)),
  );
}
