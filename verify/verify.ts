import type { ClusterAnswer, ClusterFacts } from "../facts/facts.ts";
import type { ClusterSettings, LinkSettings, Mode, Settings } from "../settings/settings.ts";
import type { Calls } from "./calls/call-over.ts";
import { callsChecks, judgeCalls, resultOf, type CallsResult } from "./calls/judge.ts";
import type { ClusterCheck, Judgement, LinkCheck, Mesh, Trouble } from "./check.ts";
import { clusterChecks } from "./cluster-checks.ts";
import { linkChecks } from "./link-checks.ts";

export type Level = "failed" | "warning";

/** One thing that is wrong, with what to do about it. */
export interface Finding {
  readonly check: string;
  /** A cluster, or `source -> target`. */
  readonly subject: string;
  readonly level: Level;
  readonly problem: string;
  readonly cause: string;
  readonly fix: string;
  readonly docs: string;
}

/** A check that couldn't be made. */
export interface Skipped {
  readonly check: string;
  readonly subject: string;
  readonly reason: string;
}

export type Health = "healthy" | "warning" | "failed" | "unknown";

export interface ClusterResult {
  readonly name: string;
  readonly health: Health;
  readonly kubernetes: string | undefined;
  readonly linkerd: string | undefined;
}

export interface LinkResult {
  readonly source: string;
  readonly target: string;
  readonly carries: readonly Mode[];
  readonly health: Health;
  /** Mirrors and federated services that the link is a part of. */
  readonly mirrors: number;
  /** What came of calls over it; nothing where none were asked for. */
  readonly calls: readonly CallsResult[];
}

export interface Verification {
  readonly environment: string;
  /** RFC 3339. */
  readonly time: string;
  readonly isHealthy: boolean;
  readonly clusters: readonly ClusterResult[];
  readonly links: readonly LinkResult[];
  readonly findings: readonly Finding[];
  readonly skipped: readonly Skipped[];
  /** How many checks were made. */
  readonly checks: number;
}

/** What every check's failure is explained under. */
export function docsOf(check: string): string {
  return `docs/checks.md#${check}`;
}

/** The check that a cluster answers at all, which is made by asking it. */
export const reachable = {
  id: "reachable",
  holds: "The cluster's API server answers, and lets the person who asks read what is judged.",
  cause: "It is down, or can't be reached from here, or the kubeconfig's credentials are over.",
  fix: "Try npm run kubectl -- STACK CLUSTER version. The other clusters are judged without it.",
};

function linkName({ source, target }: Pick<LinkSettings, "source" | "target">): string {
  return `${source} -> ${target}`;
}

/** Commands as they can be run: with the names of the stack, the cluster or the link's two. */
function withNames(text: string, stack: string, subject: string): string {
  const [cluster = "", target = ""] = subject.split(" -> ");
  return text.replaceAll("STACK", stack).replaceAll("CLUSTER", cluster).replaceAll("TARGET", target);
}

/** Collects what the checks of all subjects say. */
class Judge {
  private readonly stack: string;
  readonly findings: Finding[] = [];
  readonly skipped: Skipped[] = [];
  /** `subject check` of those that failed or couldn't be made. */
  private readonly open = new Set<string>();
  made = 0;

  constructor(stack: string) {
    this.stack = stack;
  }

  isOpen(subject: string, check: string): boolean {
    return this.open.has(`${subject} ${check}`);
  }

  take(subject: string, check: { id: string; cause: string; fix: string }, judgement: Judgement): void {
    if ("skipped" in judgement) {
      this.skip(subject, check.id, judgement.skipped);
      return;
    }
    this.made++;
    for (const trouble of judgement) this.find(subject, check, trouble);
  }

  skip(subject: string, check: string, reason: string): void {
    this.skipped.push({ check, subject, reason });
    this.open.add(`${subject} ${check}`);
  }

  private find(
    subject: string,
    check: { id: string; cause: string; fix: string },
    { problem, cause = check.cause, fix = check.fix, isWarning = false }: Trouble,
  ): void {
    const level = isWarning ? "warning" : "failed";
    if (!isWarning) this.open.add(`${subject} ${check.id}`);
    const named = (text: string) => withNames(text, this.stack, subject);
    const explained = { problem, cause: named(cause), fix: named(fix) };
    this.findings.push({ check: check.id, subject, level, ...explained, docs: docsOf(check.id) });
  }

  health(subject: string): Health {
    const levels = this.findings.filter((one) => one.subject === subject).map(({ level }) => level);
    if (levels.includes("failed")) return "failed";
    return levels.includes("warning") ? "warning" : "healthy";
  }
}

function judgeCluster(judge: Judge, settings: ClusterSettings, facts: ClusterFacts, mesh: Mesh): void {
  const { name } = settings;
  for (const check of clusterChecks) {
    const before = check.after?.find((id) => judge.isOpen(name, id));
    if (before === undefined) judge.take(name, check, check.judge({ settings, facts, mesh }));
    else judge.skip(name, check.id, `${before} comes first`);
  }
}

/** A check before this one that failed, or that nobody could make. */
function failedBefore(
  judge: Judge,
  { after = [] }: LinkCheck | ClusterCheck,
  link: LinkSettings,
): string | undefined {
  return after.find((id) => {
    const [end, check] = id.split(":");
    if (check === undefined) return judge.isOpen(linkName(link), id);
    return judge.isOpen(end === "source" ? link.source : link.target, check);
  });
}

