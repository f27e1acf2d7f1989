import { describe, expect, test } from "vitest";

import { ownCluster } from "./own-cluster.ts";
import { resource, violations } from "./test-resources.ts";

const namespace = "kubernetes:core/v1:Namespace";
const secret = "kubernetes:core/v1:Secret";
const custom = "kubernetes:policy.linkerd.io/v1alpha1:AuthorizationPolicy";
const chart = "kubernetes:helm.sh/v4:Chart";

describe("a resource is on its own cluster", () => {
  test.each<[string, string[], string, string]>([
    ["an install", ["mesh:linkerd:Linkerd", namespace], "east-linkerd-namespace", "east"],
    [
      "a chart's object",
      ["mesh:linkerd:Linkerd", chart, secret],
      "east-linkerd-chart:linkerd/config",
      "east",
    ],
    ["a link, on its source", ["mesh:link:Link", secret], "east-to-west-mirror-credentials", "east"],
    ["access, on its target", ["mesh:link:RemoteAccess", secret], "east-to-west-access-token", "west"],
    ["a gateway's policy", ["mesh:link:GatewayAuthorization", custom], "east-to-west-gateway-policy", "west"],
    ["a service", ["mesh:service:ExportedService", custom], "east/shop/cart-labels", "east"],
    ["something of a team's", [namespace], "east-shop", "east"],
  ])("%s", async (_, types, name, provider) => {
    expect(await violations(ownCluster, [resource({ types, name, provider })])).toEqual([]);
  });
});

describe("a resource by another cluster's provider is refused", () => {
  test.each<[string, string[], string, string]>([
    ["an install", ["mesh:linkerd:Linkerd", namespace], "east-linkerd-namespace", "west"],
    ["of a cluster whose name begins alike", ["mesh:linkerd:Linkerd", namespace], "east-2-linkerd-x", "east"],
    ["a link", ["mesh:link:Link", secret], "east-to-west-mirror-credentials", "west"],
    ["access", ["mesh:link:RemoteAccess", secret], "east-to-west-access-token", "east"],
    ["a gateway's policy", ["mesh:link:GatewayAuthorization", custom], "east-to-west-gateway-policy", "east"],
    ["a service", ["mesh:service:ExportedService", custom], "east/shop/cart-labels", "west"],
    ["something of a team's", [namespace], "shop", "east"],
  ])("%s", async (_, types, name, provider) => {
    const [found, ...more] = await violations(ownCluster, [resource({ types, name, provider })]);
    expect(more).toEqual([]);
    expect(found).toMatch(
      new RegExp(`^${name}: The provider of cluster ${provider} makes it, but .*hand it`),
    );
  });
});

test.each([undefined, "default_4_34_2"])(
  "a resource without a provider of its own is refused (%s)",
  async (given) => {
    const made = resource({
      types: [namespace],
      name: "east-shop",
      ...(given === undefined ? {} : { provider: given }),
    });
    expect(await violations(ownCluster, [made])).toEqual([
      "east-shop: It has no provider of its own: hand it the provider of the cluster that it is for.",
    ]);
  },
);

test("a chart is no object of a cluster, nor is what no Kubernetes provider makes", async () => {
  const others = [chart, "tls:index/privateKey:PrivateKey", "mesh:trust:TrustAnchor"];
  const resources = others.map((type) => resource({ types: [type], name: "anything" }));
  expect(await violations(ownCluster, resources)).toEqual([]);
});
