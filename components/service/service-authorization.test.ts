import * as k8s from "@pulumi/kubernetes";
import { describe, expect, test } from "vitest";

import { record, types } from "../../tests/record.ts";
import { podsOf, ServiceAuthorization, type ServiceAuthorizationArgs } from "./service-authorization.ts";

const webOfEast = "web.shop.serviceaccount.identity.linkerd.east.test";
const prefix = "west/shop/cart-authorization";
const group = "policy.linkerd.io";

/** Who of east may call the pods behind `cart` on west. */
async function make(more: Partial<ServiceAuthorizationArgs> = {}) {
  const { graph } = await record(() => {
    const west = new k8s.Provider("west", {});
    const chart = new k8s.helm.v4.Chart("chart", { chart: "x" }, { provider: west });
    return new ServiceAuthorization(
      prefix,
      {
        namespace: "shop",
        name: "cart",
        ports: [{ port: 80, targetPort: "http", protocol: "unknown" }],
        selector: { app: "cart" },
        clients: [{ cluster: "east", identities: [webOfEast], podNetworks: ["10.1.0.0/16"] }],
        otherPodNetworks: ["10.1.0.0/16", "10.3.0.0/16", "fd00:3::/64"],
        ...more,
      },
      { providers: [west], dependsOn: [chart] },
    );
  });
  const spec = (name: string) => graph.named(`${prefix}-${name}`).inputs["spec"];
  return { graph, spec };
}

test("is a Server for each port, and what lets callers in, on the service's cluster", async () => {
  const { graph } = await make({
    ports: [
      { port: 80, targetPort: "http", protocol: "unknown" },
      { port: 9000, protocol: "gRPC" },
    ],
  });
  expect(graph.children(prefix)).toEqual({
    [`${prefix}-NetworkAuthentication-cart-from-here`]: types.networkAuthentication,
    [`${prefix}-AuthorizationPolicy-cart-http-from-here`]: types.authorizationPolicy,
    [`${prefix}-AuthorizationPolicy-cart-9000-from-here`]: types.authorizationPolicy,
    [`${prefix}-MeshTLSAuthentication-cart-from-east`]: types.meshTlsAuthentication,
    [`${prefix}-NetworkAuthentication-cart-from-east`]: types.networkAuthentication,
    [`${prefix}-AuthorizationPolicy-cart-http-from-east`]: types.authorizationPolicy,
    [`${prefix}-AuthorizationPolicy-cart-9000-from-east`]: types.authorizationPolicy,
    [`${prefix}-Server-cart-http`]: types.server,
    [`${prefix}-Server-cart-9000`]: types.server,
  });
  for (const name of Object.keys(graph.children(prefix))) {
    expect(graph.provider(name)).toBe("west");
    expect(graph.dependencies(name)).toContain("chart");
    expect(graph.named(name).inputs["metadata"]).toMatchObject({ namespace: "shop" });
  }
});

describe("a closed port", () => {
  test("is the container's, behind the service", async () => {
    const { spec } = await make({ ports: [{ port: 80, targetPort: "http", protocol: "HTTP/2" }] });
    expect(spec("Server-cart-http")).toEqual({
      podSelector: { matchLabels: { app: "cart" } },
      port: "http",
      proxyProtocol: "HTTP/2",
    });
  });

  test("is the service's own where the container has the same", async () => {
    const { spec } = await make({ ports: [{ port: 9000, protocol: "unknown" }] });
    expect(spec("Server-cart-9000")).toMatchObject({ port: 9000 });
  });

  test("is closed once where two of the service's ports are one of the container's", async () => {
    const { graph } = await make({
      ports: [
        { port: 80, targetPort: "http", protocol: "unknown" },
        { port: 8080, targetPort: "http", protocol: "unknown" },
      ],
    });
    expect(graph.ofType(types.server)).toHaveLength(1);
  });

  test("closes last and opens first, so that nobody is shut out in between", async () => {
    const { graph } = await make();
    const policies = Object.keys(graph.children(prefix)).filter((name) => !name.includes("-Server-"));
    expect(policies).toHaveLength(5);
    expect(graph.dependencies(`${prefix}-Server-cart-http`)).toEqual(["chart", ...policies].sort());
  });

  test("admits as before who isn't in another cluster's pod network", async () => {
    const { spec } = await make();
    expect(spec("NetworkAuthentication-cart-from-here")).toEqual({
      networks: [
        { cidr: "0.0.0.0/0", except: ["10.1.0.0/16", "10.3.0.0/16"] },
        { cidr: "::/0", except: ["fd00:3::/64"] },
      ],
    });
    expect(spec("AuthorizationPolicy-cart-http-from-here")).toEqual({
      targetRef: { group, kind: "Server", name: "cart-http" },
      requiredAuthenticationRefs: [{ group, kind: "NetworkAuthentication", name: "cart-from-here" }],
    });
  });

  test("admits of another cluster only who is named, and only from that cluster's pods", async () => {
    const { spec } = await make();
    expect(spec("MeshTLSAuthentication-cart-from-east")).toEqual({ identities: [webOfEast] });
    expect(spec("NetworkAuthentication-cart-from-east")).toEqual({ networks: [{ cidr: "10.1.0.0/16" }] });
    expect(spec("AuthorizationPolicy-cart-http-from-east")).toEqual({
      targetRef: { group, kind: "Server", name: "cart-http" },
      requiredAuthenticationRefs: [
        { group, kind: "MeshTLSAuthentication", name: "cart-from-east" },
        { group, kind: "NetworkAuthentication", name: "cart-from-east" },
      ],
    });
  });

  test("admits nobody of another cluster where nobody is named", async () => {
    const { graph } = await make({ clients: [] });
    expect(Object.keys(graph.children(prefix)).filter((name) => !name.endsWith("-from-here"))).toEqual([
      `${prefix}-Server-cart-http`,
    ]);
  });
});

test.each([undefined, {}])("a Service without pods can't be closed, which is said (%j)", (selector) => {
  expect(() => podsOf("shop/cart", selector)).toThrow("Service shop/cart has no selector");
});
