import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { restartWorkload, waitUntilRolledOut } from "../components/cluster/meshed-pods.ts";
import type { TestCluster } from "./clusters.ts";
import { Engine } from "./engine.ts";
import {
  adopted,
  answerOf,
  Calling,
  complaints,
  gatewayAlive,
  failed,
  isSkipped,
  linkerd,
  loadAllClusters,
  namespace,
  prepare,
  ready,
  removeNamespace,
  runLinkerd,
  server,
  start,
  web,
  workload,
  type Seen,
} from "./nodes.ts";
import { linkerdSettings } from "./settings.ts";

type Block = Record<string, unknown>;

/** How many calls cross during each step at least, all ways together. */
const callsOfStep = Number(process.env["E2E_CALLS"] ?? "400");

/** What asks the servers of another cluster, by gateway and pod-to-pod. */
const callerOf = (other: string) => `to-${other}`;

/** Both servers on each cluster, and a caller for each other one. */
function appsOf(others: readonly string[]) {
  const callers = others.map((other) => web(callerOf(other), `emoji-${other}`, `voting-${other}`));
  return [server("emoji", "emoji-svc"), server("voting", "voting-svc"), ...callers];
}

const questions = ["list", "leaderboard"];

function settings(clusters: Block, trust: Block, credentials: Block = {}) {
  const names = Object.keys(clusters);
  const exported = (cluster: string) => [
    { cluster, namespace, name: "emoji", export: "gateway" },
    {
      cluster,
      namespace,
      name: "voting",
      export: "pod-to-pod",
      clients: names
        .filter((other) => other !== cluster)
        .map((other) => `${other}/${namespace}/${callerOf(cluster)}`),
      ports: 8080,
    },
  ];
  return {
    environment: "renewal-crossing",
    linkerd: linkerdSettings,
    trust: { protect: false, ...trust },
    clusters,
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod"], credentials },
    services: names.flatMap(exported),
  };
}

