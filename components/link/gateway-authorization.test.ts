import * as k8s from "@pulumi/kubernetes";
import { expect, test } from "vitest";

import { record, types } from "../../tests/record.ts";
import { GatewayAuthorization, type GatewayAuthorizationArgs } from "./gateway-authorization.ts";

const identity = "*.serviceaccount.identity.linkerd.east.test";
const metadata = { name: "linkerd-gateway-from-east", namespace: "linkerd-multicluster" };

/** Who of east may pass the gateway of west. */
async function make(more: Partial<GatewayAuthorizationArgs> = {}) {
  const { graph } = await record(() => {
    const west = new k8s.Provider("west", {});
    const chart = new k8s.helm.v4.Chart("chart", { chart: "x" }, { provider: west });
    return new GatewayAuthorization(
      "east-to-west-gateway",
      { source: "east", namespace: "linkerd-multicluster", clients: [identity], networks: [], ...more },
      { providers: [west], dependsOn: [chart] },
    );
  });
  return { graph, policy: graph.named("east-to-west-gateway-policy").inputs };
}

test("names the source's identities, on the target, once there is a Server to authorize them for", async () => {
  const { graph, policy } = await make();
  expect(graph.children("east-to-west-gateway")).toEqual({
    "east-to-west-gateway-identities": types.meshTlsAuthentication,
    "east-to-west-gateway-policy": types.authorizationPolicy,
  });
  expect(graph.named("east-to-west-gateway-identities").inputs).toMatchObject({
    metadata,
    spec: { identities: [identity] },
  });
  expect(policy).toMatchObject({
    metadata,
    spec: {
      targetRef: { group: "policy.linkerd.io", kind: "Server", name: "linkerd-gateway" },
      requiredAuthenticationRefs: [
        { group: "policy.linkerd.io", kind: "MeshTLSAuthentication", name: metadata.name },
      ],
    },
  });
  for (const name of ["identities", "policy"]) {
    expect(graph.provider(`east-to-west-gateway-${name}`)).toBe("west");
    expect(graph.dependencies(`east-to-west-gateway-${name}`)).toContain("chart");
  }
});

test("asks for the network too where the source's is given: both must hold", async () => {
  const { graph, policy } = await make({ networks: ["10.1.0.0/16", "fd00:1::/64"] });
  expect(graph.named("east-to-west-gateway-networks").inputs).toMatchObject({
    kind: "NetworkAuthentication",
    metadata,
    spec: { networks: [{ cidr: "10.1.0.0/16" }, { cidr: "fd00:1::/64" }] },
  });
  expect(policy).toMatchObject({
    spec: {
      requiredAuthenticationRefs: [{ kind: "MeshTLSAuthentication" }, { kind: "NetworkAuthentication" }],
    },
  });
});

test("opened, admits every identity of the mesh", async () => {
  const { graph } = await make({ clients: "any" });
  expect(graph.named("east-to-west-gateway-identities").inputs).toMatchObject({
    spec: { identities: ["*"] },
  });
});
