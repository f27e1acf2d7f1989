import { X509Certificate } from "node:crypto";

import { AppsV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { parseBundle } from "../settings/rules/trust.ts";
import { eventually, TestCluster } from "./clusters.ts";
import { Engine, nameOf } from "./engine.ts";
import { linkerdCheck } from "./linkerd-check.ts";
import { linkerdSettings, simulatedCluster } from "./settings.ts";

const names = ["cluster1", "cluster2", "cluster3"];

type Block = Record<string, unknown>;

function settings(trust: Block) {
  return {
    environment: "rotation",
    linkerd: linkerdSettings,
    trust: { protect: true, restart: ["shop"], ...trust },
    clusters: Object.fromEntries(
      names.map((name, index) => [name, simulatedCluster(124 - index, 148 - index)]),
    ),
    links: { topology: "mesh", carries: ["gateway"] },
  };
}

let engine: Engine;
const clusters: TestCluster[] = [];
/** What Linkerd's checks said before anything changed. */
let checked: string[][] = [];

/** What both of Linkerd's own checks say of each cluster. */
async function checkAll(): Promise<string[][]> {
  const found: string[][] = [];
  for (const cluster of clusters) {
    found.push([
      ...(await linkerdCheck(cluster, "check")),
      ...(await linkerdCheck(cluster, "multicluster check")),
    ]);
  }
  return found;
}

/** One update and what it changed, then a preview that must find nothing, and checks that must say what they said. */
async function update(trust: Block): Promise<Record<string, number>> {
  await engine.configure(settings(trust));
  const output = await engine.up();
  const counts = [...output.matchAll(/^ {4}(?:\+-|[-+~])?\s*(\d+) (\w+)/gm)];
  expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  expect(await checkAll()).toEqual(checked);
  const changes = Object.fromEntries(counts.map(([, count, what = ""]) => [what, Number(count)]));
  console.log(JSON.stringify(trust), changes, /^Duration: .*$/m.exec(output)?.[0]);
  return changes;
}

/** What the engine says to a step that must be refused, in the preview. */
async function refusal(trust: Block): Promise<string> {
  await engine.configure(settings(trust));
  const { code, output } = await engine.run(["preview", "--stack", engine.stack]);
  expect(code).not.toBe(0);
  expect(output).toContain("nothing was created or changed");
  return output;
}

async function trustOf({ core }: TestCluster) {
  const namespace = "linkerd";
  const roots = await core.readNamespacedConfigMap({ name: "linkerd-identity-trust-roots", namespace });
  const issuer = await core.readNamespacedSecret({ name: "linkerd-identity-issuer", namespace });
  const text = roots.data?.["ca-bundle.crt"] ?? "";
  return {
    text,
    anchors: parseBundle(text).filter((anchor) => anchor !== undefined),
    issuer: new X509Certificate(Buffer.from(issuer.data?.["tls.crt"] ?? "", "base64")),
  };
}

/** Every cluster's issuer against every cluster's anchors, by an X.509 implementation that isn't Linkerd's. */
async function verifyTrust(generations: number) {
  const found = await Promise.all(clusters.map(trustOf));
  const [first] = found;
  for (const { text, anchors } of found) {
    expect(text).toBe(first?.text);
    expect(anchors).toHaveLength(generations);
    // No byte more than the certificates with a newline between two.
    expect(text).toBe(anchors.map((anchor) => anchor.toString().trim()).join("\n"));
    for (const { issuer } of found) {
      const signer = anchors.filter(
        (anchor) => issuer.verify(anchor.publicKey) && issuer.checkIssued(anchor),
      );
      expect(signer).toHaveLength(1);
    }
  }
  return found;
}

async function createProxy({ core }: TestCluster, name: string, anchors: string) {
  await core.createNamespace({ body: { metadata: { name: "shop" } } }).catch(() => undefined);
  await core.createNamespacedPod({
    namespace: "shop",
    body: {
      metadata: { name },
      spec: {
        containers: [
          {
            name: "linkerd-proxy",
            image: "proxy",
            env: [{ name: "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS", value: `${anchors}\n` }],
          },
        ],
      },
    },
  });
}

const web = { namespace: "shop", name: "web" };

/** Its template isn't injected, so the anchors of its pods are always the same: none. */
async function createMeshedDeployment({ core, config }: TestCluster) {
  await core.createNamespace({ body: { metadata: { name: "shop" } } });
  const labels = { app: "web" };
  await config.makeApiClient(AppsV1Api).createNamespacedDeployment({
    namespace: "shop",
    body: {
      metadata: { name: "web" },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "linkerd-proxy", image: "proxy" }] },
        },
      },
    },
  });
  await eventually(
    async () => (await core.listNamespacedPod({ namespace: "shop" })).items.length,
    (count) => count === 1,
  );
}

async function removeMeshedDeployment({ core, config }: TestCluster) {
  await config.makeApiClient(AppsV1Api).deleteNamespacedDeployment(web);
  await eventually(
    async () => (await core.listNamespacedPod({ namespace: "shop" })).items.length,
    (count) => count === 0,
  );
}

async function deletePod({ core }: TestCluster, name: string) {
  await core.deleteNamespacedPod({ namespace: "shop", name, gracePeriodSeconds: 0 });
}

function clusterNamed(index: number): TestCluster {
  const cluster = clusters[index];
  if (cluster === undefined) throw new Error("no such cluster");
  return cluster;
}

