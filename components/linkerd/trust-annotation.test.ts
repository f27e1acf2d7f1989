import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { valueOf } from "../../tests/record.ts";
import { withLateValues } from "./late-values.ts";
import { lateTrust, trustAnnotation, trustFingerprint } from "./trust-annotation.ts";

test("the annotation is known before the anchors are, and gets their fingerprint", async () => {
  const rendered = withLateValues({ annotations: trustAnnotation }, lateTrust(pulumi.output("0123")));
  expect(await valueOf(rendered)).toEqual({ annotations: { "mesh/trust": "0123" } });
});

test("the fingerprint changes with the anchors and with the one that signs", async () => {
  const fingerprints = await Promise.all(
    (
      [
        ["a", "1"],
        ["a", "1"],
        ["b", "1"],
        ["a", "2"],
      ] as const
    ).map(([bundle, signer]) => valueOf(trustFingerprint(pulumi.output(bundle), signer))),
  );
  expect(fingerprints[0]).toMatch(/^[0-9a-f]{16}$/);
  expect(fingerprints[1]).toBe(fingerprints[0]);
  expect(new Set(fingerprints).size).toBe(3);
});
