import { X509Certificate } from "node:crypto";

import type { Problem } from "./problem.ts";
import { parseBundle } from "./rules/trust.ts";
import type { ClusterSettings, Settings, TrustSettings } from "./settings.ts";

/**
 * Which anchors every cluster trusts, and which of them signed each cluster's issuer. An anchor's id is its generation,
 * or a fingerprint of one that is given.
 */
export interface TrustState {
  readonly trusted: readonly string[];
  /** By cluster; undefined where no trusted anchor signed the issuer. */
  readonly signers: Readonly<Record<string, string | undefined>>;
}

/** The id of a given anchor. */
export function anchorId(certificate: X509Certificate): string {
  return `sha256:${certificate.fingerprint256.replaceAll(":", "").slice(0, 16).toLowerCase()}`;
}

/** The anchors of a bundle that is given, in its order. */
export function givenAnchors({ givenAnchor }: Pick<TrustSettings, "givenAnchor">): X509Certificate[] {
  if (givenAnchor === undefined) return [];
  return parseBundle(givenAnchor.certificate).filter((anchor) => anchor !== undefined);
}

function signerOf({ issuer }: ClusterSettings, trust: TrustSettings): string | undefined {
  if (trust.givenAnchor === undefined) return trust.signer;
  const anchors = givenAnchors(trust);
  // The first certificate of a bundle is the one that a given key belongs to.
  if (issuer === undefined) return anchors.slice(0, 1).map(anchorId)[0];
  const certificate = new X509Certificate(issuer.certificate);
  return anchors.filter((anchor) => certificate.verify(anchor.publicKey)).map(anchorId)[0];
}

/** What the settings ask for. */
export function desiredTrust({ trust, clusters }: Pick<Settings, "trust" | "clusters">): TrustState {
  const trusted =
    trust.givenAnchor === undefined ? trust.generations : [...new Set(givenAnchors(trust).map(anchorId))];
  return {
    trusted,
    signers: Object.fromEntries(clusters.map((cluster) => [cluster.name, signerOf(cluster, trust)])),
  };
}

/** How one state differs from the next, as far as somebody may depend on it. */
export interface RotationStep {
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** Clusters of both states whose issuer another anchor signs, and that anchor. */
  readonly resigned: readonly { readonly cluster: string; readonly signer: string }[];
}

export function rotationStep(deployed: TrustState, desired: TrustState): RotationStep {
  return {
    added: desired.trusted.filter((id) => !deployed.trusted.includes(id)),
    dropped: deployed.trusted.filter((id) => !desired.trusted.includes(id)),
    resigned: Object.entries(desired.signers).flatMap(([cluster, signer]) =>
      signer === undefined || !(cluster in deployed.signers) || deployed.signers[cluster] === signer
        ? []
        : [{ cluster, signer }],
    ),
  };
}

function isGiven(id: string): boolean {
  return id.startsWith("sha256:");
}

/** Where the stack file says which anchors are trusted. */
export function trustedPath({ trusted }: TrustState): string {
  return trusted.some(isGiven) ? "trust.anchor.certificate" : "trust.generations";
}

/** Where it says what signs a cluster's issuer. */
export function signerPath(cluster: string, signer: string): string {
  return isGiven(signer) ? `clusters.${cluster}.issuer` : "trust.signer";
}

const untrusted = (signer: string) => `is to sign with ${signer}, which isn't trusted everywhere yet`;

function signerProblems(deployed: TrustState, desired: TrustState): Problem[] {
  const found = Object.entries(desired.signers).flatMap(([cluster, signer]) =>
    signer === undefined || deployed.trusted.includes(signer)
      ? []
      : [{ path: signerPath(cluster, signer), value: signer, problem: untrusted(signer) }],
  );
  const remedy = "trust it in an update of its own first, and sign with it in the next one";
  // A generation signs for all clusters: once is enough.
  const isFirst = ({ path }: { path: string }, index: number) =>
    found.findIndex((other) => other.path === path) === index;
  return found.filter(isFirst).map((problem) => ({ ...problem, remedy }));
}

function dropProblems({ dropped }: RotationStep, deployed: TrustState, desired: TrustState): Problem[] {
  return dropped.flatMap((id) => {
    const clusters = Object.keys(deployed.signers).filter((cluster) => deployed.signers[cluster] === id);
    if (clusters.length === 0) return [];
    return [
      {
        path: trustedPath(desired),
        value: desired.trusted.join(", "),
        problem: `drops ${id}, which has signed the issuer of ${clusters.join(", ")}`,
        remedy: `keep ${id} until an update of its own has let another anchor sign`,
      },
    ];
  });
}

function orderProblems(step: RotationStep, desired: TrustState): Problem[] {
  const { added, dropped, resigned } = step;
  const parts = [
    ...(added.length > 0 ? [`trusts ${added.join(", ")}`] : []),
    ...(resigned.length > 0
      ? [`signs with ${[...new Set(resigned.map(({ signer }) => signer))].join(", ")}`]
      : []),
    ...(dropped.length > 0 ? [`drops ${dropped.join(", ")}`] : []),
  ];
  if (parts.length < 2) return [];
  return [
    {
      path: trustedPath(desired),
      value: desired.trusted.join(", "),
      problem: `skips a step: one update ${parts.join(" and ")}`,
      remedy: "make each of these an update of its own, in this order: trust, sign, drop",
    },
  ];
}

/**
 * What makes it unsafe to go from what is deployed to what is asked. Clusters are updated one after the other, so every
 * mixture of both must hold too. A first install may do anything.
 */
export function rotationProblems(deployed: TrustState | undefined, desired: TrustState): Problem[] {
  if (deployed === undefined) return [];
  const step = rotationStep(deployed, desired);
  return [
    ...orderProblems(step, desired),
    ...signerProblems(deployed, desired),
    ...dropProblems(step, deployed, desired),
  ];
}
