import semver from "semver";

import type { Deployed } from "../deployed.ts";
import type { Problem } from "../problem.ts";
import type { LinkSettings, Settings } from "../settings.ts";

/** The chart version by which each version of Linkerd began, 2.x by its x (https://linkerd.io/releases/). */
const beginnings: readonly (readonly [release: number, chartVersion: string])[] = [
  [17, "2024.11.8"],
  [18, "2025.4.4"],
  [19, "2025.10.7"],
  [20, "2026.6.3"],
];

/** The x of the Linkerd 2.x that a chart version belongs to; undefined where its number doesn't say. */
export function releaseOf(chartVersion: string): number | undefined {
  const major = semver.major(chartVersion);
  if (major === 2) return semver.minor(chartVersion);
  if (major < 2000) return undefined;
  const begun = beginnings.filter(([, first]) => semver.gte(chartVersion, first)).at(-1);
  return begun?.[0] ?? (beginnings[0]?.[0] ?? 0) - 1;
}

/**
 * Whether the releases are more than one version of Linkerd apart, which upstream supports neither between a proxy and
 * what it talks to nor as one step of an upgrade (https://linkerd.io/2/tasks/upgrade/).
 */
function areTooFar(one: string, other: string): boolean {
  const [first, second] = [releaseOf(one), releaseOf(other)];
  return first !== undefined && second !== undefined && Math.abs(first - second) > 1;
}

function named(chartVersion: string): string {
  return `${chartVersion} (Linkerd 2.${(releaseOf(chartVersion) ?? "?").toString()})`;
}

type Versions = Readonly<Record<string, string>>;

function skewProblems(links: readonly LinkSettings[], versions: Versions): Problem[] {
  const pairs = new Map(
    links.map(({ source, target }) => [[source, target].sort().join(), [source, target].sort()]),
  );
  return [...pairs.values()].flatMap(([one = "", other = ""]) => {
    const [first, second] = [versions[one], versions[other]];
    // A link with a cluster that isn't there is another rule's problem.
    if (first === undefined || second === undefined || !areTooFar(first, second)) return [];
    const isAhead = semver.gt(first, second);
    const [older, newer] = isAhead ? [other, one] : [one, other];
    return [
      {
        path: `clusters.${newer}.version`,
        value: isAhead ? first : second,
        problem: `is more than one version of Linkerd ahead of ${named(isAhead ? second : first)} on ${older}, which is linked with it`,
        remedy: `upgrade ${older} first; linked clusters may be one version apart`,
      },
    ];
  });
}

function versionsOf({ clusters }: Pick<Settings, "clusters">): Record<string, string> {
  return Object.fromEntries(clusters.map(({ name, version }) => [name, version]));
}

/** Linked clusters that are too far apart for their proxies to understand each other. */
export function versionProblems(settings: Pick<Settings, "clusters" | "links">): Problem[] {
  return skewProblems(settings.links, versionsOf(settings));
}

/** What is deployed on each cluster; of one that was last updated before versions were kept, nothing. */
function deployedVersions({ clusters }: Pick<Deployed, "clusters">): Record<string, string> {
  return Object.fromEntries(
    Object.entries(clusters).flatMap(([name, cluster]) => {
      const { version } = (cluster ?? {}) as { version?: unknown };
      return typeof version === "string" ? [[name, version] as const] : [];
    }),
  );
}

/** What an update would do too fast: versions of Linkerd that are skipped, forwards or back, and clusters left behind. */
export function upgradeProblems(
  deployed: Pick<Deployed, "clusters">,
  settings: Pick<Settings, "clusters" | "links">,
  leftOut: readonly string[],
): Problem[] {
  const before = deployedVersions(deployed);
  const steps = settings.clusters.flatMap(({ name, version }) => {
    const last = before[name] ?? version;
    if (leftOut.includes(name) || !areTooFar(last, version)) return [];
    return [
      {
        path: `clusters.${name}.version`,
        value: version,
        problem: `skips a version of Linkerd: ${name} runs ${named(last)}`,
        remedy: "go by the version in between, an update each",
      },
    ];
  });
  const behind = settings.links.filter(({ source, target }) =>
    [source, target].some((end) => leftOut.includes(end)),
  );
  const now = { ...versionsOf(settings) };
  for (const name of leftOut) if (before[name] !== undefined) now[name] = before[name];
  return [...steps, ...skewProblems(behind, now)];
}
