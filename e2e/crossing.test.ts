import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { eventually, type TestCluster } from "./clusters.ts";
import { Engine, nameOf } from "./engine.ts";
import {
  adopted,
  answerOf,
  ask,
  askWeb,
  call,
  Calling,
  calls,
  complaints,
  differences,
  failed,
  gateway,
  gatewayAlive,
  gatewayRefusals,
  increase,
  isAnswer,
  isSkipped,
  linkerd,
  loadClusters,
  namespace,
  prepare,
  ready,
  refusals,
  removeNamespace,
  runLinkerd,
  say,
  scale,
  server,
  start,
  web,
  workload,
  type Seen,
} from "./nodes.ts";
import { linkerdSettings } from "./settings.ts";

/** One trust domain each, so that an identity says which cluster it is from. */
const trustDomains = { cluster1: "one.example", cluster2: "two.example" };

function identity(cluster: keyof typeof trustDomains, account: string, ofNamespace = namespace): string {
  return `${account}.${ofNamespace}.serviceaccount.identity.linkerd.${trustDomains[cluster]}`;
}

const gateways = {
  cluster1: identity("cluster1", "linkerd-gateway", "linkerd-multicluster"),
  cluster2: identity("cluster2", "linkerd-gateway", "linkerd-multicluster"),
};

const apps = {
  cluster1: [
    server("split", "emoji-svc"),
    server("of-both", "emoji-svc"),
    web("named", "emoji-cluster2", "voting-cluster2"),
    web("stranger", "emoji-cluster2", "voting-cluster2"),
    web("shopper", "split"),
    web("traveller", "of-both-federated"),
  ],
  cluster2: [
    server("emoji", "emoji-svc"),
    server("voting", "voting-svc"),
    server("split", "emoji-svc"),
    server("of-both", "emoji-svc"),
    web("neighbour", "emoji", "voting"),
    { ...web("outsider", "emoji", "voting"), meshed: false },
  ],
};

const emojivoto = {
  web: { app: "web-svc", namespace: "emojivoto" },
  emoji: { app: "emoji-svc", namespace: "emojivoto" },
  voting: { app: "voting-svc", namespace: "emojivoto" },
};

const member = { namespace, name: "of-both", export: "federated", clients: "any", circuitBreaking: {} };

const exported = {
  emoji: { cluster: "cluster2", namespace, name: "emoji", export: "gateway" },
  voting: {
    cluster: "cluster2",
    namespace,
    name: "voting",
    export: "pod-to-pod",
    clients: ["cluster1/mesh-e2e/named"],
    ports: 8080,
  },
  split: { cluster: "cluster2", namespace, name: "split", export: "gateway" },
  member1: { cluster: "cluster1", ...member },
  member2: { cluster: "cluster2", ...member },
};

function split(local: number) {
  const backends = [
    { from: "local", weight: local },
    { from: "cluster2", weight: 100 - local },
  ];
  return { cluster: "cluster1", namespace, service: "split", port: 8080, kind: "GRPCRoute", backends };
}

/** What `web` says of a failed call: the status, and what gRPC said. */
const refused = /^500 .*(PermissionDenied|server closed the stream)/;
const unavailable = /^500 .*(Unavailable|DeadlineExceeded)/;

function expectOnly(seen: Seen, failure: RegExp): void {
  expect(seen.answered).toBe(0);
  for (const message of Object.keys(seen.failures)) expect(message).toMatch(failure);
}

const everyCallAnswered = { failures: {} };

interface RouteStatus {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly parents: readonly {
      readonly conditions: readonly { readonly type: string; readonly status: string }[];
    }[];
  };
}

