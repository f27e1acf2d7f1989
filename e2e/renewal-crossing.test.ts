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
  isSkipped,
  linkerd,
  loadClusters,
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

type Block = Record<string, unknown>;

/** How many calls cross during each step at least, all ways together. */
const callsOfStep = Number(process.env["E2E_CALLS"] ?? "400");

const caller = workload("caller");

/** A caller and both servers on each cluster; the caller asks those of the other one, by gateway and pod-to-pod. */
function appsOf(other: string) {
  return [
    server("emoji", "emoji-svc"),
    server("voting", "voting-svc"),
    web("caller", `emoji-${other}`, `voting-${other}`),
  ];
}

const questions = ["list", "leaderboard"];

function settings(clusters: Block, trust: Block, credentials: Block = {}) {
  const exported = (cluster: string, other: string) => [
    { cluster, namespace, name: "emoji", export: "gateway" },
    {
      cluster,
      namespace,
      name: "voting",
      export: "pod-to-pod",
      clients: [`${other}/${namespace}/caller`],
      ports: 8080,
    },
  ];
  const charts = process.env["LINKERD_CHARTS_DIR"];
  return {
    environment: "renewal-crossing",
    linkerd: {
      version: "2026.8.3",
      viz: false,
      ...(charts === undefined ? {} : { charts: { directory: charts } }),
    },
    trust: { protect: false, ...trust },
    clusters,
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod"], credentials },
    services: [...exported("cluster1", "cluster2"), ...exported("cluster2", "cluster1")],
  };
}

describe.skipIf(isSkipped("renewal-crossing.test.ts"))("trust renewed under calls that cross", () => {
  let engine: Engine;
  let clusters: Block;
  const both: TestCluster[] = [];
  const total = { answered: 0, failures: 0 };

  /** Restarts the applications while nobody calls: they don't end their own calls first. */
  async function restartApps(names = ["emoji", "voting", "caller"]): Promise<void> {
    for (const { config } of both) {
      const deployments = names.map((name) => ({ kind: "Deployment", name }) as const);
      for (const one of deployments) await restartWorkload(config, namespace, one);
      for (const one of deployments) await waitUntilRolledOut(config, namespace, one);
    }
    for (const cluster of both) {
      for (const question of questions) await answerOf(cluster, caller, question);
    }
  }

  /** Calls both ways and in both modes while `change` happens, and until there were enough of them. */
  async function callDuring(change: () => Promise<unknown>): Promise<Seen[]> {
    const calling = both.flatMap((cluster) =>
      questions.map((question) => new Calling(cluster, caller, question)),
    );
    await change();
    const answered = () => calling.reduce((sum, one) => sum + one.count, 0);
    while (answered() < callsOfStep) await new Promise((resolve) => setTimeout(resolve, 500));
    const seen = await Promise.all(calling.map((one) => one.end()));
    for (const one of seen) {
      total.answered += one.answered;
      total.failures += Object.values(one.failures).reduce((sum, count) => sum + count, 0);
    }
    return seen;
  }

  async function step(name: string, trust: Block, credentials?: Block): Promise<void> {
    await engine.configure(settings(clusters, trust, credentials));
    const seen = await callDuring(() => engine.up());
    console.log(name, JSON.stringify(seen));
    expect(seen.map(({ failures }) => failures)).toEqual(seen.map(() => ({})));
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  }

  async function checkBoth(): Promise<void> {
    if (linkerd === undefined) return;
    for (const cluster of both) {
      expect(complaints(await runLinkerd(cluster, "check", "--proxy", "--namespace", namespace))).toEqual([]);
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
    const two = await loadClusters();
    both.push(two.cluster1, two.cluster2);
    clusters = await adopted(two);
    await prepare(two.cluster1, appsOf("cluster2"));
    await prepare(two.cluster2, appsOf("cluster1"));
    engine = await Engine.create("renewal-crossing", settings(clusters, {}));
    await engine.up();
    await start(two.cluster1, appsOf("cluster2"));
    await start(two.cluster2, appsOf("cluster1"));
    if (linkerd !== undefined) {
      await gatewayAlive(two.cluster1, "cluster2");
      await gatewayAlive(two.cluster2, "cluster1");
    }
    for (const cluster of both) {
      for (const question of questions) await answerOf(cluster, caller, question);
    }
  });

  afterAll(async () => {
    console.log("all calls", JSON.stringify(total));
    await engine.destroy();
    for (const cluster of both) await removeNamespace(cluster);
    await engine.dispose();
  });

  test("the anchor: both are trusted", async () => {
    await step("trust both", { generations: ["1", "2"], signer: "1" });
    // Nobody has restarted the applications yet.
    const output = await refusal({ generations: ["1", "2"], signer: "2" });
    for (const name of ["caller", "emoji", "voting"]) {
      expect(output).toContain(`cluster1/${namespace}/Deployment ${name}`);
    }
    await restartApps();
    await checkBoth();
  });

  test("the anchor: one workload that wasn't restarted stops the next step, by its name", async () => {
    await step("sign with the new one", { generations: ["1", "2"], signer: "2" });
    await restartApps(["emoji", "caller"]);
    const output = await refusal({ generations: ["2"] });
    expect(output).toContain(`cluster1/${namespace}/Deployment voting`);
    expect(output).not.toContain("Deployment emoji");
    await restartApps(["voting"]);
    await checkBoth();
  });

  test("the anchor: the old one goes", async () => {
    await step("drop the old one", { generations: ["2"] });
    await restartApps();
    await checkBoth();
  });

  test("an issuer is renewed", async () => {
    await step("renew an issuer", { generations: ["2"], issuerRenewals: { cluster1: 1 } });
    await checkBoth();
  });

  test("credentials are renewed both ways, and callers that run still hear of new pods", async () => {
    const trust = { generations: ["2"], issuerRenewals: { cluster1: 1 } };
    const renewals = { "cluster1-to-cluster2": 1, "cluster2-to-cluster1": 1 };
    const callers = await Promise.all(both.map((cluster) => ready(cluster, caller)));
    await step("renew credentials", trust, { renewals });
    await restartApps(["emoji", "voting"]);
    expect(await Promise.all(both.map((cluster) => ready(cluster, caller)))).toEqual(callers);
    const seen = await callDuring(() => Promise.resolve());
    expect(seen.map(({ failures }) => failures)).toEqual(seen.map(() => ({})));
    await checkBoth();
  });
});
