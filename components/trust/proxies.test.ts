import { createHash, X509Certificate } from "node:crypto";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { parseDeployed } from "../../settings/deployed.ts";
import { parseSettings } from "../../settings/parse.ts";
import type { TrustState } from "../../settings/rotation.ts";
import { certify } from "../../settings/test-certificates.ts";
import { configuration, simulated } from "../../settings/test-examples.ts";
import { startApiServer, toBase64, type ApiServer } from "../../tests/record.ts";
import { liveProblems, relianceProblems } from "./proxies.ts";

const first = certify("first");
const second = certify("second");
const both = `${first.certificate}\n${second.certificate}`;
const issuerOfFirst = certify("issuer", { signer: first });
const issuerOfSecond = certify("issuer", { signer: second });

const notBefore = new X509Certificate(issuerOfSecond.certificate).validFromDate;
const before = new Date(notBefore.getTime() - 60_000);
const after = new Date(notBefore.getTime() + 60_000);

function pod(anchors: string | undefined, created = after, annotations: Record<string, string> = {}) {
  return { namespace: "shop", owner: { kind: "Deployment", name: "web" }, created, annotations, anchors };
}

const sign = { trusted: [second.certificate], remaining: undefined };
const drop = { trusted: [second.certificate], remaining: [second.certificate] };

function problems(live: object, needs: typeof sign | typeof drop): string[] {
  const whole = { bundle: both, issuer: issuerOfSecond.certificate, pods: [], ...live };
  return relianceProblems("east", whole, needs).map(({ problem }) => problem);
}

const left = "would cut off running proxies that don't have the anchor yet: east/shop/Deployment web";
const old = "would cut off running proxies from before the current issuer: east/shop/Deployment web";

describe("before another anchor signs", () => {
  test("every proxy has it, in whatever order and with whatever newlines", () => {
    expect(
      problems({ pods: [pod(both), pod(`${second.certificate}\n${first.certificate}\n`)] }, sign),
    ).toEqual([]);
  });

  test("a proxy without it is named by what made it, once", () => {
    expect(problems({ pods: [pod(first.certificate), pod(first.certificate), pod(both)] }, sign)).toEqual([
      left,
    ]);
    expect(problems({ pods: [pod("")] }, sign)).toEqual([left]);
  });

  test("a proxy of the control plane read the ConfigMap when it started", () => {
    const hash = createHash("sha256").update(both).digest("hex");
    const current = pod(undefined, after, { "linkerd.io/trust-root-sha256": hash });
    expect(problems({ pods: [current] }, sign)).toEqual([]);
    expect(problems({ pods: [pod(undefined)] }, sign)).toEqual([left]);
  });

  test("the cluster hands it to new proxies, whatever the last update's outputs say", () => {
    expect(problems({ bundle: first.certificate }, sign)).toEqual([
      "relies on an anchor that east doesn't have in its linkerd-identity-trust-roots",
    ]);
  });

  test("it doesn't matter how old proxies are", () => {
    expect(problems({ pods: [pod(both, before)] }, sign)).toEqual([]);
  });
});

describe("before an anchor is dropped", () => {
  test("every proxy is younger than the issuer that another one signed", () => {
    expect(problems({ pods: [pod(both)] }, drop)).toEqual([]);
    expect(problems({ pods: [pod(both, before)] }, drop)).toEqual([old]);
  });

  test("the cluster's issuer is of one that stays, whatever the last update's outputs say", () => {
    expect(problems({ issuer: issuerOfFirst.certificate }, drop)).toEqual([
      "drops the anchor that signed the issuer which east has in its linkerd-identity-issuer",
    ]);
  });
});

describe("the clusters themselves", () => {
  let east: ApiServer;
  const { clusters } = parseSettings(configuration({ clusters: { east: simulated(1) } }));
  const state = (trusted: string[], signer: string): TrustState => ({ trusted, signers: { east: signer } });
  const deployed = (trust: TrustState, kubeconfigs: Record<string, string>) =>
    parseDeployed({
      trust: { ...trust, renewals: {}, anchors: { "1": first.certificate, "2": second.certificate } },
      kubeconfigs,
    });

  beforeEach(async () => {
    east = await startApiServer("east");
    const data = { "ca-bundle.crt": both };
    east.objects["/api/v1/namespaces/linkerd/configmaps/linkerd-identity-trust-roots"] = { data };
    east.objects["/api/v1/namespaces/linkerd/secrets/linkerd-identity-issuer"] = {
      data: { "tls.crt": toBase64(issuerOfFirst.certificate) },
    };
    const env = [{ name: "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS", value: first.certificate }];
    east.lists["/api/v1/pods"] = [
      {
        metadata: { name: "web-1", namespace: "shop" },
        spec: { containers: [{ name: "linkerd-proxy", env }] },
      } as never,
    ];
  });

  afterEach(() => east.close());

  test("are asked before another anchor signs", async () => {
    const last = deployed(state(["1", "2"], "1"), { east: east.kubeconfig });
    expect(await liveProblems(last, state(["1", "2"], "2"), clusters)).toEqual([
      {
        path: "trust.signer",
        problem: "would cut off running proxies that don't have the anchor yet: east/shop/Pod web-1",
        remedy: "restart them (kubectl rollout restart), then do this step",
      },
    ]);
  });

  test("are asked before one is dropped", async () => {
    const last = deployed(state(["1", "2"], "2"), { east: east.kubeconfig });
    const found = await liveProblems(last, state(["2"], "2"), clusters);
    expect(found.map(({ path, problem }) => `${path} ${problem}`)).toEqual([
      "trust.generations would cut off running proxies that don't have the anchor yet: east/shop/Pod web-1",
      "trust.generations drops the anchor that signed the issuer which east has in its linkerd-identity-issuer",
    ]);
  });

  test("aren't asked otherwise", async () => {
    const unreachable = deployed(state(["1"], "1"), {});
    expect(await liveProblems(unreachable, state(["1"], "1"), clusters)).toEqual([]);
    expect(await liveProblems(unreachable, state(["1", "2"], "1"), clusters)).toEqual([]);
    expect(await liveProblems(parseDeployed({}), state(["1"], "1"), clusters)).toEqual([]);
  });

  test("are named when they can't be", async () => {
    const last = (kubeconfigs: Record<string, string>) => deployed(state(["1", "2"], "1"), kubeconfigs);
    const ask = async (kubeconfigs: Record<string, string>) =>
      (await liveProblems(last(kubeconfigs), state(["1", "2"], "2"), clusters)).map(({ problem }) => problem);
    expect(await ask({})).toEqual([
      "needs to know what runs on east, which can't be asked: the last update left no kubeconfig",
    ]);
    const { kubeconfig } = east;
    await east.close();
    expect((await ask({ east: kubeconfig })).join()).toMatch(
      /^needs to know what runs on east, which can't be asked: .*ECONNREFUSED/,
    );
    east = await startApiServer("east");
  });
});
