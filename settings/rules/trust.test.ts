import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test, vi } from "vitest";

import { parseSettings } from "../parse.ts";
import { configuration, problemsOf, simulated, type Found } from "../test-examples.ts";

interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

interface Wanted {
  readonly key?: string[];
  readonly isCa?: boolean;
  readonly signer?: Pair;
  readonly validDays?: number;
}

const p256 = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const days = 3650;

/** A certificate with the name `subject`, signed by itself unless by a signer. */
function certify(subject: string, { key = p256, isCa = true, signer, validDays = days }: Wanted = {}): Pair {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  try {
    openssl(
      "req",
      "-new",
      "-newkey",
      ...key,
      "-nodes",
      "-keyout",
      "key.pem",
      "-out",
      "request.pem",
      "-subj",
      `/CN=${subject}`,
    );
    writeFileSync(join(folder, "extensions"), `basicConstraints=critical,CA:${isCa ? "TRUE" : "FALSE"}\n`);
    writeFileSync(join(folder, "signer.pem"), signer?.certificate ?? "");
    writeFileSync(join(folder, "signer-key.pem"), signer?.privateKey ?? "");
    const signed = signer
      ? ["-CA", "signer.pem", "-CAkey", "signer-key.pem", "-set_serial", "2"]
      : ["-signkey", "key.pem"];
    openssl(
      "x509",
      "-req",
      "-in",
      "request.pem",
      ...signed,
      "-days",
      validDays.toString(),
      "-extfile",
      "extensions",
      "-out",
      "certificate.pem",
    );
    return { certificate: read("certificate.pem").trim(), privateKey: read("key.pem").trim() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

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
