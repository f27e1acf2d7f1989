import { describe, expect, test } from "vitest";

import { parseSettings } from "../settings/parse.ts";
import { certify } from "../settings/test-certificates.ts";
import { clustersNamed, configuration } from "../settings/test-examples.ts";
import { clusterChecks } from "./cluster-checks.ts";
import { linkChecks } from "./link-checks.ts";
import {
  anchor,
  issuer,
  now,
  otherAnchor,
  pod,
  service,
  verifyAfter,
  version,
  type Facts,
  type Mesh,
} from "./test-mesh.ts";
import { reachable, type Verification } from "./verify.ts";

const checks = [reachable, ...clusterChecks, ...linkChecks];

/** `subject: check (level)` of everything that was found. */
function found({ findings }: Verification): string[] {
  return findings.map(({ subject, check, level }) => `${subject}: ${check} ${level}`);
}

function problems({ findings }: Verification): string[] {
  return findings.map(({ problem }) => problem);
}

function only<T>(items: T[], isIt: (item: T) => boolean): T {
  const item = items.find(isIt);
  if (item === undefined) throw new Error("there is none");
  return item;
}

function deployment({ deployments }: Facts, name: string) {
  return only(deployments, (one) => one.name === name);
}

function serviceIn({ services }: Facts, name: string) {
  return only(services, (one) => one.name === name);
}

function remove(items: { name: string }[], name: string): void {
  items.splice(
    items.findIndex((one) => one.name === name),
    1,
  );
}

function linkOf({ links }: Facts) {
  return only(links, () => true);
}

function credentialsIn({ credentials }: Facts, namespace: string) {
  return only(credentials, (one) => one.namespace === namespace);
}

const soon = certify("identity.linkerd.cluster.local", { signer: anchor, validDays: 10 });
const foreign = certify("identity.linkerd.cluster.local", { signer: otherAnchor });
const later = new Date(now.getTime() + 3_000).toISOString();
const longAgo = new Date(now.getTime() - 600_000).toISOString();

test("a healthy mesh is healthy, and nothing is left out", () => {
  const verification = verifyAfter();
  expect(verification).toMatchObject({ isHealthy: true, findings: [], skipped: [] });
  expect(verification.clusters.map(({ health }) => health)).toEqual(["healthy", "healthy"]);
  expect(verification.links).toMatchObject([
    { source: "east", target: "west", health: "healthy", mirrors: 3 },
    { source: "west", target: "east", health: "healthy", mirrors: 3 },
  ]);
  expect(verification.checks).toBe(2 * (1 + clusterChecks.length + linkChecks.length));
});

