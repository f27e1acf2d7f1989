import { setTimeout } from "node:timers/promises";

import type { V1Namespace, V1Pod, V1Service } from "@kubernetes/client-node";

import { ignoreMissing } from "../../components/cluster/access.ts";
import { clusterConfig } from "../../components/cluster/kubeconfig.ts";
import { isReady, proxyOf } from "../../components/cluster/meshed-pods.ts";
import { reasonOf } from "../../components/cluster/reason.ts";
import { ClusterApi } from "../../facts/cluster-api.ts";
import type { ClusterFacts } from "../../facts/facts.ts";
import { localMembers, mirroredLabel, remoteMembers } from "../../facts/labels.ts";
import { linkTo } from "../../facts/select.ts";
import { mirrorName } from "../../settings/mirror.ts";
import type { Mode, Settings } from "../../settings/settings.ts";
import { callPod, echoPod, echoService, reachPod, surroundings } from "./objects.ts";
import { callsNamespace, echoServices, exportedModes, type CallsPlan, type PlannedCalls } from "./plan.ts";
import { echoPort, mark, type Outcome, type Reached } from "./program.ts";

/** Seconds for pods to start, with their image to be fetched; for mirrors to come; for everything to go. */
const starting = 120;
const mirroring = 30;
const leaving = 60;
/** Seconds for one member to join a federated service. */
const joining = 10;

/** Calls for each link and mode. */
const callCount = 20;

/** After this many seconds what another verification has left is taken away: it can't be running any more. */
const abandoned = 600;

const namespacePath = `/api/v1/namespaces/${callsNamespace}`;

/** What came of the calls. */
export interface MadeCalls {
  /** By the name of the planned calls' target. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** By cluster what its pods could connect to, past their proxies. */
  readonly reached: ReadonlyMap<string, Reached>;
  /** Clusters in which no calls could be made or answered, and why. */
  readonly troubles: ReadonlyMap<string, string>;
  /** Addresses by which a link's target was to be reached, by the target of the planned calls. */
  readonly addresses: ReadonlyMap<string, string>;
}

export interface CallsOptions {
  readonly image: string;
  /** How many milliseconds an API server's answer may take. */
  readonly patience: number;
  readonly progress: (text: string) => void;
  /** Ends the calls early; what was made for them is taken away all the same. */
  readonly signal: AbortSignal;
}

/** Asks every half second, until there is an answer or the seconds are over. */
async function until<T>(
  seconds: number,
  ask: () => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined || Date.now() >= end) return answer;
    await setTimeout(500);
  }
}

function ageOf({ metadata }: V1Namespace): number {
  return (Date.now() - new Date(metadata?.creationTimestamp ?? 0).getTime()) / 1_000;
}

/** Why a pod isn't ready yet, as Kubernetes says it. */
function waitingFor(pod: V1Pod | undefined): string {
  const { initContainerStatuses = [], containerStatuses = [], conditions = [] } = pod?.status ?? {};
  const all = [...initContainerStatuses, ...containerStatuses];
  const waiting = all.find(({ state }) => state?.waiting?.message !== undefined)?.state?.waiting;
  if (waiting !== undefined) return `${waiting.reason ?? ""}: ${waiting.message ?? ""}`;
  const unready =
    all.find(({ ready, started }) => !ready && started !== true) ?? all.find((one) => !one.ready);
  if (unready !== undefined) return `container ${unready.name} isn't ready`;
  const unscheduled = conditions.find(({ type, status }) => type === "PodScheduled" && status === "False");
  return unscheduled?.message ?? "it wasn't started";
}

/** The calls' own objects on one cluster. */
class CallsCluster {
  readonly name: string;
  private readonly api: ClusterApi;
  private readonly signal: AbortSignal;
  private isOurs = false;

  constructor(name: string, api: ClusterApi, signal: AbortSignal) {
    this.name = name;
    this.api = api;
    this.signal = signal;
  }

  private remove(path: string): Promise<void> {
    return ignoreMissing(this.api.delete(path));
  }

  private isGone(): Promise<true | undefined> {
    return until(leaving, async () =>
      (await this.api.find(namespacePath)) === undefined ? true : undefined,
    );
  }

  /** Makes way where an earlier verification was ended before it could clean up. */
  private async clear(namespace: V1Namespace): Promise<void> {
    const { labels = {} } = namespace.metadata ?? {};
    // By a mirror controller, for what was exported elsewhere.
    const isMirrored = labels[mirroredLabel] === "true";
    if (labels["app.kubernetes.io/managed-by"] !== "mesh-verify" && !isMirrored) {
      throw new Error(`its namespace ${callsNamespace} is somebody else's`);
    }
    const isLeaving = namespace.metadata?.deletionTimestamp !== undefined;
    if (!isLeaving && !isMirrored && ageOf(namespace) < abandoned) {
      const age = Math.round(ageOf(namespace)).toString();
      throw new Error(
        `another verification has been calling there for ${age} s; delete namespace ${callsNamespace} if none does`,
      );
    }
    if (!isLeaving) await this.remove(namespacePath);
    if ((await this.isGone()) === undefined) throw new Error(`its namespace ${callsNamespace} doesn't go`);
  }

