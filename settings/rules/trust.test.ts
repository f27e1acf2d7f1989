import { afterEach, describe, expect, test, vi } from "vitest";

import { parseSettings } from "../parse.ts";
import { certify, days, type Pair } from "../test-certificates.ts";
import { configuration, problemsOf, simulated, type Found } from "../test-examples.ts";

const root = certify("root");
const otherRoot = certify("other root");
const rsaRoot = certify("rsa root", { key: ["rsa:2048"] });
const eastIssuer = certify("east issuer", { signer: root });
const westIssuer = certify("west issuer", { signer: root });
const junk = "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----";

function stack(anchor: object | undefined, east?: Pair, west?: Pair) {
  return configuration({
    ...(anchor ? { trust: { anchor } } : {}),
    clusters: { east: simulated(1, { issuer: east }), west: simulated(2, { issuer: west }) },
  });
}

afterEach(() => {
  vi.useRealTimers();
});

test("an anchor with its key is taken as it is given", () => {
  expect(parseSettings(stack(root)).trust.givenAnchor).toEqual(root);
});

test("an anchor without its key is taken when every cluster brings an issuer that it signed", () => {
  const settings = parseSettings(stack({ certificate: root.certificate }, eastIssuer, westIssuer));
  expect(settings.trust.givenAnchor).toEqual({ certificate: root.certificate, privateKey: undefined });
  expect(settings.clusters.map(({ issuer }) => issuer)).toEqual([eastIssuer, westIssuer]);
});

test("a bundle of two anchors trusts the issuers of both, as a change of anchors needs it", () => {
  const bundle = `${rsaRoot.certificate}\n${root.certificate}`;
  const rsaIssuer = certify("rsa-signed issuer", { signer: rsaRoot });
  expect(() => parseSettings(stack({ certificate: bundle }, eastIssuer, rsaIssuer))).not.toThrow();
});

test("the lifetime of anchors that are made here says nothing about a given one", () => {
  expect(() =>
    parseSettings({ ...stack(root), trust: { anchor: { ...root, lifetime: "1h" } } }),
  ).not.toThrow();
});

test("a given anchor must outlive the issuers that it signs", () => {
  const month = certify("month", { validDays: 30 });
  const withLifetime = (issuerLifetime: string) =>
    configuration({ trust: { anchor: month, issuerLifetime } });
  expect(problemsOf(withLifetime("720h"))).toEqual([
    {
      path: "trust.issuerLifetime",
      value: "720h",
      problem: "is not shorter than the anchor's lifetime of 720h",
    },
  ]);
  expect(() => parseSettings(withLifetime("719h"))).not.toThrow();
});

test("how long issuers live doesn't matter where each cluster brings one", () => {
  const month = certify("month", { validDays: 30 });
  const issuer = (name: string) => certify(name, { signer: month });
  expect(() => parseSettings(stack(month, issuer("east"), issuer("west")))).not.toThrow();
});

const anchorPath = "trust.anchor.certificate";
const badKey = "has a key that linkerd check refuses";

