import { describe, expect, test } from "vitest";

import { renewalOf, tokenRenewalOf } from "./renewal.ts";

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

describe("the token before a renewal", () => {
  const first = { asked: undefined, id: undefined, before: undefined };
  const second = { asked: "2", id: "2" };
  const third = { asked: "3", id: "3" };

  test("stays until the next renewal where another part reads it", () => {
    const renewed = tokenRenewalOf(first, second, { stays: true });
    expect(renewed).toEqual({ ...second, before: "" });
    expect(tokenRenewalOf(renewed, second, { stays: true })).toEqual(renewed);
    expect(tokenRenewalOf(renewed, third, { stays: true })).toEqual({ ...third, before: "2" });
  });

  test("goes where one graph knows when it is no longer read, also one that has stayed until then", () => {
    expect(tokenRenewalOf(first, second, { stays: false }).before).toBeUndefined();
    expect(tokenRenewalOf({ ...second, before: "" }, second, { stays: false }).before).toBeUndefined();
  });

  test("isn't there for the first one", () => {
    expect(tokenRenewalOf(undefined, second, { stays: true }).before).toBeUndefined();
    expect(tokenRenewalOf(first, first, { stays: true }).before).toBeUndefined();
  });
});