beforeAll(async () => {
  engine = await Engine.create("rotation", settings({}));
  await engine.up();
  const kubeconfigs = await engine.output<Record<string, string>>("kubeconfigs");
  for (const name of names) {
    clusters.push(await TestCluster.open(engine.folder, name, kubeconfigs[name] ?? ""));
  }
});

afterAll(async () => {
  // What has no protection any more can be destroyed: an update of its own, whatever the last test left.
  const { trusted, signers } = await engine.output<{ trusted: string[]; signers: Record<string, string> }>(
    "trust",
  );
  await engine.configure(
    settings({ generations: trusted, signer: Object.values(signers)[0] ?? "", protect: false }),
  );
  await engine.up();
  await engine.destroy();
  await engine.dispose();
});

describe("a rotation of the anchor on linked clusters", () => {
  let bundle = "";

  test("starts with one anchor, which the engine refuses to delete", async () => {
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
    bundle = (await verifyTrust(1))[0]?.text ?? "";
    checked = await checkAll();
    const ofTrust = checked.flat().filter((line) => /anchor|issuer/.test(line));
    expect(ofTrust.filter((line) => !line.startsWith("√"))).toEqual([]);
    const { code, output } = await engine.run(["destroy", "--stack", engine.stack, "--preview-only"]);
    expect(code).not.toBe(0);
    expect(output).toContain("protected");
  });

  test("changes no anchor with its lifetime", async () => {
    await engine.configure(settings({ anchor: { lifetime: "90000h" } }));
    // The component notes what it was asked for; what it is made of stays.
    expect((await engine.previewSteps()).map(({ op, urn }) => [op, nameOf(urn)])).toEqual([
      ["update", "trust-anchor"],
    ]);
  });

  test("can't skip a step", async () => {
    expect(await refusal({ generations: ["1", "2"], signer: "2" })).toContain(
      "skips a step: one update trusts 2 and signs with 2",
    );
    expect(await refusal({ generations: ["2"] })).toContain(
      "skips a step: one update trusts 2 and signs with 2",
    );
  });

  test("first trusts both, and restarts the workloads that it may", async () => {
    const before = bundle;
    const cluster = clusterNamed(1);
    await createMeshedDeployment(cluster);
    const changes = await update({ generations: ["1", "2"], signer: "1" });
    expect(changes["replaced"]).toBeUndefined();
    bundle = (await verifyTrust(2))[0]?.text ?? "";
    expect(bundle.startsWith(`${before}\n`)).toBe(true);
    const { spec, status } = await cluster.config.makeApiClient(AppsV1Api).readNamespacedDeployment(web);
    expect(spec?.template.metadata?.annotations).toHaveProperty("kubectl.kubernetes.io/restartedAt");
    expect(status).toMatchObject({ updatedReplicas: 1, readyReplicas: 1 });
    await removeMeshedDeployment(cluster);
  });

  test("signs with the new one only when every proxy trusts it", async () => {
    const [old = ""] = bundle.split(/(?<=-----END CERTIFICATE-----)\n/);
    await createProxy(clusterNamed(1), "left", old);
    const output = await refusal({ generations: ["1", "2"], signer: "2" });
    expect(output).toContain("cluster2/shop/Pod left");
    await deletePod(clusterNamed(1), "left");
    await createProxy(clusterNamed(1), "restarted", bundle);
    await update({ generations: ["1", "2"], signer: "2" });
    const found = await verifyTrust(2);
    for (const { issuer, anchors } of found) expect(issuer.verify(must(anchors[1]).publicKey)).toBe(true);
  });

  test("drops the old one only when no proxy is from before the new issuer", async () => {
    expect(await refusal({ generations: ["2"], signer: "2" })).toContain("cluster2/shop/Pod restarted");
    await deletePod(clusterNamed(1), "restarted");
    await createProxy(clusterNamed(1), "again", bundle);
    const changes = await update({ generations: ["2"] });
    expect(changes["deleted"]).toBe(3);
    const [found] = await verifyTrust(1);
    expect(bundle.endsWith(found?.text ?? "nothing")).toBe(true);
  });

  test("renews the issuer of one cluster and nothing else", async () => {
    const before = await verifyTrust(1);
    await engine.configure(settings({ generations: ["2"], issuerRenewals: { cluster1: 1 } }));
    const steps = await engine.previewSteps();
    expect(
      steps.filter(({ urn }) => !urn.includes("cluster1-linkerd")).map(({ urn }) => nameOf(urn)),
    ).toEqual([]);
    await update({ generations: ["2"], issuerRenewals: { cluster1: 1 } });
    const after = await verifyTrust(1);
    const changed = after.map(
      ({ issuer }, index) => issuer.fingerprint256 !== before[index]?.issuer.fingerprint256,
    );
    expect(changed).toEqual([true, false, false]);
  });

  test("warns of what ends soon, in every preview", async () => {
    await engine.configure(
      settings({ generations: ["2"], issuerRenewals: { cluster1: 1 }, warning: "8760h" }),
    );
    const { output } = await engine.run(["preview", "--stack", engine.stack]);
    expect(output).toMatch(/The issuer of cluster2 expires in \d+ days, on /);
    expect(output).not.toMatch(/The trust anchor 2 of rotation expires/);
  });
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("missing");
  return value;
}
