import { X509Certificate, createPrivateKey } from "node:crypto";

import { isUnknown } from "../encrypted.ts";
import type { Problem } from "../problem.ts";
import type { ClusterSettings, GivenCertificate, Settings } from "../settings.ts";

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Certificates of a PEM bundle; undefined for a part that can't be read. */
export function parseBundle(pem: string): (X509Certificate | undefined)[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.length > 0 ? blocks.map(parseCertificate) : [undefined];
}

/** What `linkerd check` accepts (linkerd2 pkg/issuercerts): P-256, for an anchor also RSA of 2048 or 4096 bits. */
function hasSupportedKey(certificate: X509Certificate, isAnchor: boolean): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType === "ec") return asymmetricKeyDetails?.namedCurve === "prime256v1";
  return (
    isAnchor && asymmetricKeyType === "rsa" && [2048, 4096].includes(asymmetricKeyDetails?.modulusLength ?? 0)
  );
}

function certificateProblems(
  path: string,
  certificate: X509Certificate | undefined,
  isAnchor: boolean,
): Problem[] {
  if (certificate === undefined) {
    return [{ path, problem: "can't be read as a certificate", remedy: "paste the certificate as PEM text" }];
  }
  const value = certificate.subject.replaceAll("\n", ", ");
  const problems: Problem[] = [];
  if (!certificate.ca) {
    problems.push({ path, value, problem: "is not a CA certificate", remedy: "create it with CA:TRUE" });
  }
  if (certificate.validToDate.getTime() <= Date.now()) {
    problems.push({ path, value, problem: `expired on ${certificate.validTo}`, remedy: "give a valid one" });
  }
  if (certificate.validFromDate.getTime() > Date.now()) {
    const problem = `is not valid before ${certificate.validFrom}`;
    problems.push({ path, value, problem, remedy: "give a valid one, or set this machine's clock right" });
  }
  if (!hasSupportedKey(certificate, isAnchor)) {
    problems.push({
      path,
      value,
      problem: "has a key that linkerd check refuses",
      remedy: isAnchor ? "use ECDSA P-256 or RSA of 2048 or 4096 bits" : "use ECDSA P-256",
    });
  }
  return problems;
}

function keyProblems(path: string, certificate: X509Certificate | undefined, privateKey: string): Problem[] {
  if (isUnknown(privateKey)) return [];
  try {
    const matches = certificate?.checkPrivateKey(createPrivateKey(privateKey)) ?? true;
    return matches
      ? []
      : [{ path, problem: "doesn't belong to the certificate", remedy: "give the key of that pair" }];
  } catch {
    return [{ path, problem: "can't be read as a private key", remedy: "paste an unencrypted PEM key" }];
  }
}

function anchorProblems({ trust }: Settings): Problem[] {
  if (trust.givenAnchor === undefined) return [];
  const { certificate, privateKey } = trust.givenAnchor;
  const bundle = isUnknown(certificate) ? [] : parseBundle(certificate);
  return [
    ...bundle.flatMap((anchor) => certificateProblems("trust.anchor.certificate", anchor, true)),
    ...(privateKey === undefined ? [] : keyProblems("trust.anchor.privateKey", bundle[0], privateKey)),
  ];
}

function issuerChainProblems(
  path: string,
  issuer: X509Certificate,
  anchors: readonly X509Certificate[],
): Problem[] {
  if (anchors.length === 0 || anchors.some((anchor) => issuer.verify(anchor.publicKey))) return [];
  return [
    {
      path,
      value: issuer.subject.replaceAll("\n", ", "),
      problem: "was not issued by the trust anchor",
      remedy: "sign it with trust.anchor, or add its root to trust.anchor.certificate",
    },
  ];
}

function givenIssuerProblems(name: string, given: GivenCertificate, settings: Settings): Problem[] {
  const path = `clusters.${name}.issuer`;
  const issuer = parseCertificate(given.certificate);
  const anchors = parseBundle(settings.trust.givenAnchor?.certificate ?? "").filter(
    (anchor) => anchor !== undefined,
  );
  const anchorMissing: Problem[] =
    settings.trust.givenAnchor === undefined
      ? [
          {
            path,
            problem: "is given, but the stack makes a trust anchor of its own, which didn't sign it",
            remedy: "give trust.anchor.certificate too, or remove the issuer",
          },
        ]
      : [];
  return [
    ...anchorMissing,
    ...(isUnknown(given.certificate) ? [] : certificateProblems(`${path}.certificate`, issuer, false)),
    ...keyProblems(`${path}.privateKey`, issuer, given.privateKey),
    ...(issuer === undefined ? [] : issuerChainProblems(`${path}.certificate`, issuer, anchors)),
  ];
}

function issuerProblems({ name, issuer }: ClusterSettings, settings: Settings): Problem[] {
  return issuer === undefined ? [] : givenIssuerProblems(name, issuer, settings);
}

/** Clusters that have no issuer, and nobody here who signs one; for manifests it can be in the secret store. */
export function missingIssuerProblems({ trust, clusters }: Settings): Problem[] {
  const { givenAnchor } = trust;
  if (givenAnchor === undefined || givenAnchor.privateKey !== undefined) return [];
  return clusters
    .filter(({ issuer }) => issuer === undefined)
    .map(({ name }) => ({
      path: `clusters.${name}.issuer`,
      problem: "is missing, but the key of the trust anchor isn't here to sign one",
      remedy: "give certificate and privateKey of an issuer, or trust.anchor.privateKey",
    }));
}

