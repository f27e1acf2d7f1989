import type { Planned } from "./planned.ts";
import type { Problem } from "./problem.ts";
import { rotationStep, trustedPath, type TrustState } from "./rotation.ts";
import type { ClusterSettings, LinkSettings } from "./settings.ts";

/** Variable by which the engine is told what to leave as it is; the same as its flag `--exclude`. */
export const exclusionVariable = "PULUMI_OPTION_EXCLUDE";

/** Variable that names clusters which are gone for good, separated by commas. */
export const forgottenVariable = "MESH_FORGET";

/** What the names of resources on a cluster go on with, behind the cluster's own name. */
const onIt = [
  "-identity",
  "-processes",
  "-nodes",
  "-containers",
  "-kubeconfig",
  "-routes",
  "-stack",
  "-linkerd",
  "-to-",
  "-left-out",
];

/** The same for links to a cluster, behind `<source>-to-<cluster>`. */
const towardsIt = [
  "-access",
  "-gateway",
  "-link",
  "-mirrors",
  "-mirror-credentials",
  "-destination-credentials",
  "-destination-restart",
];

type Named = Pick<ClusterSettings, "name">;

/** Routes between the pods of k3d clusters are found out together: one cluster that is away changes all of them. */
const everyPodRoute = "**command:local:Command::*-routes";

/**
 * What the engine must leave as it is for a cluster that can't be reached, as patterns of URNs: all that is on it, and
 * what others have for the links with it.
 */
export function exclusionsOf({ name, source }: Pick<ClusterSettings, "name" | "source">): string[] {
  return [
    `**::${name}`,
    `**::${name}/**`,
    ...onIt.map((rest) => `**::${name}${rest}**`),
    `**::*-to-${name}`,
    ...towardsIt.map((rest) => `**::*-to-${name}${rest}**`),
    ...(source === "k3d" ? [everyPodRoute] : []),
  ];
}

/** The clusters that the engine leaves as they are, by the value of the variable that tells it so. */
export function leftOutClusters(
  clusters: readonly Pick<ClusterSettings, "name" | "source">[],
  exclusions: string | undefined,
): string[] {
  const given = new Set(exclusions?.split(","));
  return clusters
    .filter((cluster) => exclusionsOf(cluster).every((pattern) => given.has(pattern)))
    .map(({ name }) => name);
}

/** The other clusters whose resources have names like those of `name`, so that they would be left out too. */
export function inseparable({ name }: Named, others: readonly Named[]): string[] {
  return others
    .map((other) => other.name)
    .filter(
      (other) =>
        [...onIt, ...towardsIt].some((rest) => other.startsWith(`${name}${rest}`)) ||
        other.endsWith(`-to-${name}`) ||
        other.includes(`-to-${name}-`),
    );
}

/** Values by cluster as they are asked for; for the clusters that are left out, as they are deployed. */
export function withoutChangesOf<T>(
  leftOut: readonly string[],
  asked: Readonly<Record<string, T>>,
  deployed: Readonly<Record<string, T>>,
): Record<string, T> {
  const isLeftOut = ([name]: [string, T]) => leftOut.includes(name);
  return Object.fromEntries([
    ...Object.entries(asked).filter((entry) => !isLeftOut(entry)),
    ...Object.entries(deployed).filter(isLeftOut),
  ]);
}

/** A step of a rotation that one cluster doesn't take would cut it off in the next. */
export function waitingProblems(
  deployed: TrustState | undefined,
  desired: TrustState,
  leftOut: readonly string[],
): Problem[] {
  if (deployed === undefined || leftOut.length === 0) return [];
  const { added, dropped, resigned } = rotationStep(deployed, desired);
  if (added.length + dropped.length + resigned.length === 0) return [];
  return [
    {
      path: trustedPath(desired),
      value: desired.trusted.join(", "),
      problem: `changes what the clusters trust, while ${leftOut.join(", ")} can't be reached`,
      remedy: "wait until all clusters answer, or retire those that never will, as docs/leaving.md says",
    },
  ];
}

/** Names of the links with clusters that are left out. */
export function leftOutLinks(links: readonly LinkSettings[], leftOut: readonly string[]): string[] {
  return links
    .filter(({ source, target }) => leftOut.includes(source) || leftOut.includes(target))
    .map(({ name }) => name);
}

function without<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** What an update does about trust on the clusters that it works on. */
export function planHere(planned: Planned, leftOut: readonly string[], links: readonly string[]): Planned {
  return {
    ...planned,
    signers: without(planned.signers, leftOut),
    issuers: without(planned.issuers, leftOut),
    webhooks: without(planned.webhooks, leftOut),
    credentials: without(planned.credentials, links),
  };
}
