import { describe, expect, test } from "vitest";

import { closedGateways } from "./closed-gateways.ts";
import { resource, unknown, violations } from "./test-resources.ts";

const check = (type: string, props: Record<string, unknown>, config?: object) =>
  violations(closedGateways, [resource({ types: [type], name: "it", props })], config);

const service = "kubernetes:core/v1:Service";
const balancer = (spec: object = {}, annotations: object = {}) => ({
  metadata: { annotations },
  spec: { type: "LoadBalancer", ...spec },
});

describe("a load balancer", () => {
  test.each([
    [
      "that its cloud makes an internal one",
      balancer({}, { "networking.gke.io/load-balancer-type": "Internal" }),
    ],
    ["with source ranges", balancer({ loadBalancerSourceRanges: ["10.0.0.0/8"] })],
    ["that is none", { spec: { type: "ClusterIP" } }],
    ["that isn't known yet", { spec: unknown }],
  ])("%s passes", async (_, props) => {
    expect(await check(service, props)).toEqual([]);
  });

  test.each([
    ["without either", balancer()],
    [
      "that says it is public",
      balancer({}, { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing" }),
    ],
    ["for everyone's addresses", balancer({ loadBalancerSourceRanges: ["10.0.0.0/8", "0.0.0.0/0"] })],
  ])("%s is refused", async (_, props) => {
    expect(await check(service, props)).toEqual([expect.stringMatching(/^it: Its load balancer is open/)]);
  });

  test("may be internal by an annotation of one's own", async () => {
    const props = balancer({}, { "example.com/internal": "yes" });
    expect(await check(service, props)).toHaveLength(1);
    expect(await check(service, props, { internalAnnotations: { "example.com/internal": "yes" } })).toEqual(
      [],
    );
  });
});

describe("a policy of Linkerd's", () => {
  const authentication = "kubernetes:policy.linkerd.io/v1alpha1:MeshTLSAuthentication";
  const authorization = "kubernetes:policy.linkerd.io/v1alpha1:AuthorizationPolicy";
  const opening = (name: string, ...kinds: string[]) => ({
    spec: {
      targetRef: { kind: "Server", name },
      requiredAuthenticationRefs: kinds.map((kind) => ({ kind })),
    },
  });

  test.each([
    ["names who comes", authentication, { spec: { identities: ["*.east.example"] } }],
    [
      "asks the gateway's callers who they are",
      authorization,
      opening("linkerd-gateway", "MeshTLSAuthentication"),
    ],
    ["doesn't say yet what it asks for", authorization, opening("linkerd-gateway", unknown)],
    ["is of another Server", authorization, opening("linkerd-gateway-probe", "NetworkAuthentication")],
  ])("that %s passes", async (_, type, props) => {
    expect(await check(type, props)).toEqual([]);
  });

  test.each([
    ["admits every identity", authentication, { spec: { identities: ["*"] } }],
    [
      "opens the gateway by network alone",
      authorization,
      opening("linkerd-gateway", "NetworkAuthentication"),
    ],
    ["opens the gateway to all", authorization, opening("linkerd-gateway")],
  ])("that %s is refused", async (_, type, props) => {
    expect(await check(type, props)).toEqual([
      expect.stringMatching(/^it: It (admits every|opens the gateway)/),
    ]);
  });
});
