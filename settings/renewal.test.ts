import { describe, expect, test } from "vitest";

import { renewalOf } from "./renewal.ts";

const now = new Date("2026-01-31T12:00:00Z");
const past = new Date("2026-01-31T11:59:59.123Z");
const future = new Date("2026-01-31T12:00:01Z");

describe("a renewal", () => {
  test("is what is asked, of what isn't deployed yet", () => {
    expect(renewalOf(undefined, undefined, past, now)).toEqual({ asked: undefined, id: undefined });
    expect(renewalOf("1", undefined, past, now)).toEqual({ asked: "1", id: "1" });
  });

  test("is what is asked, where that is another thing now, due or not", () => {
    const deployed = { asked: "1", id: "1" };
    expect(renewalOf("2", deployed, past, now)).toEqual({ asked: "2", id: "2" });
    expect(renewalOf(undefined, deployed, future, now)).toEqual({ asked: undefined, id: undefined });
  });

  test("stays what is deployed until that is due", () => {
    const deployed = { asked: "1", id: "20250101t000000z" };
    expect(renewalOf("1", deployed, future, now)).toBe(deployed);
    expect(renewalOf("1", deployed, undefined, now)).toBe(deployed);
    expect(renewalOf("1", deployed, new Date(""), now)).toBe(deployed);
  });

  test("is named after the time at which it was due, so that a preview and its update mean the same", () => {
    const expected = { asked: "1", id: "20260131t115959z" };
    expect(renewalOf("1", { asked: "1", id: "1" }, past, now)).toEqual(expected);
    expect(renewalOf("1", { asked: "1", id: "1" }, past, new Date("2026-02-01T00:00:00Z"))).toEqual(expected);
  });
});