describe.skipIf(isSkipped("crossing.test.ts"))("what crosses the links of two clusters", () => {
  let engine: Engine;
  let cluster1: TestCluster;
  let cluster2: TestCluster;

  const services = new Set<object>(Object.values(exported));
  const settings = {
    environment: "crossing",
    trust: { protect: false },
    linkerd: linkerdSettings,
    links: {
      topology: "mesh",
      carries: ["gateway", "pod-to-pod", "federated"],
      clients: ["emojivoto/*", `${namespace}/named`, `${namespace}/shopper`],
    },
    routes: [split(75)],
    emojivoto: { mode: "gateway" },
  };

  async function configure(): Promise<void> {
    const clusters = await adopted({ cluster1, cluster2 });
    for (const name of ["cluster1", "cluster2"] as const) {
      Object.assign(clusters[name], { trustDomain: trustDomains[name] });
    }
    await engine.configure({ ...settings, clusters, services: [...services] });
  }

  /** Applies what was changed in the settings, and gives what the preview said of it. */
  async function update(): Promise<string[]> {
    await configure();
    const steps = await engine.previewSteps();
    say(await engine.up());
    return steps.map(({ op, urn }) => `${op} ${nameOf(urn)}`).sort();
  }

  beforeAll(async () => {
    ({ cluster1, cluster2 } = await loadClusters());
    engine = await Engine.create("crossing", settings);
    await prepare(cluster1, apps.cluster1);
    await prepare(cluster2, apps.cluster2);
    await configure();
    say(await engine.up());
    await start(cluster2, apps.cluster2);
    await start(cluster1, apps.cluster1);
  });

  afterAll(async () => {
    await engine.destroy();
    await engine.dispose();
    await removeNamespace(cluster1);
    await removeNamespace(cluster2);
  });

  /** Votes of all voters for an emoji, as the other cluster's voting service counted them. */
  async function votes(emoji: string): Promise<number> {
    const metrics = await ask(cluster2, emojivoto.voting, 8801, "metrics");
    return Number(
      new RegExp(`^emojivoto_votes_total\\{emoji="${emoji}"\\} (\\d+)$`, "m").exec(metrics)?.[1] ?? 0,
    );
  }

  /** Votes of ours that were counted, and who came to each side with them or with the bot's. */
  async function vote() {
    await eventually(() => askWeb(cluster1, emojivoto.web, "vote?choice=:taco:"), isAnswer, 120);
    const before = { votes: await votes(":taco:"), web: await calls(cluster1, emojivoto.web) };
    const atVoting = await calls(cluster2, emojivoto.voting);
    const seen = await call(cluster1, emojivoto.web, "vote?choice=:taco:", 20);
    expect(seen).toMatchObject({ answered: 20, failures: {} });
    const counted = (await votes(":taco:")) - before.votes;
    const leaderboard = await answerOf(cluster1, emojivoto.web, "leaderboard");
    expect(leaderboard).toContainEqual({
      shortcode: ":taco:",
      unicode: "🌮",
      votes: expect.any(String) as string,
    });
    const atWeb = await eventually(
      async () => increase(before.web, await calls(cluster1, emojivoto.web)),
      (more) => Object.keys(more).length > 0,
    );
    const result = { counted, atVoting: increase(atVoting, await calls(cluster2, emojivoto.voting)), atWeb };
    say(JSON.stringify(result));
    return result;
  }

  test("votes cross by gateway, and arrive as the other cluster's gateway", async () => {
    const { counted, atVoting, atWeb } = await vote();
    expect(counted).toBeGreaterThanOrEqual(20);
    expect(Object.keys(atVoting)).toEqual([gateways.cluster2]);
    expect(Object.keys(atWeb)).toEqual([gateways.cluster1]);
  });

  test("the policy controller has taken every route", async () => {
    for (const [kind, names] of [
      ["httproutes", ["emoji-svc", "voting-svc"]],
      ["grpcroutes", ["split"]],
    ] as const) {
      const { items } = JSON.parse(await cluster1.raw(`/apis/gateway.networking.k8s.io/v1/${kind}`)) as {
        items: RouteStatus[];
      };
      expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(names);
      for (const { status } of items) {
        const conditions = status?.parents.flatMap((parent) => parent.conditions) ?? [];
        const found = conditions.map(({ type, status }) => `${type} ${status}`).sort();
        expect(found).toEqual(["Accepted True", "ResolvedRefs True"]);
      }
    }
  });

  test("a gateway admits a workload that is named, and refuses another", async () => {
    await answerOf(cluster1, workload("named"), "list");
    expect(await call(cluster1, workload("named"), "list", 50)).toMatchObject(everyCallAnswered);
    const stranger = await call(cluster1, workload("stranger"), "list", 50);
    say(`gateway: ${JSON.stringify(stranger)}`);
    expectOnly(stranger, refused);
    if (linkerd !== undefined) {
      expect(await gatewayRefusals(cluster2)).toEqual({ [identity("cluster1", "stranger")]: 50 });
    }
    expect(Object.keys(await calls(cluster2, workload("emoji")))).toEqual([gateways.cluster2]);
  });

  test("a service's pods admit a workload that is named, and refuse another", async () => {
    await answerOf(cluster1, workload("named"), "leaderboard");
    expect(await call(cluster1, workload("named"), "leaderboard", 50)).toMatchObject(everyCallAnswered);
    const stranger = await call(cluster1, workload("stranger"), "leaderboard", 50);
    say(`pod to pod: ${JSON.stringify(stranger)}`);
    expectOnly(stranger, refused);
    expect(await refusals(cluster2, workload("voting"))).toEqual({ [identity("cluster1", "stranger")]: 50 });
  });

  test("callers beside a closed service are let in, in the mesh or not", async () => {
    for (const name of ["neighbour", "outsider"]) {
      await answerOf(cluster2, workload(name), "leaderboard");
      expect(await call(cluster2, workload(name), "leaderboard", 50)).toMatchObject(everyCallAnswered);
    }
  });

  /** The other cluster's part of 400 calls. */
  async function share(): Promise<number> {
    const before = await calls(cluster2, workload("split"));
    const seen = await call(cluster1, workload("shopper"), "list", 400);
    expect(seen).toMatchObject(everyCallAnswered);
    const after = await calls(cluster2, workload("split"));
    const there = increase(before, after)[gateways.cluster2] ?? 0;
    say(`other cluster: ${there.toString()} of 400`);
    return there / 400;
  }

  test("calls are split by weight, and a new weight is one change", async () => {
    await eventually(share, (part) => part > 0.15 && part < 0.35);
    settings.routes = [split(25)];
    expect(await update()).toEqual([`update cluster1/${namespace}/split-route-route`]);
    await eventually(share, (part) => part > 0.65 && part < 0.85);
  });

  /** What callers see while a workload is stopped, and that they are answered when it is back. */
  async function outage(
    cluster: TestCluster,
    stopped: { readonly app: string; readonly namespace: string },
    callers: readonly (readonly [caller: string, question: string])[],
  ): Promise<Seen[]> {
    const calling = callers.map(([caller, question]) => new Calling(cluster1, workload(caller), question));
    await scale(cluster, stopped, 0);
    const during = await Promise.all(calling.map((one) => one.end()));
    const stoppedNow: Seen[] = [];
    for (const [caller, question] of callers)
      stoppedNow.push(await call(cluster1, workload(caller), question, 20));
    say(
      `${stopped.app} stops: ${JSON.stringify(during)}\n${stopped.app} is stopped: ${JSON.stringify(stoppedNow)}`,
    );
    await scale(cluster, stopped, 1);
    for (const [caller, question] of callers) {
      await eventually(() => askWeb(cluster1, workload(caller), question), isAnswer, 120);
      expect(await call(cluster1, workload(caller), question, 50)).toMatchObject(everyCallAnswered);
    }
    return stoppedNow;
  }

  test("calls fail while the pods behind a gateway are stopped, and pass when they are back", async () => {
    const [seen] = await outage(cluster2, workload("emoji"), [["named", "list"]]);
    expectOnly(seen ?? { answered: 1, failures: {}, slowestMilliseconds: 0 }, unavailable);
  });

  test("calls fail while the pods of a pod-to-pod service are stopped, and pass when they are back", async () => {
    const [seen] = await outage(cluster2, workload("voting"), [["named", "leaderboard"]]);
    expectOnly(seen ?? { answered: 1, failures: {}, slowestMilliseconds: 0 }, unavailable);
  });

  test("a stopped gateway stops only what goes through it", async () => {
    const [byGateway, podToPod, federated] = await outage(cluster2, gateway, [
      ["named", "list"],
      ["named", "leaderboard"],
      ["traveller", "list"],
    ]);
    expect(byGateway && failed(byGateway)).toBe(20);
    expect(podToPod).toMatchObject(everyCallAnswered);
    expect(federated).toMatchObject(everyCallAnswered);
  });

  test("either cluster's pods serve a federated service alone", async () => {
    for (const cluster of [cluster1, cluster2]) {
      const [seen] = await outage(cluster, workload("of-both"), [["traveller", "list"]]);
      expect(seen).toMatchObject(everyCallAnswered);
    }
  });

  test("emojivoto changes to pod-to-pod in place, and its votes arrive as its own", async () => {
    const backends = [emojivoto.emoji, emojivoto.voting];
    const pods = await Promise.all(backends.map((one) => ready(cluster2, one)));
    settings.emojivoto = { mode: "pod-to-pod" };
    const steps = await update();
    say(steps.join("\n"));
    expect(steps.filter((step) => !/^(create|update) /.test(step))).toEqual([]);
    expect(await Promise.all(backends.map((one) => ready(cluster2, one)))).toEqual(pods);
    const { counted, atVoting, atWeb } = await vote();
    expect(counted).toBeGreaterThanOrEqual(20);
    expect(Object.keys(atVoting)).toEqual([identity("cluster1", "web", "emojivoto")]);
    expect(Object.keys(atWeb)).toEqual([identity("cluster2", "vote-bot", "emojivoto")]);
  });

  /** What an update takes from a cluster and gives to it, in the tests' namespace. */
  async function changesOf(
    cluster: TestCluster,
    work: () => Promise<unknown>,
    count: number,
  ): Promise<string[]> {
    const inventory = async () =>
      (await cluster.inventory()).filter((object) => object.includes(` ${namespace}/`));
    const before = await inventory();
    await work();
    const changes = async () => differences(before, await inventory());
    return eventually(changes, ({ length }) => length === count);
  }

  test("an export that is removed leaves neither mirror nor label", async () => {
    services.delete(exported.emoji);
    let steps: string[] = [];
    const gone = await changesOf(cluster1, async () => (steps = await update()), 2);
    expect(steps).toEqual([
      `delete cluster2/${namespace}/emoji`,
      `delete cluster2/${namespace}/emoji-labels`,
    ]);
    expect(gone).toEqual([
      `- endpoints ${namespace}/emoji-cluster2`,
      `- services ${namespace}/emoji-cluster2`,
    ]);
    const service = await cluster2.service(namespace, "emoji");
    expect(service?.metadata?.labels).toBeUndefined();
  });

  test("a route that is removed leaves nothing, and calls go where they went without it", async () => {
    settings.routes = [];
    let steps: string[] = [];
    const gone = await changesOf(cluster1, async () => (steps = await update()), 1);
    expect(steps).toEqual([
      `delete cluster1/${namespace}/split-route`,
      `delete cluster1/${namespace}/split-route-route`,
    ]);
    expect(gone).toEqual([`- grpcroutes ${namespace}/split`]);
    await eventually(share, (part) => part === 0);
  });

  test("a policy that is removed leaves nothing, and lets everyone in", async () => {
    services.delete(exported.voting);
    services.add({ ...exported.voting, clients: "any" });
    let steps: string[] = [];
    const gone = await changesOf(cluster2, async () => (steps = await update()), 6);
    say(steps.join("\n"));
    // The selector that was read is forgotten.
    const ours = new RegExp(`^(delete|discard) cluster2/${namespace}/voting-authorization`);
    expect(steps.filter((step) => !ours.test(step))).toEqual([]);
    expect(gone).toEqual(
      [
        "authorizationpolicies voting-8080-from-cluster1",
        "authorizationpolicies voting-8080-from-here",
        "meshtlsauthentications voting-from-cluster1",
        "networkauthentications voting-from-cluster1",
        "networkauthentications voting-from-here",
        "servers voting-8080",
      ].map((object) => `- ${object.replace(" ", ` ${namespace}/`)}`),
    );
    await eventually(() => askWeb(cluster1, workload("stranger"), "leaderboard"), isAnswer);
  });

  /** Where a federated Service finds its members. */
  async function membersOn(cluster: TestCluster) {
    const annotations = (await cluster.service(namespace, "of-both-federated"))?.metadata?.annotations ?? {};
    const discovery = (where: string) => annotations[`multicluster.linkerd.io/${where}-discovery`];
    return { local: discovery("local"), remote: discovery("remote") };
  }

  test("two members that are added at once both join, on both clusters", async () => {
    services.delete(exported.member1);
    services.delete(exported.member2);
    await update();
    const mirrors = async () => [
      ...(await cluster1.mirrors(namespace)),
      ...(await cluster2.mirrors(namespace)),
    ];
    await eventually(mirrors, (names) => !names.includes("of-both-federated"));
    services.add(exported.member1).add(exported.member2);
    await update();
    await eventually(
      async () => [await membersOn(cluster1), await membersOn(cluster2)],
      ([one, two]) =>
        one?.local === "of-both" &&
        two?.local === "of-both" &&
        one.remote === "of-both@cluster2" &&
        two.remote === "of-both@cluster1",
    );
  });

  test.skipIf(linkerd === undefined)("the closed gateways are alive, and Linkerd's checks pass", async () => {
    await gatewayAlive(cluster1, "cluster2");
    await gatewayAlive(cluster2, "cluster1");
    for (const cluster of [cluster1, cluster2]) {
      for (const args of [["check"], ["multicluster", "check"]]) {
        expect(complaints(await runLinkerd(cluster, ...args))).toEqual([]);
      }
    }
  });
});