/** What is done to a healthy mesh, all that is found then, and what is said of it. */
const faults: [what: string, change: (mesh: Mesh) => void, found: string[], said: RegExp][] = [
  [
    "an old Kubernetes",
    ({ east }) => (east.version = "v1.30.2"),
    ["east: kubernetes-version failed"],
    /runs Kubernetes v1\.30\.2/,
  ],
  [
    "a clock that is ahead",
    ({ west }) => (west.clock = 40_000),
    ["west: clock failed"],
    /clock is 40 s away/,
  ],
  [
    "no linkerd-config",
    ({ east }) => (east.config = undefined),
    ["east: control-plane failed"],
    /linkerd\/linkerd-config doesn't exist/,
  ],
  [
    "destination scaled down",
    ({ east }) => (deployment(east, "linkerd-destination").wanted = 0),
    ["east: control-plane failed"],
    /linkerd\/linkerd-destination is scaled to zero/,
  ],
  [
    "identity without a pod",
    ({ east }) => (deployment(east, "linkerd-identity").available = 0),
    ["east: control-plane failed"],
    /has no available pod/,
  ],
  [
    "one injector of three",
    ({ east }) => (deployment(east, "linkerd-proxy-injector").wanted = 3),
    ["east: control-plane warning"],
    /has 1 of 3 pods available/,
  ],
  [
    "another version of Linkerd",
    ({ east: { config, pods } }) => {
      if (config !== undefined) config.version = "edge-26.7.1";
      for (const { proxy } of pods) if (proxy !== undefined) proxy.image = "proxy:edge-26.7.1";
    },
    ["east: control-plane-version warning"],
    /runs edge-26\.7\.1, not edge-26\.8\.3/,
  ],
  [
    "an old proxy",
    ({ east }) =>
      east.pods.push(
        pod("shop", "old", { proxy: { image: "p:edge-26.7.1@sha256:1", anchors: anchor.certificate } }),
      ),
    ["east: proxy-version warning"],
    /another version than edge-26\.8\.3: shop\/Deployment old/,
  ],
  [
    "anchors that aren't the stack's",
    ({ east }) => (east.roots = otherAnchor.certificate),
    ["east: anchors-deployed failed", "east: anchors-agree failed"],
    /differ from the anchors of the stack/,
  ],
  [
    "linkerd-config with other anchors",
    ({ east: { config } }) => {
      if (config !== undefined) config.anchors = otherAnchor.certificate;
    },
    ["east: anchors-agree failed"],
    /different anchors/,
  ],
  [
    "a proxy that trusts nobody here",
    ({ east }) =>
      east.pods.push(
        pod("shop", "old", { proxy: { image: `proxy:${version}`, anchors: otherAnchor.certificate } }),
      ),
    ["east: anchors-running failed"],
    /refuse certificates of this mesh.*: shop\/Deployment old/,
  ],
  [
    "a proxy that trusts one too many",
    ({ east }) => {
      const anchors = `${anchor.certificate}\n${otherAnchor.certificate}`;
      east.pods.push(pod("shop", "old", { proxy: { image: `proxy:${version}`, anchors } }));
    },
    ["east: anchors-running warning"],
    /have other anchors than linkerd-identity-trust-roots: shop\/Deployment old/,
  ],
  [
    "a control plane that was started with other anchors",
    ({ east }) => {
      const { annotations } = only(east.pods, ({ name }) => name === "linkerd-destination-0");
      annotations["linkerd.io/trust-root-sha256"] = "another";
    },
    ["east: anchors-running warning"],
    /linkerd\/Deployment linkerd-destination/,
  ],
  [
    "an issuer of another anchor",
    ({ east }) => (east.issuer = foreign.certificate),
    ["east: issuer failed"],
    /has signed the issuer/,
  ],
  [
    "an issuer that is none",
    ({ east }) => (east.issuer = undefined),
    ["east: issuer failed"],
    /no certificate that can be read/,
  ],
  [
    "an issuer that ends soon",
    ({ east }) => (east.issuer = soon.certificate),
    ["east: issuer-expiry warning"],
    /expires in \d+ days/,
  ],
  [
    "a webhook that the API server doesn't trust",
    ({ east: { webhooks } }) => {
      const [first] = webhooks;
      if (first !== undefined) first.authorities = otherAnchor.certificate;
    },
    ["east: webhook-certificate failed"],
    /doesn't trust linkerd-proxy-injector\.linkerd\.svc/,
  ],
  [
    "a webhook without its Secret",
    ({ east: { webhooks } }) => {
      const [first] = webhooks;
      if (first !== undefined) first.certificate = undefined;
    },
    ["east: webhook-certificate failed"],
    /Secret linkerd\/linkerd-proxy-injector-k8s-tls has no certificate/,
  ],
  [
    "a webhook with another's certificate",
    ({ east: { webhooks } }) => {
      const [first, second] = webhooks;
      if (first !== undefined) first.certificate = second?.certificate;
    },
    ["east: webhook-certificate failed"],
    /is not for linkerd-proxy-injector\.linkerd\.svc/,
  ],
  [
    "a namespace without its label",
    ({ east: { namespaces } }) =>
      (only(namespaces, ({ name }) => name === "linkerd-multicluster").labels = {}),
    ["east: extension failed"],
    /has lost its label/,
  ],
  [
    "no extension",
    ({ east }) => {
      remove(east.namespaces, "linkerd-multicluster");
    },
    ["east: extension failed"],
    /linkerd-multicluster doesn't exist/,
  ],
  [
    "an old definition of Links",
    ({ east }) => (east.linkVersions = ["v1alpha2"]),
    ["east: extension failed"],
    /doesn't serve Links/,
  ],
  [
    "a controller without a proxy",
    ({ east: { pods } }) => (only(pods, ({ name }) => name.startsWith("controller")).proxy = undefined),
    ["east: extension-pods failed"],
    /no proxy was injected into linkerd-multicluster\/Deployment controller-west/,
  ],
  [
    "a controller that isn't ready",
    ({ east: { pods } }) => (only(pods, ({ name }) => name.startsWith("controller")).isReady = false),
    ["east: extension-pods failed"],
    /not ready/,
  ],
  [
    "a gateway that is scaled down",
    ({ west }) => (deployment(west, "linkerd-gateway").wanted = 0),
    ["west: gateway failed"],
    /linkerd-gateway is scaled to zero/,
  ],
  [
    "a gateway without address",
    ({ west }) => (serviceIn(west, "linkerd-gateway").addresses = []),
    ["west: gateway failed"],
    /no load balancer address/,
  ],
  [
    "no gateway Service",
    ({ west }) => {
      remove(west.services, "linkerd-gateway");
    },
    ["west: gateway failed"],
    /there is no gateway Service/,
  ],
  [
    "an export whose label is gone",
    ({ west, east }) => {
      serviceIn(west, "cart").labels = {};
      remove(east.services, "cart-west");
    },
    ["west: exports failed"],
    /shop\/cart has lost mirror\.linkerd\.io\/exported=true/,
  ],
  [
    "an exported Service that is gone",
    ({ west, east }) => {
      remove(west.services, "stock");
      remove(east.services, "stock-west");
    },
    ["west: exports failed"],
    /shop\/stock doesn't exist, but services\.4 exports it/,
  ],
  [
    "a member that isn't in its own federated service",
    ({ west }) =>
      delete serviceIn(west, "search-federated").annotations["multicluster.linkerd.io/local-discovery"],
    ["west: federated-local failed"],
    /has not joined shop\/search-federated/,
  ],
  [
    "a route that is gone",
    ({ east }) => (east.routes = []),
    ["east: routes failed"],
    /HTTPRoute shop\/cart doesn't exist/,
  ],
  [
    "a route that is refused",
    ({ east: { routes } }) => {
      only(routes, () => true).conditions = [
        { type: "ResolvedRefs", status: "False", reason: "BackendNotFound" },
      ];
    },
    ["east: routes failed"],
    /ResolvedRefs is False, BackendNotFound/,
  ],
  [
    "a route that a ServiceProfile hides",
    ({ east }) => (east.profiles = ["shop/cart"]),
    ["east: routes warning"],
    /ServiceProfile of shop\/cart wins/,
  ],
  [
    "a mirror of a cluster that isn't linked",
    ({ east }) =>
      east.services.push(
        service("shop", "cart-gone", {
          "mirror.linkerd.io/mirrored-service": "true",
          "mirror.linkerd.io/cluster-name": "gone",
        }),
      ),
    ["east: leftovers failed"],
    /no Link: shop\/cart-gone/,
  ],
  [
    "a federated member of a cluster that isn't linked",
    ({ east }) => {
      const { annotations } = serviceIn(east, "search-federated");
      annotations["multicluster.linkerd.io/remote-discovery"] = "search@west,search@gone";
    },
    ["east: leftovers failed"],
    /search@gone in shop\/search-federated/,
  ],
  [
    "credentials of a cluster that isn't linked",
    ({ east }) => {
      const labels = { "multicluster.linkerd.io/cluster-name": "gone" };
      east.credentials.push({ ...credentialsIn(east, "linkerd"), name: "cluster-credentials-gone", labels });
    },
    ["east: leftovers warning"],
    /Secret linkerd\/cluster-credentials-gone/,
  ],
  [
    "somebody else's Link",
    ({ east }) => east.links.push({ ...linkOf(east), name: "north" }),
    ["east: unknown-links warning"],
    /doesn't know: north/,
  ],
  [
    "nodes outside of Linkerd's networks",
    ({ east: { config } }) => {
      if (config !== undefined) config.networks = ["172.16.0.0/12"];
    },
    ["east: networks failed"],
    /outside of clusterNetworks/,
  ],
  [
    "nodes outside of the stack's networks",
    ({ east }) => (only(east.nodes, () => true).podNetworks = ["10.99.0.0/24"]),
    ["east: networks warning"],
    /doesn't name: 10\.99\.0\.0\/24/,
  ],
  ["no Link", ({ east }) => (east.links = []), ["east -> west: link failed"], /there is no Link west/],
  [
    "a Link that selects nothing",
    ({ east }) => delete linkOf(east).spec.remoteDiscoverySelector,
    ["east -> west: link failed"],
    /selects no services for pod-to-pod/,
  ],
  [
    "a Link of another domain",
    ({ east }) => (linkOf(east).spec.targetClusterDomain = "example.com"),
    ["east -> west: link failed"],
    /targetClusterDomain is example\.com, not cluster\.local/,
  ],
  [
    "no controller",
    ({ east }) => {
      remove(east.deployments, "controller-west");
    },
    ["east -> west: controller failed"],
    /no Deployment controller-west/,
  ],
  [
    "a controller that is scaled down",
    ({ east }) => (deployment(east, "controller-west").wanted = 0),
    ["east -> west: controller failed"],
    /controller-west is scaled to zero/,
  ],
  [
    "two controllers",
    ({ east }) => {
      const labels = { component: "linkerd-service-mirror", "mirror.linkerd.io/cluster-name": "west" };
      east.deployments.push({
        ...deployment(east, "controller-west"),
        name: "linkerd-service-mirror-west",
        labels,
      });
    },
    ["east -> west: controller failed"],
    /several controllers/,
  ],
  [
    "a controller that hangs",
    ({ east: { leases } }) => (only(leases, () => true).renewed = longAgo),
    ["east -> west: controller-active failed"],
    /controller-west-0 last gave a sign of life 600 s ago/,
  ],
  [
    "a controller that never led",
    ({ east }) => (east.leases = []),
    ["east -> west: controller-active failed"],
    /no controller has taken the lease/,
  ],
  [
    "a controller that is denied something",
    ({ east }) => (east.denied = { west: ["create services"] }),
    ["east -> west: controller-permissions failed"],
    /east denies the controller: create services/,
  ],
  [
    "a missing Secret",
    ({ east }) => (east.credentials = east.credentials.filter(({ namespace }) => namespace === "linkerd")),
    ["east -> west: credentials failed"],
    /the mirror controller has no credentials.*linkerd-multicluster\/cluster-credentials-west/,
  ],
  [
    "a Secret that destination passes over",
    ({ east }) => (credentialsIn(east, "linkerd").labels = {}),
    ["east -> west: credentials failed"],
    /label multicluster\.linkerd\.io\/cluster-name is missing, not west/,
  ],
  [
    "a Secret without kubeconfig",
    ({ east }) => {
      for (const one of east.credentials) one.server = undefined;
    },
    ["east -> west: credentials failed", "east -> west: credentials failed"],
    /holds no kubeconfig/,
  ],
  [
    "two Secrets that differ",
    ({ east }) => (credentialsIn(east, "linkerd").fingerprint = "another"),
    ["east -> west: credentials-same failed"],
    /in linkerd-multicluster and linkerd differ/,
  ],
  [
    "a token that is refused",
    ({ east }) => {
      for (const name of Object.keys(east.admissions)) {
        east.admissions[name] = { admitted: false, reason: "Unauthorized" };
      }
    },
    ["east -> west: credentials-accepted failed"],
    /west refuses the token in Secret linkerd-multicluster\/cluster-credentials-west: Unauthorized/,
  ],
  [
    "a token without rights",
    ({ east }) => {
      for (const name of Object.keys(east.admissions)) {
        east.admissions[name] = { admitted: true, missing: ["list pods"] };
      }
    },
    ["east -> west: credentials-accepted failed"],
    /denies it: list pods/,
  ],
  [
    "credentials that the controller has not read",
    ({ east }) => (credentialsIn(east, "linkerd-multicluster").changed = later),
    ["east -> west: credentials-loaded failed"],
    /the controller still uses older credentials/,
  ],
  [
    "credentials that destination has not read",
    ({ east }) => (credentialsIn(east, "linkerd").changed = later),
    ["east -> west: credentials-loaded failed"],
    /destination still uses older credentials/,
  ],
  [
    "another API server",
    ({ east }) => {
      for (const one of east.credentials) one.server = "https://192.0.2.9:6443";
    },
    ["east -> west: api-server failed", "east -> west: api-server failed"],
    /names the API server https:\/\/192\.0\.2\.9:6443, but west is reached at https:\/\/west\.test:6443/,
  ],
  [
    "another CA",
    ({ west }) => (west.authority = "a new one"),
    ["east -> west: api-server failed", "east -> west: api-server failed"],
    /trusts another CA/,
  ],
  [
    "a stale gateway address",
    ({ west }) => (serviceIn(west, "linkerd-gateway").addresses = ["192.0.2.250"]),
    ["east -> west: gateway-address failed"],
    /but it is at 192\.0\.2\.250/,
  ],
  [
    "a wrong gateway port",
    ({ east }) => (linkOf(east).spec.gatewayPort = "4144"),
    ["east -> west: gateway-settings failed"],
    /gatewayPort is 4144, not 4143/,
  ],
  [
    "a wrong gateway identity",
    ({ east }) => (linkOf(east).spec.gatewayIdentity = "somebody"),
    ["east -> west: gateway-settings failed"],
    /expects a gateway with the identity somebody/,
  ],
  [
    "a wrong probe port",
    ({ east }) => (linkOf(east).spec.probeSpec = { path: "/ready", port: "5191", period: "3s" }),
    ["east -> west: probe-port failed"],
    /probe port is 5191, but Service linkerd-multicluster\/probe-west listens on 4191/,
  ],
  [
    "a gateway that isn't probed",
    ({ east }) => {
      remove(east.endpoints, "probe-west");
    },
    ["east -> west: gateway-alive failed"],
    /probe-west has no endpoints/,
  ],
  [
    "a gateway that doesn't answer",
    ({ east: { endpoints } }) => {
      const mirror = only(endpoints, ({ name }) => name === "cart-west");
      mirror.notReady = mirror.ready;
      mirror.ready = [];
    },
    ["east -> west: gateway-alive failed"],
    /doesn't answer east's probe: endpoints of shop\/cart-west are not ready/,
  ],
  [
    "a gateway that lost its policy",
    ({ west }) => (west.policies = west.policies.filter(({ kind }) => kind !== "AuthorizationPolicy")),
    ["east -> west: gateway-admits failed"],
    /admits nobody of east/,
  ],
  [
    "a gateway that admits others",
    ({ west }) =>
      (only(west.policies, ({ kind }) => kind === "MeshTLSAuthentication").spec = { identities: ["x"] }),
    ["east -> west: gateway-admits failed"],
    /doesn't admit \*\.serviceaccount\.identity\.linkerd\.cluster\.local/,
  ],
  [
    "a missing mirror",
    ({ east }) => {
      remove(east.services, "cart-west");
    },
    ["east -> west: mirrors failed"],
    /shop\/cart-west is missing, though west exports shop\/cart$/,
  ],
  [
    "a missing mirror of which the controller says why",
    ({ east }) => {
      remove(east.services, "cart-west");
      const conditions = [{ type: "Mirrored", status: "False", reason: "Error", message: "no way" }];
      linkOf(east).mirrored = [{ namespace: "shop", name: "cart", conditions }];
    },
    ["east -> west: mirrors failed"],
    /the controller says: Error no way/,
  ],
  [
    "a missing namespace",
    ({ east }) => {
      remove(east.namespaces, "shop");
      remove(east.services, "cart-west");
    },
    ["east -> west: mirrors failed"],
    /as east has no namespace shop/,
  ],
  [
    "somebody's Service in a mirror's place",
    ({ east }) => (serviceIn(east, "cart-west").labels = {}),
    ["east -> west: mirrors failed"],
    /stands where the mirror of shop\/cart should be/,
  ],
  [
    "a mirror with old ports",
    ({ west }) => (serviceIn(west, "cart").ports = [{ port: 81 }, { port: 82 }]),
    ["east -> west: mirrors failed"],
    /shop\/cart-west has the ports 80, but shop\/cart on west has 81, 82/,
  ],
  [
    "a mirror without endpoints",
    ({ east }) => {
      remove(east.endpoints, "cart-west");
    },
    ["east -> west: mirror-endpoints failed"],
    /no endpoints, though shop\/cart on west has ready pods/,
  ],
  [
    "a mirror of a service without pods",
    ({ east, west }) => {
      remove(east.endpoints, "cart-west");
      west.behind = {};
    },
    ["east -> west: mirror-endpoints warning"],
    /as shop\/cart on west has no ready pods/,
  ],
  [
    "a mirror without an export",
    ({ east }) => {
      const labels = serviceIn(east, "cart-west").labels;
      east.services.push(service("shop", "old-west", { ...labels }));
    },
    ["east -> west: mirror-exports failed"],
    /doesn't export: shop\/old-west/,
  ],
  [
    "a federated service that lacks a member",
    ({ east }) =>
      (serviceIn(east, "search-federated").annotations["multicluster.linkerd.io/remote-discovery"] = ""),
    ["east -> west: federated-members failed"],
    /search-federated on east has no member of west/,
  ],
  [
    "a federated service that is missing",
    ({ east }) => {
      remove(east.services, "search-federated");
    },
    ["east: federated-local failed", "east -> west: federated-members failed"],
    /search-federated doesn't exist/,
  ],
  [
    "pods with the same addresses",
    ({ east, west }) => (only(west.nodes, () => true).podNetworks = only(east.nodes, () => true).podNetworks),
    ["west: networks warning", "east -> west: pod-networks failed", "west -> east: pod-networks failed"],
    /share addresses/,
  ],
  [
    "a Link of another version",
    ({ east }) => (linkOf(east).annotations = {}),
    ["east -> west: link-version warning"],
    /nobody made it/,
  ],
];

