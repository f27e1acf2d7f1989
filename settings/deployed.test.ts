import { describe, expect, test } from "vitest";

import { isOver, parseDeployed, remainingExpiries } from "./deployed.ts";

const now = new Date("2026-01-01T00:00:00Z");
const past = "2025-12-31T00:00:00Z";
const future = "2027-01-01T00:00:00.123456789Z";

const outputs = {
  environment: "ignored",
  trust: {
    trusted: ["1", "2"],
    signers: { east: "1", west: "1" },
    renewals: { east: "a" },
    anchors: { "1": "one", "2": "two" },
  },
  expires: {
    anchors: { "1": past, "2": future },
    issuers: { east: future, west: future },
    webhooks: { east: { tap: future } },
  },
  kubeconfigs: { east: "config" },
};

describe("the outputs of the last update", () => {
  test("say what is deployed", () => {
    expect(parseDeployed(outputs)).toEqual({
      trust: { trusted: ["1", "2"], signers: { east: "1", west: "1" } },
      renewals: { east: "a" },
      anchors: { "1": "one", "2": "two" },
      ends: outputs.expires,
      kubeconfigs: { east: "config" },
    });
  });

  test("are empty before the first one", () => {
    expect(parseDeployed({})).toMatchObject({ trust: undefined, renewals: {}, anchors: {}, kubeconfigs: {} });
  });

  test("are of generation 1 where they are from before there were generations", () => {
    const old = { mesh: { clusters: { east: {}, west: {} } }, expires: { anchor: future, issuers: {} } };
    expect(parseDeployed(old)).toMatchObject({
      trust: { trusted: ["1"], signers: { east: "1", west: "1" } },
      ends: { anchors: { "1": future } },
    });
  });

  test("say nothing of a given anchor from that time", () => {
    const old = { mesh: { clusters: { east: {} } }, expires: { issuers: {}, webhooks: {} } };
    expect(parseDeployed(old).trust).toBeUndefined();
  });
});

describe("a trust in which no signer is valid any more", () => {
  test("is over", () => {
    expect(isOver(parseDeployed(outputs), now)).toBe(true);
  });

  test("isn't while one is", () => {
    const trust = { ...outputs.trust, signers: { east: "1", west: "2" } };
    expect(isOver(parseDeployed({ ...outputs, trust }), now)).toBe(false);
    expect(isOver(parseDeployed({}), now)).toBe(false);
  });
});

describe("certificates that stay", () => {
  const found = (desired: object) =>
    remainingExpiries(
      parseDeployed(outputs),
      { trusted: ["1", "2"], signers: { east: "1", west: "1" }, renewals: { east: "a" }, ...desired },
      "test",
    ).map(({ what, end }) => `${what} ${end}`);

  test("are the anchors, the issuers and the webhooks' of the clusters", () => {
    expect(found({})).toEqual([
      `The trust anchor 1 of test ${past}`,
      `The trust anchor 2 of test ${future}`,
      `The issuer of east ${future}`,
      `The issuer of west ${future}`,
      `The webhook certificate of tap on east ${future}`,
    ]);
  });

  test("are without what this update drops, renews or signs anew", () => {
    expect(found({ trusted: ["2"], renewals: { east: "b" } })).toEqual([
      `The trust anchor 2 of test ${future}`,
      `The issuer of west ${future}`,
      `The webhook certificate of tap on east ${future}`,
    ]);
    expect(found({ trusted: [], signers: { west: "2" } })).toEqual([]);
  });
});
