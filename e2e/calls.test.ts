import { execFileSync } from "node:child_process";

import { AppsV1Api, CustomObjectsApi } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { restartWorkload, waitUntilRolledOut } from "../components/cluster/meshed-pods.ts";
import { certify } from "../settings/test-certificates.ts";
import { toText } from "../verify/text.ts";
import type { Verification } from "../verify/verify.ts";
import { eventually, type TestCluster } from "./clusters.ts";
import { Engine } from "./engine.ts";
import { adopted, gateway, isSkipped, loadClusters, scale } from "./nodes.ts";
import { linkerdSettings } from "./settings.ts";
import { found, lookAt, type Look } from "./verified.ts";

/** Commands of whoever owns the nodes that take cluster1's route to the pods of cluster2 away, and put it back. */
const breakRoute = process.env["E2E_BREAK_ROUTE"];
const mendRoute = process.env["E2E_MEND_ROUTE"];

const forward = "cluster1 -> cluster2";

describe.skipIf(isSkipped("calls.test.ts"))("verify with calls of its own", () => {
  let engine: Engine;
  let cluster1: TestCluster;
  let cluster2: TestCluster;
  let look: Look;

  const withCalls = () => look(10_000, true);

  beforeAll(async () => {
    const clusters = await loadClusters();
    ({ cluster1, cluster2 } = clusters);
    const asked = {
      environment: "calls",
      linkerd: linkerdSettings,
      trust: { protect: false },
      clusters: await adopted(clusters),
      links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
    };
    engine = await Engine.create("calls", asked);
    await engine.up();
    look = await lookAt(engine, asked);
    await healthy();
  });

  afterAll(async () => {
    await engine.destroy();
    await engine.dispose();
  });

  /** As the findings say; fields that somebody else wrote are taken back by force. */
  async function restore(): Promise<void> {
    vi.stubEnv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true");
    await engine.expectSuccess(["up", "--stack", engine.stack, "--refresh", "--yes", "--skip-preview"]);
    vi.unstubAllEnvs();
  }

  async function healthy(): Promise<void> {
    await eventually(
      () => look(),
      ({ findings }) => findings.length === 0,
      120,
    );
  }

  /** Calls while something is broken, tells what a person reads, and leaves nothing in the clusters. */
  async function judge(what: string): Promise<Verification> {
    const verification = await withCalls();
    console.log(`${what}:\n${toText(verification, 0)}`);
    for (const { core } of [cluster1, cluster2]) {
      const { items } = await core.listNamespace();
      expect(items.map(({ metadata }) => metadata?.name)).not.toContain("mesh-verify");
    }
    return verification;
  }

  /** What is said of the calls from cluster1 to cluster2. */
  function ofCalls({ findings }: Verification): string[] {
    return findings
      .filter(({ check, subject }) => check === "calls" && subject === forward)
      .map(({ problem }) => problem);
  }

  test("is answered over both links in every mode, as who the caller is", async () => {
    const { findings, links } = await judge("a healthy mesh");
    expect(findings).toEqual([]);
    const caller = "caller.mesh-verify.serviceaccount.identity.linkerd.cluster.local";
    const ofGateway = "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local";
    for (const { calls, target } of links) {
      expect(calls).toMatchObject([
        { mode: "gateway", identities: [ofGateway], clusters: [target] },
        { mode: "pod-to-pod", identities: [caller], clusters: [target] },
        { mode: "federated", identities: [caller] },
      ]);
      for (const { sent, answered } of calls) expect(answered).toBe(sent);
    }
  });

  test.skipIf(breakRoute === undefined || mendRoute === undefined)("finds a missing route", async () => {
    execFileSync("sh", ["-c", breakRoute ?? ""]);
    const verification = await judge("a missing route").finally(() => {
      execFileSync("sh", ["-c", mendRoute ?? ""]);
    });
    expect(ofCalls(verification)).toContainEqual(
      expect.stringMatching(
        /^pod-to-pod calls fail: pods of cluster1 can't connect to a pod of cluster2 at /,
      ),
    );
  });

  test("finds a gateway that is stopped", async () => {
    await scale(cluster2, gateway, 0);
    const verification = await judge("a stopped gateway").finally(() => scale(cluster2, gateway, 1));
    expect(ofCalls(verification)).toEqual([
      expect.stringMatching(/^gateway calls fail: pods of cluster1 can't connect to cluster2's gateway at /),
    ]);
    await healthy();
  });

  test("finds a closed policy", async () => {
    const name = {
      group: "policy.linkerd.io",
      version: "v1alpha1",
      namespace: "linkerd-multicluster",
      plural: "meshtlsauthentications",
      name: "linkerd-gateway-from-cluster1",
    };
    const objects = cluster2.config.makeApiClient(CustomObjectsApi);
    const before = (await objects.getNamespacedCustomObject(name)) as { spec: object };
    const closed = {
      ...before,
      spec: { identities: ["nobody.nowhere.serviceaccount.identity.linkerd.cluster.local"] },
    };
    await objects.replaceNamespacedCustomObject({ ...name, body: closed });
    const verification = await judge("a closed policy");
    expect(ofCalls(verification)).toEqual([
      // A gateway ends connections of those whom it doesn't admit; the caller's own proxy then answers with 503.
      expect.stringMatching(/^3 of 3 gateway calls fail: 503 /),
    ]);
    expect(found(verification)).toContain(`${forward}: gateway-admits`);
    await restore();
    await healthy();
  });

  test("finds an anchor that isn't the others'", async () => {
    await trustAnother(cluster2);
    const verification = await judge("a wrong anchor");
    expect(ofCalls(verification).length).toBeGreaterThanOrEqual(2);
    expect(verification.findings.map(({ check }) => check)).toContain("anchors-agree");
    await restore();
    await restartLinkerd(cluster2);
    await healthy();
    expect((await judge("mended")).findings).toEqual([]);
  });
});

/** Makes a cluster trust, and sign with, an anchor of its own, as if somebody had installed it alone. */
async function trustAnother(cluster: TestCluster): Promise<void> {
  const { core } = cluster;
  const namespace = "linkerd";
  const anchor = certify("root.linkerd.cluster.local");
  const issuer = certify("identity.linkerd.cluster.local", {
    signer: anchor,
    dnsName: "identity.linkerd.cluster.local",
  });
  const roots = { name: "linkerd-identity-trust-roots", namespace };
  const configMap = await core.readNamespacedConfigMap(roots);
  configMap.data = { "ca-bundle.crt": anchor.certificate.trim() };
  await core.replaceNamespacedConfigMap({ ...roots, body: configMap });
  const pair = { name: "linkerd-identity-issuer", namespace };
  const secret = await core.readNamespacedSecret(pair);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  secret.data = {
    "ca.crt": base64(anchor.certificate),
    "tls.crt": base64(issuer.certificate),
    "tls.key": base64(issuer.privateKey),
  };
  await core.replaceNamespacedSecret({ ...pair, body: secret });
  await restartLinkerd(cluster);
}

/** The control plane first, whose injector gives the extension's pods their anchors. */
async function restartLinkerd({ config }: TestCluster): Promise<void> {
  for (const namespace of ["linkerd", "linkerd-multicluster"]) {
    const { items } = await config.makeApiClient(AppsV1Api).listNamespacedDeployment({ namespace });
    const deployments = items.map(({ metadata }) => ({
      kind: "Deployment" as const,
      name: metadata?.name ?? "",
    }));
    for (const one of deployments) await restartWorkload(config, namespace, one);
    for (const one of deployments) await waitUntilRolledOut(config, namespace, one);
  }
}
