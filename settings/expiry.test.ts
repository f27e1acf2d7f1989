import { expect, test } from "vitest";

import { expiryFindings, type Expiry } from "./expiry.ts";

const now = new Date("2026-01-01T00:00:00Z");
const issuer: Expiry = {
  path: "trust.issuerRenewals.east",
  what: "The issuer of east",
  end: "2026-01-31T00:00:00Z",
  remedy: "renew it",
  afterEnd: undefined,
};

test("nothing is said of what is valid for longer, or of whose end nothing is known", () => {
  expect(expiryFindings([issuer, { ...issuer, end: "" }], 29 * 24, now)).toEqual({
    warnings: [],
    problems: [],
  });
});

test("what ends soon is a line that says when, and the way to a new one", () => {
  expect(expiryFindings([issuer], 1_440, now).warnings).toEqual([
    "The issuer of east expires in 30 days, on 2026-01-31T00:00:00Z: renew it.",
  ]);
  expect(expiryFindings([{ ...issuer, end: "2026-01-01T07:30:00.123456789Z" }], 1, now).warnings).toEqual([]);
  expect(expiryFindings([{ ...issuer, end: "2026-01-01T07:30:00.123456789Z" }], 8, now).warnings).toEqual([
    "The issuer of east expires in 7 hours, on 2026-01-01T07:30:00.123456789Z: renew it.",
  ]);
});

test("what has ended is a problem, unless there is something else to say", () => {
  const ended = { ...issuer, end: "2025-12-31T23:59:59Z" };
  expect(expiryFindings([ended], 1, now)).toEqual({
    warnings: [],
    problems: [
      {
        path: "trust.issuerRenewals.east",
        problem: "The issuer of east expired on 2025-12-31T23:59:59Z",
        remedy: "renew it",
      },
    ],
  });
  expect(expiryFindings([{ ...ended, afterEnd: "this update makes a new one" }], 1, now)).toEqual({
    warnings: ["The issuer of east expired on 2025-12-31T23:59:59Z: this update makes a new one."],
    problems: [],
  });
});