describe("of a broken mesh all that is broken is found, and only that:", () => {
  test.each(faults)("%s", (_what, change, expected, said) => {
    const verification = verifyAfter(change);
    expect(found(verification).sort()).toEqual([...expected].sort());
    expect(problems(verification).join("\n")).toMatch(new RegExp(said.source, "m"));
    expect(verification.isHealthy).toBe(!expected.some((one) => one.endsWith("failed")));
    const texts = verification.findings.map(({ problem, cause, fix }) => `${problem} ${cause} ${fix}`);
    expect(texts.join("\n")).not.toMatch(/STACK|CLUSTER|TARGET|undefined/);
  });

  test("every check finds something in one of these", () => {
    const covered = new Set(faults.flatMap(([, , expected]) => expected.map((one) => one.split(" ").at(-2))));
    // Certificates that end, and trust that differs without anything before it, have tests of their own.
    const rest = ["reachable", "anchor-expiry", "webhook-expiry", "trust"];
    expect(
      checks
        .map(({ id }) => id)
        .filter((id) => !covered.has(id))
        .sort(),
    ).toEqual(rest.sort());
  });
});

describe("certificates", () => {
  test("that have ended are failures", () => {
    const years = 11 * 365 * 24 * 3_600_000;
    const after = new Date(now.getTime() + years).toISOString();
    const verification = verifyAfter(({ east }) => (east.now = after));
    expect(found(verification)).toEqual(
      expect.arrayContaining([
        "east: anchor-expiry failed",
        "east: issuer failed",
        "east: webhook-certificate failed",
      ]),
    );
  });

  test("that end within the time of warning are warned of", () => {
    const almost = new Date(now.getTime() + 3_640 * 24 * 3_600_000).toISOString();
    const verification = verifyAfter(({ east }) => {
      east.now = almost;
      for (const lease of east.leases) lease.renewed = almost;
    });
    expect(found(verification)).toEqual([
      "east: anchor-expiry warning",
      "east: issuer-expiry warning",
      "east: webhook-expiry warning",
      "east: webhook-expiry warning",
      "east: webhook-expiry warning",
    ]);
  });
});

