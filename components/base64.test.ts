import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { valueOf } from "../tests/record.ts";
import { base64 } from "./base64.ts";

test("text becomes the base64 of its UTF-8 bytes", async () => {
  expect(await valueOf(base64("zürich\n"))).toBe("esO8cmljaAo=");
});

test("a secret stays secret", async () => {
  expect(await pulumi.isSecret(base64(pulumi.secret("token")))).toBe(true);
  expect(await pulumi.isSecret(base64("public"))).toBe(false);
});
