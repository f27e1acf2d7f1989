import { describe, expect, test } from "vitest";

import { isOver, mergeDeployed, parseDeployed } from "./deployed.ts";

const now = new Date("2026-01-01T00:00:00Z");
const past = "2025-12-31T00:00:00Z";
const future = "2027-01-01T00:00:00.123456789Z";

const outputs = {
  environment: "ignored",
  trust: {
    trusted: ["1", "2"],
    signers: { east: "1", west: "1" },
    anchors: { "1": "one", "2": "two" },
    issuers: { east: { asked: "a", id: "20260101t000000z" }, west: {} },
    webhooks: { east: { asked: "b", id: "b", since: past } },
    webhookAuthorities: { east: ["1", "2"] },
    credentials: { "east-to-west": { since: past } },
  },
  expires: {
    anchors: { "1": past, "2": future },
    issuers: { east: future, west: future },
    webhooks: { east: { tap: future } },
    webhookAuthorities: { east: { "1": future } },
  },
  mesh: {
    clusters: { east: { source: "existing" }, west: {} },
    links: [{ source: "east", target: "west", gateway: "a" }],
    services: [{ service: "west/shop/cart", mirrors: ["east/shop/cart-west"] }],
  },
  kubeconfigs: { east: "config" },
};

describe("the outputs of the last update", () => {
  test("say what is deployed", () => {
    expect(parseDeployed(outputs)).toEqual({
      trust: { trusted: ["1", "2"], signers: { east: "1", west: "1" } },
      issuers: {
        east: { asked: "a", id: "20260101t000000z" },
        west: { asked: undefined, id: undefined },
      },
      webhooks: { east: { asked: "b", id: "b", since: past } },
      webhookAuthorities: { east: ["1", "2"] },
      credentials: { "east-to-west": { asked: undefined, id: undefined, since: past } },
      anchors: { "1": "one", "2": "two" },
      ends: outputs.expires,
      kubeconfigs: { east: "config" },
      clusters: outputs.mesh.clusters,
      links: outputs.mesh.links,
      mirrors: ["east/shop/cart-west"],
    });
  });

  test("are empty before the first one", () => {
    expect(parseDeployed({})).toMatchObject({ trust: undefined, issuers: {}, anchors: {}, kubeconfigs: {} });
  });

  test("know the issuers that an older version renewed", () => {
    const { trusted, signers, anchors } = outputs.trust;
    const older = { trust: { trusted, signers, anchors, renewals: { east: "a" } } };
    expect(parseDeployed(older).issuers).toEqual({
      east: { asked: "a", id: "a" },
      west: { asked: undefined, id: undefined },
    });
  });

  test("are of generation 1 where they are from before there were generations", () => {
    const old = { mesh: { clusters: { east: {}, west: {} } }, expires: { anchor: future, issuers: {} } };
    expect(parseDeployed(old)).toMatchObject({
      trust: { trusted: ["1"], signers: { east: "1", west: "1" } },
      issuers: { east: { asked: undefined, id: undefined } },
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
test("a part that only has links says nothing of trust", () => {
  expect(parseDeployed({ trust: {}, expires: {}, mesh: { clusters: {} } }).trust).toBeUndefined();
});

describe("what several stacks say together", () => {
  const of = (cluster: string, trusted: string[], signer: string) =>
    parseDeployed({
      trust: {
        trusted,
        signers: { [cluster]: signer },
        renewals: {},
        anchors: { [signer]: `pem ${signer}` },
      },
      expires: { issuers: { [cluster]: future } },
      kubeconfigs: { [cluster]: `kubeconfig of ${cluster}` },
    });

  test("is that only what every cluster trusts is trusted, and who signed each", () => {
    const { trust, anchors, kubeconfigs, ends } = mergeDeployed([
      of("east", ["1", "2"], "2"),
      of("west", ["1"], "1"),
      parseDeployed({}),
    ]);
    expect(trust).toEqual({ trusted: ["1"], signers: { east: "2", west: "1" } });
    expect(anchors).toEqual({ "1": "pem 1", "2": "pem 2" });
    expect(Object.keys(kubeconfigs)).toEqual(["east", "west"]);
    expect(ends.issuers).toEqual({ east: future, west: future });
  });

  test("is nothing before the first of them is updated", () => {
    expect(mergeDeployed([parseDeployed({}), parseDeployed({})]).trust).toBeUndefined();
  });
});
