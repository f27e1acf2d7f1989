import { describe, expect, test } from "vitest";

import { parseDeployed } from "./deployed.ts";
import { parseSettings } from "./parse.ts";
import type { Part } from "./part.ts";
import { plannedOf, plannedRenewals, remainingExpiries } from "./planned.ts";
import { desiredTrust } from "./rotation.ts";
import { configuration } from "./test-examples.ts";

const now = new Date("2026-01-01T00:00:00Z");
const past = "2025-12-31T00:00:00Z";
const soon = "2026-01-20T00:00:00Z";
const future = "2027-01-01T00:00:00.123456789Z";

const deployed = parseDeployed({
  trust: {
    trusted: ["1", "2"],
    signers: { east: "1", west: "1" },
    anchors: {},
    issuers: { east: { asked: "a", id: "a" }, west: {} },
    webhooks: { east: { since: past }, west: { since: past } },
    webhookAuthorities: { east: ["1"], west: ["1"] },
    credentials: { "east-to-west": { since: "2025-12-01T00:00:00Z" }, "west-to-east": { since: past } },
  },
  expires: {
    anchors: { "1": past, "2": future },
    issuers: { east: future, west: soon },
    webhooks: { east: { tap: future, "tap-injector": soon }, west: { tap: future } },
    webhookAuthorities: { east: { "1": future } },
  },
});

const trust = { generations: ["1", "2"], signer: "1", issuerRenewals: { east: "a" } };

function settingsWith(more: { trust?: object; credentials?: object } = {}) {
  const links = { topology: "mesh", credentials: more.credentials ?? {} };
  return parseSettings(configuration({ trust: { ...trust, ...more.trust }, links }));
}

function plan(more: Parameters<typeof settingsWith>[0] = {}) {
  const settings = settingsWith(more);
  return { settings, planned: { ...desiredTrust(settings), ...plannedRenewals(deployed, settings, now) } };
}

/** Ids of what an update is to leave. */
function ids(more: Parameters<typeof settingsWith>[0] = {}) {
  const { issuers, webhooks, credentials } = plan(more).planned;
  const idsOf = (renewals: typeof issuers) =>
    Object.fromEntries(Object.entries(renewals).map(([name, { id }]) => [name, id]));
  return { issuers: idsOf(issuers), webhooks: idsOf(webhooks), credentials: idsOf(credentials) };
}

describe("what an update makes anew", () => {
  test("is what ends within thirty days, and no token unless by age", () => {
    expect(ids()).toEqual({
      issuers: { east: "a", west: "20251221t000000z" },
      webhooks: { east: "20251221t000000z", west: undefined },
      credentials: { "east-to-west": undefined, "west-to-east": undefined },
    });
  });

  test("is what ends within the time that is asked for", () => {
    expect(ids({ trust: { renewBefore: "24h" } })).toMatchObject({
      issuers: { east: "a", west: undefined },
      webhooks: { east: undefined, west: undefined },
    });
  });

  test("is what is asked for, and nothing beside it", () => {
    const renewals = { issuerRenewals: { east: "b" }, webhookRenewals: { west: 1 }, renewBefore: "1h" };
    expect(ids({ trust: renewals, credentials: { renewals: { "west-to-east": 1 } } })).toEqual({
      issuers: { east: "b", west: undefined },
      webhooks: { east: undefined, west: "1" },
      credentials: { "east-to-west": undefined, "west-to-east": "1" },
    });
  });

  test("is a token that has its age", () => {
    expect(ids({ credentials: { lifetime: "720h" } }).credentials).toEqual({
      "east-to-west": "20251231t000000z",
      "west-to-east": undefined,
    });
    expect(ids({ credentials: { lifetime: "30m" } }).credentials).toEqual({
      "east-to-west": "20251201t003000z",
      "west-to-east": "20251231t003000z",
    });
  });
});

test("the token before stays in a part alone: another part reads it", () => {
  const settings = settingsWith({ credentials: { renewals: { "west-to-east": 1 } } });
  const before = (part: Part) => plannedOf(settings, part, deployed, now).credentials["west-to-east"]?.before;
  expect(before({ kind: "multicluster", cluster: "east" })).toBe("");
  expect(before({ kind: "whole" })).toBeUndefined();
});

describe("what stays", () => {
  const found = (more: Parameters<typeof settingsWith>[0] = {}) => {
    const { settings, planned } = plan(more);
    return remainingExpiries(deployed, planned, settings).map(({ what, end }) => `${what} ${end}`);
  };

  test("are anchors, issuers, webhooks' certificates and their CAs, without what is renewed", () => {
    expect(found()).toEqual([
      `The trust anchor 1 of test ${past}`,
      `The trust anchor 2 of test ${future}`,
      `The issuer of east ${future}`,
      `The webhook certificate of tap on west ${future}`,
      `The CA 1 of the webhooks of east ${future}`,
      "The CA 1 of the webhooks of west ",
    ]);
  });

  test("is without what this update drops or signs anew", () => {
    expect(found({ trust: { generations: ["2"], signer: "2" } })).not.toContainEqual(
      expect.stringMatching(/anchor 1|issuer/),
    );
  });

  test("are tokens that are renewed by age", () => {
    expect(found({ credentials: { lifetime: "48h" } }).slice(-1)).toEqual([
      "The token of the link west-to-east 2026-01-02T00:00:00.000Z",
    ]);
  });
});