function judgeLink(judge: Judge, link: LinkSettings, mesh: Mesh): void {
  const source = mesh.clusters.get(link.source);
  const target = mesh.clusters.get(link.target);
  const [from, to] = [link.source, link.target].map((end) =>
    mesh.settings.clusters.find(({ name }) => name === end),
  );
  const subject = linkName(link);
  if (source === undefined || from === undefined || to === undefined) {
    for (const { id } of linkChecks) judge.skip(subject, id, `${link.source} can't be asked`);
    return;
  }
  for (const check of linkChecks) {
    const before = failedBefore(judge, check, link);
    if (before !== undefined) judge.skip(subject, check.id, `${before} comes first`);
    else if (check.side === "source") {
      judge.take(subject, check, check.judge({ link, from, to, source, target, mesh }));
    } else if (target === undefined) judge.skip(subject, check.id, `${link.target} can't be asked`);
    else judge.take(subject, check, check.judge({ link, from, to, source, target, mesh }));
  }
}

/** Judges the calls over all links. */
function judgeAllCalls(judge: Judge, { plan, made }: Calls): void {
  const [ofPods, ...ofLinks] = callsChecks;
  for (const name of new Set(plan.calls.flatMap(({ link }) => [link.source, link.target]))) {
    const problem = made.troubles.get(name);
    judge.take(name, ofPods, problem === undefined ? [] : [{ problem }]);
  }
  for (const { link, mode, reason } of plan.left) judge.skip(linkName(link), "calls", `${mode}: ${reason}`);
  for (const calls of plan.calls) {
    const outcome = made.outcomes.get(calls.target.name);
    for (const check of ofLinks) {
      const subject = linkName(calls.link);
      if (outcome === undefined) judge.skip(subject, check.id, `${ofPods.id} comes first`);
      else judge.take(subject, check, judgeCalls(calls, outcome, made)[check.id]);
    }
  }
}

function callsOver(link: LinkSettings, calls: Calls | undefined): CallsResult[] {
  const own = calls?.plan.calls.filter((one) => one.link.name === link.name) ?? [];
  return own.flatMap((one) => {
    const outcome = calls?.made.outcomes.get(one.target.name);
    return outcome === undefined ? [] : [resultOf(one, outcome)];
  });
}

/** Services on the source that lead to the target. */
function countMirrors({ source, target }: LinkSettings, { clusters }: Mesh): number {
  const services = clusters.get(source)?.services ?? [];
  return services.filter(
    ({ labels, annotations }) =>
      (labels["mirror.linkerd.io/mirrored-service"] === "true" &&
        labels["mirror.linkerd.io/cluster-name"] === target) ||
      (annotations["multicluster.linkerd.io/remote-discovery"] ?? "")
        .split(",")
        .some((entry) => entry.endsWith(`@${target}`)),
  ).length;
}

function linkHealth(judge: Judge, link: LinkSettings, mesh: Mesh): Health {
  const health = judge.health(linkName(link));
  const isKnown = mesh.clusters.has(link.source) && mesh.clusters.has(link.target);
  return health === "failed" || isKnown ? health : "unknown";
}

export interface Expectation extends Omit<Mesh, "clusters"> {
  /** Its name, for commands that are proposed. */
  readonly stack: string;
  /** Report on this cluster and its links only. */
  readonly only?: string | undefined;
  /** Undefined where none were asked for. */
  readonly calls?: Calls | undefined;
}

/** Settings as far as they are about one cluster and its links. */
function about({ clusters, links }: Settings, only: string | undefined) {
  return {
    clusters: clusters.filter(({ name }) => only === undefined || name === only),
    links: links.filter(({ source, target }) => only === undefined || source === only || target === only),
  };
}

/** Judges what clusters said against what the stack asks for. */
export function verify(
  { only, stack, calls, ...expected }: Expectation,
  answers: readonly ClusterAnswer[],
  time: Date,
): Verification {
  const facts = answers.flatMap((answer) => ("facts" in answer ? [answer.facts] : []));
  const mesh: Mesh = { ...expected, clusters: new Map(facts.map((one) => [one.name, one])) };
  const { clusters, links } = about(mesh.settings, only);
  const judge = new Judge(stack);
  for (const cluster of mesh.settings.clusters) {
    const answer = answers.find(({ name }) => name === cluster.name);
    if (answer === undefined) continue;
    if ("facts" in answer) {
      judge.take(cluster.name, reachable, []);
      judgeCluster(judge, cluster, answer.facts, mesh);
    } else judge.take(cluster.name, reachable, [{ problem: `it can't be asked: ${answer.problem}` }]);
  }
  for (const link of links) judgeLink(judge, link, mesh);
  if (calls !== undefined) judgeAllCalls(judge, calls);
  const subjects = [...clusters.map(({ name }) => name), ...links.map(linkName)];
  const findings = judge.findings.filter(({ subject }) => subjects.includes(subject));
  return {
    environment: mesh.settings.environment,
    time: time.toISOString(),
    isHealthy: !findings.some(({ level }) => level === "failed"),
    clusters: clusters.map(({ name }) => ({
      name,
      health: judge.health(name),
      kubernetes: mesh.clusters.get(name)?.version,
      linkerd: mesh.clusters.get(name)?.config?.version,
    })),
    links: links.map((link) => ({
      source: link.source,
      target: link.target,
      carries: link.carries,
      health: linkHealth(judge, link, mesh),
      mirrors: countMirrors(link, mesh),
      calls: callsOver(link, calls),
    })),
    findings,
    skipped: judge.skipped.filter(({ subject }) => subjects.includes(subject)),
    checks: judge.made,
  };
}
