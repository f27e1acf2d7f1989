import { expect, test } from "vitest";

import { parseCall, pick } from "./output.ts";
import { UsageError } from "./terminal/usage.ts";

test.each([
  [["sim"], { stack: "sim", name: undefined }],
  [["sim", "trust"], { stack: "sim", name: "trust" }],
])("%j is a call", (args, call) => {
  expect(parseCall(args)).toEqual(call);
});

// Secrets stay hidden: what shows them is the engine's own command.
test.each([[[]], [["sim", "--show-secrets"]], [["--json"]], [["sim", "trust", "expires"]]])(
  "%j isn't",
  (args) => {
    expect(() => parseCall(args)).toThrow(UsageError);
  },
);

test("one output is picked, and a name that there isn't is told with those that there are", () => {
  const outputs = { trust: { trusted: ["1"] }, expires: {} };
  expect(pick(outputs, "trust")).toEqual({ trusted: ["1"] });
  expect(pick(outputs, undefined)).toEqual(outputs);
  expect(() => pick(outputs, "trsut")).toThrow("It has no trsut; it has trust, expires.");
});