describe.skipIf(isSkipped("renewal-crossing.test.ts"))("trust renewed under calls that cross", () => {
  let engine: Engine;
  let clusters: Block;
  let members: [name: string, cluster: TestCluster, others: string[]][] = [];
  const total = { answered: 0, failures: 0, slowestMilliseconds: 0 };

  /** Every caller of every cluster. */
  function ways(): [cluster: TestCluster, caller: ReturnType<typeof workload>][] {
    return members.flatMap(([, cluster, others]) =>
      others.map((other): [TestCluster, ReturnType<typeof workload>] => [cluster, workload(callerOf(other))]),
    );
  }

  /** Waits until every caller is answered in both modes. */
  async function everyoneAnswered(): Promise<void> {
    for (const [cluster, caller] of ways()) {
      for (const question of questions) await answerOf(cluster, caller, question);
    }
  }

  /** Restarts applications of all clusters while nobody calls: they don't end their own calls first. */
  async function restartApps(isMeant: (name: string) => boolean = () => true): Promise<void> {
    for (const [, { config }, others] of members) {
      const deployments = appsOf(others)
        .filter(({ name }) => isMeant(name))
        .map(({ name }) => ({ kind: "Deployment", name }) as const);
      for (const one of deployments) await restartWorkload(config, namespace, one);
      for (const one of deployments) await waitUntilRolledOut(config, namespace, one);
    }
    await everyoneAnswered();
  }

  /** Calls every way and in both modes while `change` happens, and until there were enough of them. */
  async function callDuring(change: () => Promise<unknown>): Promise<Seen[]> {
    const calling = ways().flatMap(([cluster, caller]) =>
      questions.map((question) => new Calling(cluster, caller, question)),
    );
    await change();
    const count = () => calling.reduce((sum, one) => sum + one.count, 0);
    while (count() < callsOfStep) await new Promise((resolve) => setTimeout(resolve, 500));
    const seen = await Promise.all(calling.map((one) => one.end()));
    for (const one of seen) {
      total.answered += one.answered;
      total.failures += failed(one);
      total.slowestMilliseconds = Math.max(total.slowestMilliseconds, one.slowestMilliseconds);
    }
    return seen;
  }

  async function step(name: string, trust: Block, credentials?: Block): Promise<void> {
    await engine.configure(settings(clusters, trust, credentials));
    const seen = await callDuring(() => engine.up());
    const answered = seen.reduce((sum, one) => sum + one.answered, 0);
    console.log(`${name}: ${answered.toString()} calls answered`);
    expect(seen.map(({ failures }) => failures)).toEqual(seen.map(() => ({})));
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  }

  async function checkAll(): Promise<void> {
    if (linkerd === undefined) return;
    // It asks for the endpoints of every Service, which mirrors of pod-to-pod services don't have.
    const known = ["‼ opaque ports are properly annotated"];
    for (const [, cluster] of members) {
      const ofProxies = await runLinkerd(cluster, "check", "--proxy", "--namespace", namespace);
      expect(complaints(ofProxies).filter((line) => !known.includes(line))).toEqual([]);
      expect(complaints(await runLinkerd(cluster, "multicluster", "check"))).toEqual([]);
    }
  }

  async function refusal(trust: Block): Promise<string> {
    await engine.configure(settings(clusters, trust));
    const { code, output } = await engine.run(["preview", "--stack", engine.stack]);
    expect(code).not.toBe(0);
    return output;
  }

  beforeAll(async () => {
    const loaded = await loadAllClusters();
    const names = Object.keys(loaded);
    members = Object.entries(loaded).map(([name, cluster]) => [
      name,
      cluster,
      names.filter((other) => other !== name),
    ]);
    clusters = await adopted(loaded);
    for (const [, cluster, others] of members) await prepare(cluster, appsOf(others));
    engine = await Engine.create("renewal-crossing", settings(clusters, {}));
    await engine.up();
    for (const [, cluster, others] of members) await start(cluster, appsOf(others));
    if (linkerd !== undefined) {
      for (const [, cluster, others] of members) {
        for (const other of others) await gatewayAlive(cluster, other);
      }
    }
    await everyoneAnswered();
  });

  afterAll(async () => {
    console.log("all calls", JSON.stringify(total));
    await engine.destroy();
    for (const [, cluster] of members) await removeNamespace(cluster);
    await engine.dispose();
  });

  test("the anchor: both are trusted", async () => {
    await step("trust both", { generations: ["1", "2"], signer: "1" });
    // Nobody has restarted the applications yet.
    const output = await refusal({ generations: ["1", "2"], signer: "2" });
    for (const name of ["to-cluster2", "emoji", "voting"]) {
      expect(output).toContain(`cluster1/${namespace}/Deployment ${name}`);
    }
    await restartApps();
    await checkAll();
  });

  test("the anchor: one workload that wasn't restarted stops the next step, by its name", async () => {
    await step("sign with the new one", { generations: ["1", "2"], signer: "2" });
    await restartApps((name) => name !== "voting");
    const output = await refusal({ generations: ["2"] });
    expect(output).toContain(`cluster1/${namespace}/Deployment voting`);
    expect(output).not.toContain("Deployment emoji");
    await restartApps((name) => name === "voting");
    await checkAll();
  });

  test("the anchor: the old one goes", async () => {
    await step("drop the old one", { generations: ["2"] });
    await restartApps();
    await checkAll();
  });

  test("an issuer is renewed", async () => {
    await step("renew an issuer", { generations: ["2"], issuerRenewals: { cluster1: 1 } });
    await checkAll();
  });

  test("credentials are renewed every way, and callers that run still hear of new pods", async () => {
    const trust = { generations: ["2"], issuerRenewals: { cluster1: 1 } };
    const renewals = Object.fromEntries(
      members.flatMap(([name, , others]) => others.map((other) => [`${name}-to-${other}`, 1])),
    );
    const callers = () => Promise.all(ways().map(([cluster, caller]) => ready(cluster, caller)));
    const before = await callers();
    await step("renew credentials", trust, { renewals });
    await restartApps((name) => !name.startsWith("to-"));
    expect(await callers()).toEqual(before);
    const seen = await callDuring(() => Promise.resolve());
    expect(seen.map(({ failures }) => failures)).toEqual(seen.map(() => ({})));
    await checkAll();
  });
});
