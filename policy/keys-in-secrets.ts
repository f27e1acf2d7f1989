import type { ResourceValidationPolicy } from "@pulumi/policy";

import { known } from "./resource.ts";

/** How a PEM private key can be told, and a token: its head is `{"alg":"` in base64. */
const marks = ["PRIVATE KEY-----", "eyJhbGciOiJ"];

/** What base64 makes of `text` wherever it stands in a longer one: three ways, without what depends on its neighbours. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from("\0".repeat(shift) + text).toString("base64");
    const spoilt = Math.ceil((shift * 4) / 3);
    const end = Math.floor(((shift + text.length) * 8) / 6);
    return encoded.slice(spoilt, end);
  });
}

/** A kubeconfig has keys in base64, and a Secret's data would be base64 of that. */
const once = marks.flatMap(inBase64);
const patterns = [...marks, ...once, ...once.flatMap(inBase64)];

function hasKey(value: unknown): boolean {
  if (typeof value === "string") return patterns.some((pattern) => value.includes(pattern));
  if (typeof value !== "object" || value === null) return false;
  return Object.keys(value).some((name) => hasKey(known(() => (value as Record<string, unknown>)[name])));
}

/** What is made to hold keys, and keeps them secret in the state. */
function mayHoldKeys(type: string): boolean {
  return (
    ["kubernetes:core/v1:Secret", "pulumi:providers:kubernetes"].includes(type) || type.startsWith("tls:")
  );
}

export const keysInSecrets: ResourceValidationPolicy = {
  name: "keys-in-secrets",
  description: "Private keys and tokens stand in Secrets and nowhere else.",
  validateResource: ({ type, props }, report) => {
    if (mayHoldKeys(type)) return;
    // Programs get their kubeconfig by the environment: not on a command line, where others see it.
    const isCommand = type === "command:local:Command";
    const holding = Object.keys(props).filter(
      (name) => !(isCommand && name === "environment") && hasKey(known(() => props[name] as unknown)),
    );
    if (holding.length === 0) return;
    report(
      `There is a private key or a token in its ${holding.join(", ")}: put it into a Secret, and refer to that by name.`,
    );
  },
};