describe("trust between two clusters", () => {
  const unknownAnchors = (change: (mesh: Mesh) => void) =>
    verifyAfter(
      (mesh) => {
        change(mesh);
        for (const facts of [mesh.east, mesh.west]) {
          if (facts.config !== undefined) facts.config.anchors = facts.roots ?? "";
          facts.pods = [];
        }
      },
      { anchorsUnknown: true },
    );

  test("is missing where one has an issuer that the other's anchors didn't sign", () => {
    const verification = unknownAnchors(({ west }) => {
      west.roots = otherAnchor.certificate;
      west.issuer = foreign.certificate;
    });
    expect(problems(verification)).toEqual(
      ["east -> west", "west -> east"].flatMap(() => [
        expect.stringMatching(/doesn't trust/) as string,
        expect.stringMatching(/doesn't trust/) as string,
      ]),
    );
  });

  test("is there while one has more anchors than the other, which is said", () => {
    const verification = unknownAnchors(({ west }) => {
      west.roots = `${anchor.certificate}\n${otherAnchor.certificate}`;
    });
    expect(found(verification)).toEqual(["east -> west: trust warning", "west -> east: trust warning"]);
    expect(issuer.certificate).toBeDefined();
  });
});

describe("a cluster that can't be asked", () => {
  const verification = verifyAfter(undefined, { down: "west" });

  test("is named, and the other one is judged", () => {
    expect(found(verification)).toEqual(["west: reachable failed"]);
    expect(problems(verification)).toEqual(["it can't be asked: connect ECONNREFUSED"]);
    expect(verification.clusters.map(({ health }) => health)).toEqual(["healthy", "failed"]);
  });

  test("leaves its links open, but for what the source alone can say", () => {
    expect(verification.links.map(({ health }) => health)).toEqual(["unknown", "unknown"]);
    const broken = verifyAfter(({ east }) => (deployment(east, "controller-west").wanted = 0), {
      down: "west",
    });
    expect(broken.links.map(({ health }) => health)).toEqual(["failed", "unknown"]);
  });
});

describe("simulated pods", () => {
  const simulate = ({ east, west }: Mesh) => {
    for (const facts of [east, west]) {
      facts.isSimulated = true;
      facts.leases = [];
      for (const one of facts.pods) one.proxy = undefined;
      facts.services = facts.services.filter(
        ({ labels }) => !("mirror.linkerd.io/mirrored-service" in labels),
      );
      facts.endpoints = [];
    }
  };

  test("are no reason for an alarm", () => {
    const verification = verifyAfter(simulate);
    expect(verification).toMatchObject({ isHealthy: true, findings: [] });
    const open = verification.skipped.filter(({ reason }) => reason.includes("simulated"));
    expect([...new Set(open.map(({ check }) => check))]).toEqual([
      "extension-pods",
      "federated-local",
      "controller-active",
    ]);
  });

  test("hide nothing of what needs none", () => {
    const verification = verifyAfter((mesh) => {
      simulate(mesh);
      mesh.east.roots = otherAnchor.certificate;
    });
    expect(found(verification)).toContain("east: anchors-deployed failed");
  });
});

test("one cluster alone is reported with its links", () => {
  const three = parseSettings(
    configuration({ clusters: clustersNamed(["east", "west"]), links: { topology: "mesh" } }),
  );
  const verification = verifyAfter(({ west }) => (west.version = "v1.2.3"), {
    only: "east",
    settings: three,
  });
  expect(verification.clusters.map(({ name }) => name)).toEqual(["east"]);
  expect(verification.links).toHaveLength(2);
  expect(verification.isHealthy).toBe(true);
});

describe("what is said of a failure", () => {
  test("is a cause, a way out with the names of the stack and clusters, and where to read on", () => {
    const [finding] = verifyAfter(
      ({ east: { leases } }) => (only(leases, () => true).renewed = longAgo),
    ).findings;
    expect(finding?.cause).toMatch(/hangs/);
    expect(finding?.fix).toContain(
      "npm run kubectl -- test east -n linkerd-multicluster rollout restart deployment controller-west",
    );
    expect(finding?.docs).toBe("docs/checks.md#controller-active");
  });
});

test("every check has an id of its own, and names only checks that come before it", () => {
  const ids = checks.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [index, { id, after = [] }] of [...clusterChecks.entries()]) {
    const before = clusterChecks.slice(0, index).map((one) => one.id);
    expect(
      after.filter((one) => !before.includes(one)),
      id,
    ).toEqual([]);
  }
  for (const [index, { id, after = [] }] of [...linkChecks.entries()]) {
    const before = linkChecks.slice(0, index).map((one) => one.id);
    const known = [...before, ...clusterChecks.flatMap((one) => [`source:${one.id}`, `target:${one.id}`])];
    expect(
      after.filter((one) => !known.includes(one)),
      id,
    ).toEqual([]);
  }
});