function sharedIssuerProblems({ clusters }: Settings): Problem[] {
  return clusters.flatMap(({ name, issuer }, index) => {
    const first = clusters
      .slice(0, index)
      .find((other) => issuer !== undefined && other.issuer?.certificate === issuer.certificate);
    if (first === undefined) return [];
    return [
      {
        path: `clusters.${name}.issuer`,
        problem: `is the issuer of clusters.${first.name} too`,
        remedy: "give each cluster an issuer of its own, so that one can be replaced alone",
      },
    ];
  });
}

/** Hours that the anchor which signs issuers lives: not what is left of them, so that time refuses no settings. */
function anchorLifetime({ givenAnchor, anchorLifetime: lifetime }: Settings["trust"]): number | undefined {
  if (givenAnchor === undefined) return lifetime;
  const [anchor] = parseBundle(givenAnchor.certificate);
  if (givenAnchor.privateKey === undefined || anchor === undefined) return undefined;
  return Math.floor((anchor.validToDate.getTime() - anchor.validFromDate.getTime()) / 3_600_000);
}

function lifetimeProblems({ trust, clusters }: Settings): Problem[] {
  const lifetime = anchorLifetime(trust);
  const isUsed = clusters.some(({ issuer }) => issuer === undefined);
  if (!isUsed || lifetime === undefined || trust.issuerLifetime < lifetime) return [];
  return [
    {
      path: "trust.issuerLifetime",
      value: `${trust.issuerLifetime.toString()}h`,
      problem: `is not shorter than the anchor's lifetime of ${lifetime.toString()}h`,
      remedy: "let issuers expire before the anchor that signs them",
    },
  ];
}

function generationProblems({ trust: { generations, signer, givenAnchor } }: Settings): Problem[] {
  if (givenAnchor !== undefined) return [];
  const path = "trust.signer";
  const value = generations.join(", ");
  const repeated = generations.filter((name, index) => generations.indexOf(name) !== index);
  const problems: Problem[] = repeated.map((name) => ({
    path: "trust.generations",
    value: name,
    problem: "is there twice",
    remedy: "list each generation once",
  }));
  if (signer === undefined) {
    const problem = `is missing, and there are several generations: ${value}`;
    problems.push({ path, problem, remedy: "say which of them signs" });
  } else if (!generations.includes(signer)) {
    const problem = `is not among the trusted generations: ${value}`;
    problems.push({ path, value: signer, problem, remedy: "name one of trust.generations" });
  }
  return problems;
}

function unknownClusterProblems({ trust, clusters }: Settings): Problem[] {
  const settings = ["issuerRenewals", "webhookRenewals", "webhookAuthorities"] as const;
  return settings.flatMap((setting) =>
    Object.keys(trust[setting])
      .filter((name) => clusters.every((cluster) => cluster.name !== name))
      .map((name) => ({
        path: `trust.${setting}.${name}`,
        problem: "names no cluster of this stack",
        remedy: `use one of ${clusters.map((cluster) => cluster.name).join(", ")}`,
      })),
  );
}

function givenIssuerRenewalProblems({ trust, clusters }: Settings): Problem[] {
  return clusters
    .filter(({ name, issuer }) => issuer !== undefined && name in trust.issuerRenewals)
    .map(({ name }) => ({
      path: `trust.issuerRenewals.${name}`,
      problem: "is for an issuer that is given, which isn't made here",
      remedy: `give a new clusters.${name}.issuer instead`,
    }));
}

function authorityProblems({ trust }: Settings): Problem[] {
  return Object.entries(trust.webhookAuthorities).flatMap(([cluster, names]) =>
    names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((value) => ({
        path: `trust.webhookAuthorities.${cluster}`,
        value,
        problem: "is there twice",
        remedy: "list each CA once, the one that signs last",
      })),
  );
}

function renewBeforeProblems({ trust }: Settings): Problem[] {
  const kinds = [
    { setting: "trust.issuerLifetime", lifetime: trust.issuerLifetime, before: trust.issuerRenewBefore },
    { setting: "trust.webhookLifetime", lifetime: trust.webhookLifetime, before: trust.webhookRenewBefore },
  ];
  return kinds
    .filter(({ lifetime, before }) => before >= lifetime)
    .map(({ setting, lifetime }) => ({
      path: "trust.renewBefore",
      problem: `is not shorter than ${setting}, ${lifetime.toString()}h: every update would make it anew`,
      remedy: "renew later, or let it live longer",
    }));
}

export function trustProblems(settings: Settings): Problem[] {
  return [
    ...generationProblems(settings),
    ...unknownClusterProblems(settings),
    ...givenIssuerRenewalProblems(settings),
    ...authorityProblems(settings),
    ...renewBeforeProblems(settings),
    ...anchorProblems(settings),
    ...settings.clusters.flatMap((cluster) => issuerProblems(cluster, settings)),
    ...(settings.manifests === undefined ? missingIssuerProblems(settings) : []),
    ...sharedIssuerProblems(settings),
    ...lifetimeProblems(settings),
  ];
}
