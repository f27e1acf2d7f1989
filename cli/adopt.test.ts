import { describe, expect, test } from "vitest";

import { parseSettings } from "../settings/parse.ts";
import { certify } from "../settings/test-certificates.ts";
import { chartVersionOf, configurationOf, mergedAnchors, remarksOn } from "./adopt.ts";
import type { Installation } from "./found.ts";

const anchors = [certify("root.linkerd.cluster.local"), certify("root.linkerd.cluster.local")];
const issuers = anchors.map((signer) =>
  certify("identity.linkerd.cluster.local", { signer, validDays: 365 }),
);

function installation(number: number, more: Partial<Installation> = {}): Installation {
  return {
    context: `admin@Cluster_${number.toString()}`,
    authority: `ca${number.toString()}`,
    controlPlaneNamespace: "linkerd",
    version: "edge-26.8.3",
    clusterDomain: "cluster.local",
    trustDomain: "cluster.local",
    highAvailability: false,
    cni: false,
    viz: false,
    hasOwnGatewayApi: true,
    podNetworks: [`10.${number.toString()}.0.0/16`],
    serviceNetworks: [],
    anchors: anchors[number - 1]?.certificate ?? "",
    issuer: { certificate: issuers[number - 1]?.certificate ?? "", keyEntry: "tls.key" },
    gateway: { serviceType: "LoadBalancer", port: 4143, probePort: 4191 },
    links: [],
    services: [],
    ...more,
  };
}

/** Two clusters, each linked with the other under a name of its own. */
const linked = [
  installation(1, {
    links: [{ target: "west", carries: ["gateway"], server: "https://west:6443", authority: "ca2" }],
    services: [{ namespace: "shop", name: "cart", export: ["gateway", "federated"], headless: false }],
  }),
  installation(2, {
    links: [
      { target: "east", carries: ["gateway", "federated"], server: "https://east:6443", authority: "ca1" },
    ],
  }),
];

/** What the program makes of the configuration, once the keys are there. */
function accepted(installations: readonly Installation[]) {
  const own = Object.entries(configurationOf(installations))
    .filter(([key]) => key.startsWith("mesh:"))
    .map(([key, value]) => [key.slice("mesh:".length), value] as const);
  const raw = structuredClone(Object.fromEntries(own)) as {
    clusters: Record<string, { issuer: Record<string, string> }>;
  };
  Object.values(raw.clusters).forEach(({ issuer }, index) => {
    issuer["privateKey"] = issuers[index]?.privateKey ?? "";
  });
  return parseSettings(raw);
}

describe("the configuration of what is there", () => {
  test("is accepted by the program, with clusters named as the Links call them", () => {
    const { clusters, links, services, linkerd, trust } = accepted(linked);
    expect(clusters.map(({ name, apiServer, podNetworks }) => ({ name, apiServer, podNetworks }))).toEqual([
      { name: "east", apiServer: "https://east:6443", podNetworks: ["10.1.0.0/16"] },
      { name: "west", apiServer: "https://west:6443", podNetworks: ["10.2.0.0/16"] },
    ]);
    expect(links.map(({ name, carries, clients }) => ({ name, carries, clients }))).toEqual([
      { name: "east-to-west", carries: ["gateway"], clients: "any" },
      { name: "west-to-east", carries: ["gateway", "federated"], clients: "any" },
    ]);
    expect(services).toMatchObject([
      { cluster: "east", namespace: "shop", name: "cart", modes: ["gateway", "federated"], clients: "any" },
    ]);
    expect(linkerd).toMatchObject({ version: "2026.8.3", viz: false, gatewayApi: true });
    expect(trust.givenAnchor?.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(clusters).toMatchObject([{ adopt: true }, { adopt: true }]);
  });

  test("is one of a single cluster too, named by its context", () => {
    const { clusters, links } = accepted([installation(1, { gateway: undefined })]);
    expect(clusters.map(({ name, gateway }) => [name, gateway.enabled])).toEqual([
      ["admin-cluster-1", false],
    ]);
    expect(links).toEqual([]);
  });

  test("leaves a Gateway API to whom it belongs", () => {
    expect(accepted([installation(1, { hasOwnGatewayApi: false })]).linkerd.gatewayApi).toBe(false);
    expect(accepted([installation(1, { hasOwnGatewayApi: undefined })]).linkerd.gatewayApi).toBe(true);
  });

  test("keeps the version of each cluster", () => {
    const { clusters } = accepted([installation(1), installation(2, { version: "edge-26.7.1" })]);
    expect(clusters.map(({ version }) => version)).toEqual(["2026.8.3", "2026.7.1"]);
  });

  test("says what no setting says", () => {
    const older = installation(2, { version: "edge-26.7.1" });
    const south = { target: "south", carries: [], server: undefined, authority: "ca9" };
    const remarks = remarksOn([installation(1, { links: [south] }), older]).join("\n");
    expect(remarks).toContain("The clusters run different versions: edge-26.8.3, edge-26.7.1.");
    expect(remarks).toContain("admin@Cluster_1 is linked with south: name its context too");
    expect(remarks).toContain("Values that Helm was given aren't here");
  });
});

test("anchors of several bundles are merged, each once", () => {
  const [one = "", two = ""] = anchors.map(({ certificate }) => certificate);
  expect(mergedAnchors([`${one}\n`, `${two}\n${one}`])).toBe(`${one}\n${two}`);
});

test("versions are those of the charts", () => {
  expect(chartVersionOf("edge-26.8.3")).toBe("2026.8.3");
  expect(chartVersionOf("stable-2.14.10")).toBe("2.14.10");
});
