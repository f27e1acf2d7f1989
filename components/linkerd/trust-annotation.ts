import { createHash } from "node:crypto";

import type * as pulumi from "@pulumi/pulumi";

import type { LateValues } from "./late-values.ts";
import { placeholderFor } from "./late-values.ts";

const lateName = "trust-fingerprint";

/**
 * Proxies read the anchors when they start, and keep a certificate for a day: pods whose template has this annotation
 * are rolled with every change of the anchors or of the one that signs.
 */
export const trustAnnotation = { "mesh/trust": placeholderFor(lateName) };

export function lateTrust(fingerprint: pulumi.Output<string>): LateValues {
  return { [lateName]: fingerprint };
}

/** A short text that changes with the anchors and with the one that signs a cluster's issuer. */
export function trustFingerprint(bundle: pulumi.Output<string>, signer: string): pulumi.Output<string> {
  return bundle.apply((text) => createHash("sha256").update(`${text}\n${signer}`).digest("hex").slice(0, 16));
}
