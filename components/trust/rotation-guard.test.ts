import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test, vi } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, simulated } from "../../settings/test-examples.ts";
import { record } from "../../tests/record.ts";
import { guardRotation } from "./rotation-guard.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const day = 24 * 3_600_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();

const deployed = {
  trust: { trusted: ["1"], signers: { east: "1" }, renewals: {}, anchors: {} },
  expires: { anchors: { "1": inDays(1_000) }, issuers: { east: inDays(300) }, webhooks: {} },
};

/** What the guard answers, and what it warned of. */
async function guard(trust: object, outputs: object) {
  const asked: unknown[] = [];
  const warn = vi.spyOn(pulumi.log, "warn").mockClear().mockResolvedValue();
  const settings = parseSettings(configuration({ trust, clusters: { east: simulated(1) } }));
  const { result, graph } = await record(() => guardRotation(settings), {
    answers: (token, inputs) => {
      asked.push([token, inputs]);
      return { outputs };
    },
  });
  expect(graph.resources).toEqual([]);
  return { result, asked, warnings: warn.mock.calls.map(([message]) => message) };
}

describe("the guard", () => {
  test("asks for this stack's own outputs, and answers what is wanted", async () => {
    const { result, asked, warnings } = await guard({ generations: ["1", "2"], signer: "1" }, deployed);
    expect(asked).toEqual([["pulumi:pulumi:readStackOutputs", { name: "organization/mesh/test" }]]);
    expect(result).toEqual({
      trusted: ["1", "2"],
      signers: { east: "1" },
      issuers: { east: { asked: undefined, id: undefined } },
      webhooks: { east: { asked: undefined, id: undefined } },
      credentials: {},
    });
    expect(warnings).toEqual([]);
  });

  test("warns of what ends soon, whatever the update does", async () => {
    const expires = { ...deployed.expires, issuers: { east: inDays(40.5) } };
    const { warnings } = await guard({}, { ...deployed, expires });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^The issuer of east expires in 40 days, on .*: set trust.issuerRenewals.east to another value/,
    );
    expect((await guard({ issuerRenewals: { east: 1 } }, { ...deployed, expires })).warnings).toEqual([]);
  });

  test("renews what is about to end, so that there is nothing to warn of", async () => {
    const end = inDays(-1);
    const expires = { ...deployed.expires, issuers: { east: end } };
    const { result, warnings } = await guard({}, { ...deployed, expires });
    expect(result.issuers["east"]?.id).toMatch(/^\d{8}t\d{6}z$/);
    expect(warnings).toEqual([]);
  });

  test("refuses everything at once that is wrong", async () => {
    await expect(guard({ generations: ["2"] }, deployed)).rejects.toThrow(/The settings have 3 problems/);
    const trust = { ...deployed.trust, webhookAuthorities: { east: ["1"] } };
    await expect(
      guard({ generations: ["2"], webhookAuthorities: { east: ["2"] } }, { ...deployed, trust }),
    ).rejects.toThrow(/The settings have 4 problems; [^]*trust.webhookAuthorities.east = "2"\n {4}drops 1/);
  });

  test("lets a trust whose anchor has expired be replaced in one update", async () => {
    const expires = { ...deployed.expires, anchors: { "1": inDays(-1) } };
    const { result } = await guard({ generations: ["2"] }, { ...deployed, expires });
    expect(result.trusted).toEqual(["2"]);
    const both = await guard({ generations: ["1", "2"], signer: "2" }, { ...deployed, expires });
    expect(both.warnings.join()).toMatch(/^The trust anchor 1 of test expired on .*: drop it/);
    await expect(guard({}, { ...deployed, expires })).rejects.toThrow(/The trust anchor 1 of test expired/);
  });
});
