import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test, vi } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { stackOf, type Part } from "../../settings/part.ts";
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
async function guard(trust: object, outputs: object, leftOut: readonly string[] = []) {
  const asked: unknown[] = [];
  const warn = vi.spyOn(pulumi.log, "warn").mockClear().mockResolvedValue();
  const settings = parseSettings(configuration({ trust, clusters: { east: simulated(1) } }));
  const { result, graph } = await record(() => guardRotation(settings, undefined, leftOut), {
    answers: (token, inputs) => {
      asked.push([token, inputs]);
      return { outputs };
    },
  });
  expect(graph.resources).toEqual([]);
  return { result, asked, warnings: warn.mock.calls.map(([message]) => message) };
}

describe("the guard", () => {
  test("waits with every step for a cluster that is left out", async () => {
    await expect(guard({ generations: ["1", "2"], signer: "1" }, deployed, ["east"])).rejects.toThrow(
      /trust.generations = "1, 2"\n {4}changes what the clusters trust, while east can't be reached/,
    );
  });

  test("neither renews the issuer of such a cluster nor minds its end", async () => {
    const expires = { ...deployed.expires, issuers: { east: inDays(-1) } };
    const outputs = { ...deployed, expires };
    const { result, warnings } = await guard({ issuerRenewals: { east: 1 } }, outputs, ["east"]);
    expect(result.issuers["east"]?.id).toBeUndefined();
    expect(warnings).toEqual([]);
  });

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

describe("the guard of a part", () => {
  const clusters = { east: simulated(1), west: simulated(2) };

  /** What the guard of a cluster says where the stacks of both have these outputs. */
  async function guardPart(trust: object, outputs: Record<string, object>, part: Part) {
    const settings = parseSettings(configuration({ trust, clusters, split: true }));
    const asked: string[] = [];
    const { result } = await record(() => guardRotation(settings, { part, base: "prod" }), {
      answers: (_token, inputs) => {
        const stack = (inputs as { name: string }).name.split("/")[2] ?? "";
        asked.push(stack);
        // The stand-in's own stack is called test.
        const found = outputs[stack === "test" ? stackOf("prod", part) : stack];
        if (found === undefined) {
          // As the engine says it, over gRPC.
          throw Object.assign(new Error(), { details: `unknown stack "${stack}"` });
        }
        return { outputs: found };
      },
    });
    return { result, asked };
  }

  const trusting = (cluster: string, trusted: string[], signer: string) => ({
    trust: { trusted, signers: { [cluster]: signer }, renewals: {}, anchors: {} },
    expires: { anchors: {}, issuers: { [cluster]: inDays(300) }, webhooks: {} },
  });
  const east = { kind: "cluster", cluster: "east" } as const;

  test("asks nobody else where nothing is a step, and decides for its own cluster", async () => {
    const both = { "prod-cluster-east": trusting("east", ["1"], "1") };
    const { result, asked } = await guardPart({}, both, east);
    expect(asked).toEqual(["test"]);
    expect(result).toMatchObject({ trusted: ["1"], signers: { east: "1" } });
  });

  test("refuses to sign with an anchor that another cluster doesn't trust yet", async () => {
    const outputs = {
      "prod-cluster-east": trusting("east", ["1", "2"], "1"),
      "prod-cluster-west": trusting("west", ["1"], "1"),
    };
    await expect(guardPart({ generations: ["1", "2"], signer: "2" }, outputs, east)).rejects.toThrow(
      "is to sign with 2, which isn't trusted everywhere yet",
    );
  });

  test("refuses to drop an anchor that has signed another cluster's issuer, also where anchors are made", async () => {
    const outputs = {
      "prod-trust": { trust: { trusted: ["1", "2"], signers: {}, renewals: {}, anchors: {} } },
      "prod-cluster-east": trusting("east", ["1", "2"], "2"),
      "prod-cluster-west": trusting("west", ["1", "2"], "1"),
    };
    for (const part of [east, { kind: "trust" } as const]) {
      await expect(guardPart({ generations: ["2"], signer: "2" }, outputs, part)).rejects.toThrow(
        "drops 1, which has signed the issuer of west",
      );
    }
  });

  test("takes a cluster whose stack isn't there for one that trusts nobody", async () => {
    const outputs = { "prod-cluster-east": {} };
    const { result, asked } = await guardPart({}, outputs, east);
    expect(asked).toEqual([
      "test",
      "prod-cluster-east",
      "prod-multicluster-east",
      "prod-cluster-west",
      "prod-multicluster-west",
    ]);
    expect(result.trusted).toEqual(["1"]);
  });

  test("lets no anchor sign that the proxies of an extension don't trust yet", async () => {
    const outputs = {
      "prod-cluster-east": trusting("east", ["1", "2"], "1"),
      "prod-cluster-west": trusting("west", ["1", "2"], "1"),
      "prod-multicluster-west": trusting("west", ["1"], "1"),
    };
    await expect(guardPart({ generations: ["1", "2"], signer: "2" }, outputs, east)).rejects.toThrow(
      "skips a step: one update trusts 2 and signs with 2",
    );
  });

  test("asks nobody whether an extension may follow its cluster, and renews its tokens", async () => {
    const extension = { kind: "multicluster", cluster: "east" } as const;
    const { result, asked } = await guardPart({}, { "prod-multicluster-east": {} }, extension);
    expect(asked).toEqual(["test"]);
    expect(result.signers).toEqual({ east: "1" });
    expect([result.issuers, result.webhooks]).toEqual([{}, {}]);
  });

  test("has nothing to say of links", async () => {
    expect((await guardPart({}, {}, { kind: "links", cluster: "east" })).asked).toEqual([]);
  });
});