  /** The namespace and what its pods need. */
  async settle(): Promise<void> {
    const there = await this.api.find<V1Namespace>(namespacePath);
    if (there !== undefined) await this.clear(there);
    const { namespace, serviceAccount, configMap } = surroundings();
    await this.api.post("/api/v1/namespaces", namespace);
    this.isOurs = true;
    await this.api.post(`${namespacePath}/serviceaccounts`, serviceAccount);
    await this.api.post(`${namespacePath}/configmaps`, configMap);
  }

  /** What is called, and the pod that answers; nothing joins a federated service yet. */
  async answer(plan: CallsPlan, settings: Settings, image: string): Promise<void> {
    for (const mode of exportedModes(this.name, settings.links)) {
      if (mode !== "federated") await this.export(mode);
    }
    const isCalled = plan.calls.some(({ link }) => link.target === this.name);
    if (isCalled) await this.api.post(`${namespacePath}/pods`, echoPod(this.name, image));
  }

  async export(mode: Mode): Promise<void> {
    await this.api.post(`${namespacePath}/services`, echoService(mode));
  }

  /** Waits a while until a member has joined the federated service as this cluster sees it. */
  async admits(member: string): Promise<void> {
    const { federated } = echoServices;
    const path = `${namespacePath}/services/${mirrorName(federated, "federated")}`;
    const [annotation, entry] =
      member === this.name ? [localMembers, federated] : [remoteMembers, `${federated}@${member}`];
    await until(
      joining,
      async () => {
        const service = await this.api.find<V1Service>(path);
        const members = service?.metadata?.annotations?.[annotation]?.split(",") ?? [];
        return members.includes(entry) ? true : undefined;
      },
      this.signal,
    );
  }

  private pod(name: string): Promise<V1Pod | undefined> {
    return this.api.find<V1Pod>(`${namespacePath}/pods/${name}`);
  }

  /** The address of the pod that answers, as soon as it and its proxy are ready. */
  async answering(): Promise<string> {
    let last: V1Pod | undefined;
    const ready = await until(
      starting,
      async () => {
        last = await this.pod("echo");
        return last !== undefined && (isReady(last) || proxyOf(last) === undefined) ? last : undefined;
      },
      this.signal,
    );
    if (ready === undefined) throw new Error(`the pod that answers doesn't start: ${waitingFor(last)}`);
    if (proxyOf(ready) === undefined)
      throw new Error("pods don't get a proxy: the injector doesn't answer, or passes over");
    return ready.status?.podIP ?? "";
  }

  /** Starts a pod, and gives the result that it prints. */
  async run<T>(pod: V1Pod, seconds: number): Promise<T> {
    const name = pod.metadata?.name ?? "";
    await this.api.post(`${namespacePath}/pods`, pod);
    const log = `${namespacePath}/pods/${name}/log?container=${name}`;
    const line = await until(
      starting + seconds,
      async () => {
        const { code, body } = await this.api.ask("GET", log);
        if (code !== 200) return undefined;
        return body.split("\n").find((one) => one.startsWith(mark));
      },
      this.signal,
    );
    if (line !== undefined) return JSON.parse(line.slice(mark.length)) as T;
    throw new Error(`the pod that calls doesn't finish: ${waitingFor(await this.pod(name))}`);
  }

  /** Exports go first: mirrors would be made anew in namespaces that are there no more. */
  async unexport(): Promise<void> {
    if (!this.isOurs) return;
    for (const name of Object.values(echoServices)) await this.remove(`${namespacePath}/services/${name}`);
  }

  async leave(): Promise<void> {
    if (!this.isOurs) return;
    await until(mirroring, async () => {
      const services = await this.api.list<V1Service>(`${namespacePath}/services`);
      return services.length === 0 ? true : undefined;
    });
    await this.remove(namespacePath);
    if ((await this.isGone()) === undefined) {
      throw new Error(`namespace ${callsNamespace} is still there after ${leaving.toString()} s: delete it`);
    }
  }

  close(): void {
    this.api.close();
  }
}

