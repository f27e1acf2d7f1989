import { expect, test } from "vitest";

import { parseCall } from "./output.ts";
import { UsageError } from "./terminal/usage.ts";

test.each([
  [["sim"], { stack: "sim", names: [] }],
  [["sim", "trust"], { stack: "sim", names: ["trust"] }],
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
