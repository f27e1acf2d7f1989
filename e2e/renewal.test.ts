import { X509Certificate } from "node:crypto";

import { AdmissionregistrationV1Api, AppsV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { parseBundle } from "../settings/rules/trust.ts";
import { eventually, TestCluster } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { Engine, nameOf } from "./engine.ts";
import { linkerdSettings, simulatedCluster } from "./settings.ts";

const names = ["cluster1", "cluster2"];

type Block = Record<string, unknown>;

interface Asked {
  readonly trust?: Block;
  readonly credentials?: Block;
  /** Services of cluster2 that cross to cluster1. */
  readonly exported?: readonly string[];
}

function settings({ trust = {}, credentials = {}, exported = [] }: Asked) {
  return {
    environment: "renewal",
    linkerd: linkerdSettings,
    trust: { issuerLifetime: "24h", ...trust },
    clusters: Object.fromEntries(
      names.map((name, index) => [name, simulatedCluster(134 - index, 158 - index)]),
    ),
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod"], credentials },
    services: exported.flatMap((name) => [
      { cluster: "cluster2", namespace: "shop", name, export: "gateway" },
      { cluster: "cluster1", namespace: "shop", name, export: "gateway" },
    ]),
  };
}

let engine: Engine;
let cluster1: TestCluster;
let cluster2: TestCluster;
const controllers = new Controllers();

/** What an update would do, in the order of names. */
async function planned(asked: Asked): Promise<string[]> {
  await engine.configure(settings(asked));
  return (await engine.previewSteps()).map(({ op, urn }) => `${op} ${nameOf(urn)}`).sort();
}

/** An update, then a preview and a refresh that must find nothing. */
async function update(asked: Asked): Promise<void> {
  await engine.configure(settings(asked));
  await engine.up();
  expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
}

async function refusal(asked: Asked): Promise<string> {
  await engine.configure(settings(asked));
  const { code, output } = await engine.run(["preview", "--stack", engine.stack]);
  expect(code).not.toBe(0);
  expect(output).toContain("nothing was created or changed");
  return output;
}

/** The kubeconfigs with which cluster1 reads cluster2: its mirror controller's, and destination's. */
async function credentialsOfCluster1(): Promise<string[]> {
  return Promise.all(
    ["linkerd-multicluster", "linkerd"].map(async (namespace) => {
      const secret = await cluster1.core.readNamespacedSecret({
        name: "cluster-credentials-cluster2",
        namespace,
      });
      return Buffer.from(secret.data?.["kubeconfig"] ?? "", "base64").toString();
    }),
  );
}

/** What cluster2 says to who comes with these credentials and asks for services. */
async function answerTo(kubeconfig: string): Promise<string> {
  const cluster = await TestCluster.open(engine.folder, "link", kubeconfig);
  try {
    await cluster.raw("/api/v1/services");
    return "200";
  } catch (error) {
    return /: (\d{3}) /.exec(String(error))?.[1] ?? String(error);
  }
}

/** What says for which credentials a controller was restarted. */
async function restartedFor({ config }: TestCluster, name: string): Promise<string | undefined> {
  const found = await config
    .makeApiClient(AppsV1Api)
    .readNamespacedDeployment({ namespace: "linkerd", name });
  return found.spec?.template.metadata?.annotations?.["mesh/credentials"];
}

async function minutesOld(time: string): Promise<number> {
  const age = () => Math.floor((Date.now() - Date.parse(time)) / 60_000);
  await eventually(
    () => Promise.resolve(age()),
    (minutes) => minutes > 0,
    70,
  );
  return age();
}

interface TrustOutput {
  readonly credentials: Record<string, { readonly since: string }>;
}

const linked = { exported: ["cart"] };
const renewed = { renewals: { "cluster1-to-cluster2": 2 } };
const both = { exported: ["cart", "stock"], credentials: renewed };

beforeAll(async () => {
  engine = await Engine.create("renewal", settings({}));
  await engine.up();
  const kubeconfigs = await engine.output<Record<string, string>>("kubeconfigs");
  cluster1 = await TestCluster.open(engine.folder, "cluster1", kubeconfigs["cluster1"] ?? "");
  cluster2 = await TestCluster.open(engine.folder, "cluster2", kubeconfigs["cluster2"] ?? "");
  for (const cluster of [cluster1, cluster2]) {
    for (const name of ["cart", "stock", "search"]) await cluster.createService("shop", name);
  }
  await update(linked);
});

afterAll(async () => {
  await controllers.stop();
  await engine.destroy();
  await engine.dispose();
});

describe("the credentials of a link", () => {
  let old = "";
  let uid: string | undefined;

  test.skipIf(controllerProgram === undefined)("let its controller mirror", async () => {
    await controllers.startLink(cluster1.kubeconfigPath, "cluster2");
    await controllers.startLink(cluster2.kubeconfigPath, "cluster1");
    await eventually(
      () => cluster1.mirrors("shop"),
      (mirrors) => mirrors.includes("cart-cluster2"),
    );
    await eventually(
      () => cluster2.mirrors("shop"),
      (mirrors) => mirrors.includes("cart-cluster1"),
    );
    uid = (await cluster1.service("shop", "cart-cluster2"))?.metadata?.uid;
  });

  test("are renewed on demand: a new token, whoever reads it, then the old token goes", async () => {
    [old = ""] = await credentialsOfCluster1();
    expect(await answerTo(old)).toBe("200");
    expect(await planned({ ...linked, credentials: renewed })).toEqual([
      "create cluster1-to-cluster2-access-token-2",
      "delete cluster1-to-cluster2-access-token",
      "update cluster1-to-cluster2-access",
      "update cluster1-to-cluster2-destination-credentials",
      "update cluster1-to-cluster2-destination-restart",
      "update cluster1-to-cluster2-link",
      "update cluster1-to-cluster2-mirror-credentials",
    ]);
    await update(both);
    const [mirror = "", destination = ""] = await credentialsOfCluster1();
    expect(mirror).toBe(destination);
    expect(mirror).not.toBe(old);
    expect(await answerTo(mirror)).toBe("200");
    // The API server keeps what it has seen of a token for some seconds.
    await eventually(
      () => answerTo(old),
      (status) => status === "401",
    );
    expect(await restartedFor(cluster1, "linkerd-destination")).toMatch(/^[0-9a-f]{12}$/);
    expect(await restartedFor(cluster2, "linkerd-destination")).toBeUndefined();
    expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
  });

  test.skipIf(controllerProgram === undefined)(
    "its controller goes on mirroring with the new one",
    async () => {
      await eventually(
        () => cluster1.mirrors("shop"),
        (mirrors) => mirrors.includes("stock-cluster2"),
      );
      expect((await cluster1.service("shop", "cart-cluster2"))?.metadata?.uid).toBe(uid);
    },
  );

  test("are renewed by age: both directions' at once, and nothing after that", async () => {
    const { credentials } = await engine.output<TrustOutput>("trust");
    const youngest = Object.values(credentials)
      .map(({ since }) => since)
      .sort()
      .at(-1);
    const lifetime = `${(await minutesOld(youngest ?? "")).toString()}m`;
    const asked = { exported: both.exported, credentials: { ...renewed, lifetime } };
    const steps = await planned(asked);
    expect(steps.filter((step) => !/^(create|delete|update) cluster.-to-cluster./.test(step))).toEqual([]);
    expect(steps.filter((step) => step.startsWith("create")).join()).toMatch(
      /^create cluster1-to-cluster2-access-token-\d{8}t\d{6}z,create cluster2-to-cluster1-access-token-\d{8}t\d{6}z$/,
    );
    await update(asked);
  });

  test("are revoked by one line, which takes the target's rights away and touches nothing else", async () => {
    const asked = {
      exported: ["cart", "stock"],
      credentials: { ...renewed, revoked: ["cluster1-to-cluster2"] },
    };
    const [current = ""] = await credentialsOfCluster1();
    expect(await planned(asked)).toEqual([
      "delete cluster1-to-cluster2-access-binding",
      "delete cluster1-to-cluster2-gateway",
      "delete cluster1-to-cluster2-gateway-identities",
      "delete cluster1-to-cluster2-gateway-policy",
      "update cluster1-to-cluster2-access",
    ]);
    await update(asked);
    expect(await answerTo(current)).toBe("403");
  });

  test.skipIf(controllerProgram === undefined)(
    "its controller sees nothing more, the others go on",
    async () => {
      // What it watches already ends within the hour; a new one shows what it may.
      await controllers.stop();
      await controllers.startLink(cluster1.kubeconfigPath, "cluster2");
      await controllers.startLink(cluster2.kubeconfigPath, "cluster1");
      await update({
        exported: ["cart", "stock", "search"],
        credentials: { ...renewed, revoked: ["cluster1-to-cluster2"] },
      });
      await eventually(
        () => cluster2.mirrors("shop"),
        (mirrors) => mirrors.includes("search-cluster1"),
      );
      expect(await cluster1.mirrors("shop")).not.toContain("search-cluster2");
      expect((await cluster1.service("shop", "cart-cluster2"))?.metadata?.uid).toBe(uid);
    },
  );
});

describe("certificates", () => {
  const asked = { exported: ["cart", "stock", "search"], credentials: renewed };

  async function issuerOf({ core }: TestCluster): Promise<X509Certificate> {
    const secret = await core.readNamespacedSecret({ name: "linkerd-identity-issuer", namespace: "linkerd" });
    return new X509Certificate(Buffer.from(secret.data?.["tls.crt"] ?? "", "base64"));
  }

  async function webhooksOf({ core, config }: TestCluster) {
    const { webhooks = [] } = await config
      .makeApiClient(AdmissionregistrationV1Api)
      .readMutatingWebhookConfiguration({ name: "linkerd-proxy-injector-webhook-config" });
    const bundle = Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
    const secret = await core.readNamespacedSecret({
      name: "linkerd-proxy-injector-k8s-tls",
      namespace: "linkerd",
    });
    return {
      authorities: parseBundle(bundle).filter((one) => one !== undefined),
      certificate: new X509Certificate(Buffer.from(secret.data?.["tls.crt"] ?? "", "base64")),
    };
  }

  test("issuers are renewed before their end, on both clusters, and nothing beside them", async () => {
    await update(asked);
    const before = await Promise.all([cluster1, cluster2].map(issuerOf));
    const times = before.map(({ validFromDate }) => validFromDate.toISOString()).sort();
    const minutes = 24 * 60 - (await minutesOld(times.at(-1) ?? ""));
    const trust = { renewBefore: `${minutes.toString()}m` };
    const steps = await planned({ ...asked, trust });
    expect(steps.filter((step) => !/linkerd-issuer|linkerd-control-plane-issuer$/.test(step))).toEqual([]);
    expect(steps).toContain("update cluster1-linkerd-control-plane-issuer");
    await update({ ...asked, trust });
    const after = await Promise.all([cluster1, cluster2].map(issuerOf));
    expect(after.map(({ fingerprint256 }) => fingerprint256)).not.toEqual(
      before.map(({ fingerprint256 }) => fingerprint256),
    );
  });

  test("a webhook's CA is never replaced by another one in one step", async () => {
    expect(await refusal({ ...asked, trust: { webhookAuthorities: { cluster1: ["2"] } } })).toContain(
      "drops 1, which has signed the certificates that the webhooks answer with",
    );
  });

  test("a second CA of webhooks is trusted beside the first, and signs", async () => {
    const trust = { webhookAuthorities: { cluster1: ["1", "2"] } };
    const [first] = (await webhooksOf(cluster1)).authorities;
    await update({ ...asked, trust });
    const { authorities, certificate } = await webhooksOf(cluster1);
    expect(authorities).toHaveLength(2);
    expect(authorities[0]?.fingerprint256).toBe(first?.fingerprint256);
    expect(authorities.map((authority) => certificate.verify(authority.publicKey))).toEqual([false, true]);
    expect((await webhooksOf(cluster2)).authorities).toHaveLength(1);
    expect(await refusal({ ...asked, trust: { webhookAuthorities: { cluster1: ["2"] } } })).toContain(
      "drops 1 before all webhooks answer with what 2 signed",
    );
  });
});
