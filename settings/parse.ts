import type { z } from "zod";

import { SettingsError, type Problem } from "./problem.ts";
import { clusterProblems } from "./rules/clusters.ts";
import { linkProblems } from "./rules/links.ts";
import { networkProblems } from "./rules/networks.ts";
import { serviceProblems } from "./rules/services.ts";
import { trustProblems } from "./rules/trust.ts";
import { settingsSchema, type ParsedSettings } from "./schema.ts";
import type { ClusterSettings, KubeconfigSource, Settings, TrustSettings } from "./settings.ts";
import { expandLinks, sortModes } from "./topology.ts";

type ParsedCluster = ParsedSettings["clusters"][string];
type ParsedExisting = Extract<ParsedCluster, { source: "existing" }>;

/** What stands at `path`, and the path itself without an index into a single value that was taken for a list. */
function lookUp(raw: unknown, path: readonly PropertyKey[]): { path: string; value: unknown } {
  let value = raw;
  const walked: string[] = [];
  for (const key of path) {
    if (typeof value !== "object" || value === null) break;
    if (typeof key === "number" && !Array.isArray(value)) break;
    value = (value as Record<PropertyKey, unknown>)[key];
    walked.push(String(key));
  }
  return { path: walked.join("."), value };
}

function keysOf(schemaPath: string, keys: readonly string[]): Problem[] {
  return keys.map((key) => ({
    path: schemaPath === "" ? key : `${schemaPath}.${key}`,
    problem: "is not a setting",
    remedy: "correct its spelling or remove it; docs/settings.md lists every setting",
  }));
}

/** Whether a wrong value may be shown: not where a secret may stand by mistake, in a block or as a certificate. */
function isShown(issue: z.core.$ZodIssue, value: unknown): boolean {
  if (issue.code === "invalid_key" || issue.path.at(-1) === "certificate") return false;
  const wantsBlock = issue.code === "invalid_type" && ["object", "record", "array"].includes(issue.expected);
  return !wantsBlock && typeof value !== "object";
}

function describe(issue: z.core.$ZodIssue, raw: unknown): Problem[] {
  const { path, value } = lookUp(raw, issue.path);
  if (issue.code === "unrecognized_keys") return keysOf(path, issue.keys);
  const nested = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
  const [problem = "", remedy] = (nested ?? issue.message).split(" -> ");
  if (value === undefined) {
    return [{ path, problem: "is missing", remedy: remedy ?? "set it; docs/settings.md says what it means" }];
  }
  const shown = isShown(issue, value) ? { value } : {};
  if (remedy !== undefined) return [{ path, ...shown, problem, remedy }];
  return [{ path, ...shown, problem: `is wrong: ${problem}`, remedy: "docs/settings.md says what it takes" }];
}

function kubeconfigSource(name: string, cluster: ParsedExisting, problems: Problem[]): KubeconfigSource {
  const { context, kubeconfigPath, kubeconfig, stack } = cluster;
  const given = [context, kubeconfig, stack].filter((one) => one !== undefined).length;
  if (given !== 1) {
    problems.push({
      path: `clusters.${name}`,
      problem:
        given === 0
          ? "doesn't say how to reach the cluster"
          : "says in more than one way how to reach the cluster",
      remedy: "give exactly one of context, kubeconfig (a secret) or stack",
    });
  }
  if (kubeconfigPath !== undefined && context === undefined) {
    problems.push({
      path: `clusters.${name}.kubeconfigPath`,
      value: kubeconfigPath,
      problem: "has no context beside it",
      remedy: "name the context in that file which is this cluster",
    });
  }
  if (kubeconfig !== undefined) return { from: "secret", kubeconfig };
  if (stack !== undefined) return { from: "stack", stack: stack.name, output: stack.output };
  return { from: "context", context: context ?? "", path: kubeconfigPath };
}

function toCluster(name: string, parsed: ParsedCluster, problems: Problem[]): ClusterSettings {
  const facts = {
    name,
    podNetworks: parsed.podNetworks ?? [],
    serviceNetworks: parsed.serviceNetworks ?? [],
    clusterDomain: parsed.clusterDomain,
    trustDomain: parsed.trustDomain ?? parsed.clusterDomain,
    apiServer: parsed.apiServer,
    controlPlaneNamespace: parsed.controlPlaneNamespace,
    gateway: parsed.gateway,
    issuer: parsed.issuer,
    values: parsed.values,
  };
  switch (parsed.source) {
    case "k3d": {
      const { source, servers, agents, image, dockerNetwork } = parsed;
      return { ...facts, source, servers, agents, image, dockerNetwork };
    }
    case "simulated":
      return { ...facts, source: parsed.source, nodes: parsed.nodes };
    case "existing":
      return {
        ...facts,
        source: parsed.source,
        kubeconfig: kubeconfigSource(name, parsed, problems),
        kubernetesVersion: parsed.kubernetesVersion,
      };
  }
}

function toTrust(
  { anchor, issuerLifetime, webhookLifetime }: ParsedSettings["trust"],
  problems: Problem[],
): TrustSettings {
  if (anchor.privateKey !== undefined && anchor.certificate === undefined) {
    problems.push({
      path: "trust.anchor.privateKey",
      problem: "is given without the certificate it belongs to",
      remedy: "give trust.anchor.certificate too, or remove the key",
    });
  }
  return {
    anchorLifetime: anchor.lifetime,
    issuerLifetime,
    webhookLifetime,
    givenAnchor:
      anchor.certificate === undefined
        ? undefined
        : { certificate: anchor.certificate, privateKey: anchor.privateKey },
  };
}

/**
 * The stack's configuration as one plain model.
 *
 * @throws SettingsError with every problem that was found, not only the first.
 */
export function parseSettings(raw: unknown): Settings {
  const parsed = settingsSchema.safeParse(raw);
  if (!parsed.success) throw new SettingsError(parsed.error.issues.flatMap((issue) => describe(issue, raw)));

  const problems: Problem[] = [];
  const { environment, linkerd } = parsed.data;
  const clusters = Object.entries(parsed.data.clusters)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, cluster]) => toCluster(name, cluster, problems));
  const expanded = expandLinks(
    parsed.data.links,
    clusters.map(({ name }) => name),
  );
  const settings: Settings = {
    environment,
    linkerd,
    trust: toTrust(parsed.data.trust, problems),
    clusters,
    links: expanded.links,
    services: parsed.data.services.map(({ export: modes, ...service }) => ({
      ...service,
      modes: sortModes(modes),
    })),
  };
  problems.push(
    ...expanded.problems,
    ...clusterProblems(settings),
    ...networkProblems(settings),
    ...linkProblems(settings),
    ...serviceProblems(settings),
    ...trustProblems(settings),
  );
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}