/** Where the source's pods connect to for a call: the target's gateway, or its pods. */
function addressOf(
  { link, mode }: PlannedCalls,
  facts: ReadonlyMap<string, ClusterFacts>,
  pods: ReadonlyMap<string, string>,
): string | undefined {
  if (mode !== "gateway") {
    const pod = pods.get(link.target);
    return pod === undefined ? undefined : `${pod}:${echoPort.toString()}`;
  }
  const source = facts.get(link.source);
  const { gatewayAddress, gatewayPort = "4143" } =
    source === undefined ? {} : (linkTo(source, link.target)?.spec ?? {});
  // Several addresses are separated by commas; each is a way to the same gateway.
  const [first] = (gatewayAddress ?? "").split(",");
  return first === undefined || first === "" ? undefined : `${first}:${gatewayPort}`;
}

/** Keeps going with the others where one cluster fails, and notes why. */
async function onEach<T>(
  clusters: readonly CallsCluster[],
  troubles: Map<string, string>,
  work: (cluster: CallsCluster) => Promise<T>,
): Promise<Map<string, T>> {
  const done = await Promise.all(
    clusters
      .filter(({ name }) => !troubles.has(name))
      .map(async (cluster): Promise<[string, T][]> => {
        try {
          return [[cluster.name, await work(cluster)]];
        } catch (error) {
          troubles.set(cluster.name, reasonOf(error));
          return [];
        }
      }),
  );
  return new Map(done.flat());
}

/** Members that join at the same moment race for the federated Service, and the loser stays out: one after the other. */
async function joinInTurn(
  clusters: readonly CallsCluster[],
  { links }: Settings,
  troubles: Map<string, string>,
): Promise<void> {
  for (const cluster of clusters) {
    const into = links.filter(
      ({ target, carries }) => target === cluster.name && carries.includes("federated"),
    );
    const sources = into.map(({ source }) => source);
    if (sources.length === 0) continue;
    await onEach([cluster], troubles, (one) => one.export("federated"));
    const seenBy = clusters.filter(({ name }) => name === cluster.name || sources.includes(name));
    await onEach(seenBy, troubles, (one) => one.admits(cluster.name));
  }
}

/** Pods that answer in every called cluster, then pods that call from every calling one; in the end nothing is left. */
export async function makeCalls(
  plan: CallsPlan,
  settings: Settings,
  kubeconfigs: Readonly<Record<string, string>>,
  facts: ReadonlyMap<string, ClusterFacts>,
  { image, patience, progress, signal }: CallsOptions,
): Promise<MadeCalls> {
  const involved = new Set(plan.calls.flatMap(({ link: { source, target } }) => [source, target]));
  const troubles = new Map<string, string>();
  const clusters: CallsCluster[] = [];
  for (const cluster of settings.clusters.filter(({ name }) => involved.has(name))) {
    const api = await ClusterApi.open(clusterConfig(cluster, kubeconfigs), patience);
    clusters.push(new CallsCluster(cluster.name, api, signal));
  }
  const called = new Set(plan.calls.map(({ link }) => link.target));
  try {
    progress("starting pods that answer");
    await onEach(clusters, troubles, (cluster) => cluster.settle());
    // Only now: where there is no namespace for a mirror yet, its controller makes one.
    await onEach(clusters, troubles, (cluster) => cluster.answer(plan, settings, image));
    const pods = await onEach(
      clusters.filter(({ name }) => called.has(name)),
      troubles,
      (cluster) => cluster.answering(),
    );
    await joinInTurn(clusters, settings, troubles);
    progress("calling over every link");
    const able = plan.calls.filter(({ link }) => !troubles.has(link.target));
    const addresses = new Map(
      able.flatMap((calls): [string, string][] => {
        const address = addressOf(calls, facts, pods);
        return address === undefined ? [] : [[calls.target.name, address]];
      }),
    );
    const calling = clusters.filter(({ name }) => able.some(({ link }) => link.source === name));
    const made = await onEach(calling, troubles, async (cluster) => {
      const own = able.filter(({ link }) => link.source === cluster.name).map(({ target }) => target);
      const known = own.flatMap(({ name }) => addresses.get(name) ?? []);
      const [outcomes, reached] = await Promise.all([
        cluster.run<Outcome[]>(callPod(image, own, mirroring, callCount), 2 * mirroring),
        cluster.run<Reached>(reachPod(image, [...new Set(known)]), mirroring),
      ]);
      return { outcomes, reached };
    });
    return {
      outcomes: new Map([...made.values()].flatMap(({ outcomes }) => outcomes.map((one) => [one.name, one]))),
      reached: new Map([...made].map(([name, { reached }]) => [name, reached])),
      troubles,
      addresses,
    };
  } finally {
    progress("taking the calls' pods and services away");
    // One that can't be un-exported is left all the same: its services go with its namespace.
    for (const step of [(one: CallsCluster) => one.unexport(), (one: CallsCluster) => one.leave()]) {
      const failed = new Map<string, string>();
      await onEach(clusters, failed, step);
      for (const [name, reason] of failed) if (!troubles.has(name)) troubles.set(name, reason);
    }
    for (const cluster of clusters) cluster.close();
  }
}