test.each<[string, unknown, Found[]]>([
  [
    "an anchor's key without its certificate",
    stack({ privateKey: root.privateKey }),
    [{ path: "trust.anchor.privateKey", problem: "is given without the certificate it belongs to" }],
  ],
  [
    "an anchor that is no certificate",
    stack({ certificate: junk, privateKey: root.privateKey }),
    [{ path: anchorPath, problem: "can't be read as a certificate" }],
  ],
  [
    "an anchor that is a key by mistake",
    stack({ certificate: root.privateKey, privateKey: root.privateKey }),
    [{ path: anchorPath, problem: "can't be read as a certificate" }],
  ],
  [
    "an anchor that isn't a CA",
    stack(certify("leaf", { isCa: false })),
    [{ path: anchorPath, value: "CN=leaf", problem: "is not a CA certificate" }],
  ],
  [
    "an anchor with an RSA key of 1024 bits",
    stack(certify("weak", { key: ["rsa:1024"] })),
    [{ path: anchorPath, value: "CN=weak", problem: badKey }],
  ],
  [
    "an anchor on another curve",
    stack(certify("curved", { key: ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"] })),
    [{ path: anchorPath, value: "CN=curved", problem: badKey }],
  ],
  [
    "an anchor with an Ed25519 key",
    stack(certify("edwards", { key: ["ed25519"] })),
    [{ path: anchorPath, value: "CN=edwards", problem: badKey }],
  ],
  [
    "a wrong certificate behind a right one",
    stack({ ...root, certificate: `${root.certificate}\n${certify("leaf", { isCa: false }).certificate}` }),
    [{ path: anchorPath, value: "CN=leaf", problem: "is not a CA certificate" }],
  ],
  ...[otherRoot, rsaRoot].map(({ privateKey }, index): [string, unknown, Found[]] => [
    index === 0 ? "the key of another anchor" : "a key of another type than the anchor's",
    stack({ certificate: root.certificate, privateKey }),
    [{ path: "trust.anchor.privateKey", problem: "doesn't belong to the certificate" }],
  ]),
  [
    "an anchor's key that is a certificate by mistake",
    stack({ certificate: root.certificate, privateKey: root.certificate }),
    [{ path: "trust.anchor.privateKey", problem: "can't be read as a private key" }],
  ],
  [
    "an anchor without its key, and clusters without issuers",
    stack({ certificate: root.certificate }),
    [
      {
        path: "clusters.east.issuer",
        problem: "is missing, but the key of the trust anchor isn't here to sign one",
      },
      {
        path: "clusters.west.issuer",
        problem: "is missing, but the key of the trust anchor isn't here to sign one",
      },
    ],
  ],
  [
    "an issuer without an anchor",
    stack(undefined, eastIssuer),
    [
      {
        path: "clusters.east.issuer",
        problem: "is given, but the stack makes a trust anchor of its own, which didn't sign it",
      },
    ],
  ],
  ...[otherRoot, rsaRoot].map((signer, index): [string, unknown, Found[]] => [
    `an issuer of another anchor, ${index === 0 ? "of the same type" : "of another type"}`,
    stack(signer, eastIssuer),
    [
      {
        path: "clusters.east.issuer.certificate",
        value: "CN=east issuer",
        problem: "was not issued by the trust anchor",
      },
    ],
  ]),
  [
    "an issuer that isn't a CA",
    stack(root, certify("east issuer", { signer: root, isCa: false })),
    [
      {
        path: "clusters.east.issuer.certificate",
        value: "CN=east issuer",
        problem: "is not a CA certificate",
      },
    ],
  ],
  [
    "an issuer with an RSA key",
    stack(root, certify("east issuer", { signer: root, key: ["rsa:2048"] })),
    [{ path: "clusters.east.issuer.certificate", value: "CN=east issuer", problem: badKey }],
  ],
  [
    "an issuer that is no certificate",
    stack(root, { ...eastIssuer, certificate: junk }),
    [{ path: "clusters.east.issuer.certificate", problem: "can't be read as a certificate" }],
  ],
  [
    "an issuer with the key of another",
    stack(root, { ...eastIssuer, privateKey: westIssuer.privateKey }),
    [{ path: "clusters.east.issuer.privateKey", problem: "doesn't belong to the certificate" }],
  ],
  [
    "one issuer for two clusters",
    stack(root, eastIssuer, eastIssuer),
    [{ path: "clusters.west.issuer", problem: "is the issuer of clusters.east too" }],
  ],
  ...["1000h", "1001h"].map((issuerLifetime): [string, unknown, Found[]] => [
    `issuers that live ${issuerLifetime} under an anchor of 1000h`,
    configuration({ trust: { anchor: { lifetime: "1000h" }, issuerLifetime } }),
    [
      {
        path: "trust.issuerLifetime",
        value: issuerLifetime,
        problem: "is not shorter than the anchor's lifetime of 1000h",
      },
    ],
  ]),
])("%s: refused", (_, raw, expected) => {
  expect(problemsOf(raw)).toEqual(expected);
});

test("an anchor and an issuer that aren't valid yet are refused", () => {
  const raw = stack(root, eastIssuer);
  vi.useFakeTimers({ now: Date.now() - 24 * 3_600_000, toFake: ["Date"] });
  expect(problemsOf(raw)).toEqual([
    {
      path: anchorPath,
      value: "CN=root",
      problem: expect.stringMatching(/^is not valid before \w+ +\d+ .* GMT$/) as string,
    },
    {
      path: "clusters.east.issuer.certificate",
      value: "CN=east issuer",
      problem: expect.stringMatching(/^is not valid before /) as string,
    },
  ]);
});

test("an expired anchor and an expired issuer are refused", () => {
  const raw = stack(root, eastIssuer);
  expect(() => parseSettings(raw)).not.toThrow();
  vi.useFakeTimers({ now: Date.now() + (days + 1) * 24 * 3_600_000, toFake: ["Date"] });
  expect(problemsOf(raw)).toEqual([
    {
      path: anchorPath,
      value: "CN=root",
      problem: expect.stringMatching(/^expired on \w+ +\d+ .* GMT$/) as string,
    },
    {
      path: "clusters.east.issuer.certificate",
      value: "CN=east issuer",
      problem: expect.stringMatching(/^expired on /) as string,
    },
  ]);
});

describe("generations", () => {
  const problems = (trust: object) => problemsOf(configuration({ trust }));

  test("may be named by numbers, as YAML reads them", () => {
    const { trust } = parseSettings(configuration({ trust: { generations: [1, "next"], signer: 1 } }));
    expect(trust).toMatchObject({ generations: ["1", "next"], signer: "1" });
  });

  test("need a signer where there are several", () => {
    expect(problems({ generations: ["1", "2"] })).toEqual([
      { path: "trust.signer", problem: "is missing, and there are several generations: 1, 2" },
    ]);
  });

  test("can't be signed for by one that isn't trusted, and are there once", () => {
    expect(problems({ generations: ["1", "1"], signer: "2" })).toEqual([
      { path: "trust.generations", value: "1", problem: "is there twice" },
      { path: "trust.signer", value: "2", problem: "is not among the trusted generations: 1, 1" },
    ]);
  });

  test("aren't made beside an anchor that is given", () => {
    const problem = "is about anchors made here, but trust.anchor.certificate gives them";
    expect(problems({ anchor: root, generations: ["1"], signer: "1" })).toEqual([
      { path: "trust.generations", problem },
      { path: "trust.signer", problem },
    ]);
  });
});

test("only issuers that are made here can be renewed", () => {
  const settings = stack({ certificate: root.certificate }, eastIssuer, westIssuer);
  const trust = { anchor: { certificate: root.certificate }, issuerRenewals: { east: 1, north: "a" } };
  expect(problemsOf({ ...settings, trust })).toEqual([
    { path: "trust.issuerRenewals.north", problem: "names no cluster of this stack" },
    { path: "trust.issuerRenewals.east", problem: "is for an issuer that is given, which isn't made here" },
  ]);
});

test("webhooks are renewed on clusters that are there, and each of their CAs is listed once", () => {
  const trust = {
    webhookRenewals: { north: 1 },
    webhookAuthorities: { south: ["1"], east: ["1", "2", "1"] },
  };
  expect(problemsOf(configuration({ trust }))).toEqual([
    { path: "trust.webhookRenewals.north", problem: "names no cluster of this stack" },
    { path: "trust.webhookAuthorities.south", problem: "names no cluster of this stack" },
    { path: "trust.webhookAuthorities.east", value: "1", problem: "is there twice" },
  ]);
});

test("nothing is renewed before it could be used", () => {
  const problem = (setting: string) => `is not shorter than ${setting}, 24h: every update would make it anew`;
  const trust = { issuerLifetime: "24h", webhookLifetime: "24h", renewBefore: "24h" };
  expect(problemsOf(configuration({ trust }))).toEqual([
    { path: "trust.renewBefore", problem: problem("trust.issuerLifetime") },
    { path: "trust.renewBefore", problem: problem("trust.webhookLifetime") },
  ]);
  const { trust: short } = parseSettings(configuration({ trust: { issuerLifetime: "24h" } }));
  expect([short.issuerRenewBefore, short.webhookRenewBefore]).toEqual([6, 720]);
});
