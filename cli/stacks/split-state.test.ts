import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing, simulated } from "../../settings/test-examples.ts";
import { joinStates, knowsItsOrder } from "./join-state.ts";
import { splitState } from "./split-state.ts";
import { concealed, revealed, type State, type StateResource } from "./state.ts";

const settings = parseSettings(
  configuration({
    clusters: { east: simulated(1), west: existing(2) },
    links: { oneWay: [{ source: "east", target: "west", carries: ["gateway"] }] },
    split: true,
  }),
);

const urn = (type: string, name: string) => `urn:pulumi:prod::mesh::${type}::${name}`;
const stack = urn("pulumi:pulumi:Stack", "mesh-prod");

function resource(type: string, name: string, more: Partial<StateResource> = {}): StateResource {
  const whole = type.split("$");
  return { urn: urn(type, name), type: whole.at(-1) ?? "", parent: stack, ...more };
}

function providerOf(cluster: string, kind: string): StateResource {
  const type = `mesh:cluster:${kind}`;
  return resource(`${type}$pulumi:providers:kubernetes`, cluster, {
    parent: urn(type, cluster),
    id: `id-of-${cluster}`,
    dependencies: cluster === "east" ? [processes.urn] : [],
  });
}

const processes = resource("mesh:cluster:SimulatedCluster$command:local:Command", "east-processes", {
  parent: urn("mesh:cluster:SimulatedCluster", "east"),
});
const east = providerOf("east", "SimulatedCluster");
const west = providerOf("west", "ExistingCluster");
const token = resource("mesh:link:RemoteAccess$kubernetes:core/v1:Secret", "east-to-west-access-token", {
  parent: urn("mesh:link:RemoteAccess", "east-to-west-access"),
  provider: `${west.urn}::id-of-west`,
});
const extensionType = "mesh:linkerd:Linkerd$mesh:linkerd:Multicluster";
const extension = resource(extensionType, "east-linkerd-multicluster", {
  parent: urn("mesh:linkerd:Linkerd", "east-linkerd"),
});
const chart = resource(`${extensionType}$kubernetes:helm.sh/v4:Chart`, "east-linkerd-multicluster-chart", {
  parent: extension.urn,
});
const credentials = resource("mesh:link:Link$kubernetes:core/v1:Secret", "east-to-west-mirror-credentials", {
  parent: urn("mesh:link:Link", "east-to-west"),
  provider: `${east.urn}::id-of-east`,
  dependencies: [token.urn, chart.urn],
  propertyDependencies: { data: [token.urn], metadata: [] },
  deletedWith: processes.urn,
  outputs: { data: { kubeconfig: { plaintext: "secret" } } },
});

const resources: StateResource[] = [
  {
    urn: stack,
    type: "pulumi:pulumi:Stack",
    outputs: { mesh: { clusters: { east: 1, west: 2 } }, kubeconfigs: concealed({ east: "e", west: "w" }) },
  },
  resource("pulumi:providers:tls", "tls"),
  resource("pulumi:providers:command", "command"),
  resource("mesh:trust:TrustAnchor", "trust-anchor"),
  resource("mesh:trust:TrustAnchor$tls:index/privateKey:PrivateKey", "trust-anchor-key", {
    parent: urn("mesh:trust:TrustAnchor", "trust-anchor"),
    provider: `${urn("pulumi:providers:tls", "tls")}::id-of-tls`,
  }),
  resource("mesh:cluster:SimulatedCluster", "east"),
  processes,
  east,
  resource("mesh:cluster:ExistingCluster", "west"),
  west,
  resource("mesh:linkerd:Linkerd", "east-linkerd"),
  extension,
  chart,
  resource("mesh:linkerd:Linkerd", "west-linkerd"),
  resource("mesh:link:RemoteAccess", "east-to-west-access"),
  token,
  resource("mesh:link:GatewayAuthorization", "east-to-west-gateway"),
  resource("mesh:link:Link", "east-to-west"),
  credentials,
  resource("mesh:service:ExportedService", "west/shop/cart"),
  resource("mesh:service:TrafficRoute", "east/shop/cart-route"),
];

const rest = { version: 3, secrets_providers: { type: "passphrase" } };

function state(more: Partial<State["deployment"]> = {}): State {
  return { deployment: { ...rest, resources, ...more } };
}

const names = (of: State | undefined) =>
  (of?.deployment.resources ?? []).map((one) => one.urn.split("::").slice(2).join("::"));

describe("the state of an environment", () => {
  const parts = splitState(state(), "prod", settings);

  test("goes to the stack of each part, with what its resources are made with", () => {
    expect(Object.fromEntries([...parts].map(([name, part]) => [name, names(part)]))).toEqual({
      "prod-trust": [
        "pulumi:pulumi:Stack::mesh-prod-trust",
        "pulumi:providers:tls::tls",
        "mesh:trust:TrustAnchor::trust-anchor",
        "mesh:trust:TrustAnchor$tls:index/privateKey:PrivateKey::trust-anchor-key",
      ],
      "prod-cluster-east": [
        "pulumi:pulumi:Stack::mesh-prod-cluster-east",
        "pulumi:providers:tls::tls",
        "pulumi:providers:command::command",
        "mesh:cluster:SimulatedCluster::east",
        "mesh:cluster:SimulatedCluster$command:local:Command::east-processes",
        "mesh:cluster:SimulatedCluster$pulumi:providers:kubernetes::east",
        "mesh:linkerd:Linkerd::east-linkerd",
      ],
      "prod-cluster-west": [
        "pulumi:pulumi:Stack::mesh-prod-cluster-west",
        "pulumi:providers:tls::tls",
        "pulumi:providers:command::command",
        "mesh:cluster:ExistingCluster::west",
        "mesh:cluster:ExistingCluster$pulumi:providers:kubernetes::west",
        "mesh:linkerd:Linkerd::west-linkerd",
        "mesh:service:ExportedService::west/shop/cart",
      ],
      "prod-multicluster-east": [
        "pulumi:pulumi:Stack::mesh-prod-multicluster-east",
        "pulumi:providers:command::command",
        "mesh:linkerd:Linkerd::east-linkerd",
        `${extensionType}::east-linkerd-multicluster`,
        `${extensionType}$kubernetes:helm.sh/v4:Chart::east-linkerd-multicluster-chart`,
      ],
      "prod-multicluster-west": [
        "pulumi:pulumi:Stack::mesh-prod-multicluster-west",
        "pulumi:providers:command::command",
        "mesh:cluster:ExistingCluster::west",
        "mesh:cluster:ExistingCluster$pulumi:providers:kubernetes::west",
        "mesh:link:RemoteAccess::east-to-west-access",
        "mesh:link:RemoteAccess$kubernetes:core/v1:Secret::east-to-west-access-token",
        "mesh:link:GatewayAuthorization::east-to-west-gateway",
      ],
      "prod-links-east": [
        "pulumi:pulumi:Stack::mesh-prod-links-east",
        "pulumi:providers:command::command",
        "mesh:cluster:SimulatedCluster::east",
        "mesh:cluster:SimulatedCluster$pulumi:providers:kubernetes::east",
        "mesh:link:Link::east-to-west",
        "mesh:link:Link$kubernetes:core/v1:Secret::east-to-west-mirror-credentials",
        "mesh:service:TrafficRoute::east/shop/cart-route",
      ],
    });
  });

  test("is the same resources under another stack's name, without what another part has", () => {
    const moved = parts
      .get("prod-links-east")
      ?.deployment.resources?.find(({ urn: one }) => one.endsWith("mirror-credentials"));
    expect(moved).toEqual({
      ...credentials,
      urn: credentials.urn.replace("prod", "prod-links-east"),
      parent: credentials.parent?.replace("prod", "prod-links-east"),
      provider: credentials.provider?.replace("prod", "prod-links-east"),
      dependencies: [],
      propertyDependencies: { data: [], metadata: [] },
      deletedWith: undefined,
    });
    expect(JSON.stringify([...parts])).not.toContain("urn:pulumi:prod::");
  });

  test("keeps how its secrets are encrypted", () => {
    for (const { deployment } of parts.values()) expect(deployment).toMatchObject(rest);
  });

  test("tells no part the way into clusters of others", () => {
    const kubeconfigs = [...parts.values()].map(({ deployment }) =>
      revealed(deployment.resources?.[0]?.outputs?.["kubeconfigs"]),
    );
    expect(kubeconfigs).toEqual([{}, { east: "e" }, { west: "w" }, {}, {}, {}]);
  });

  test("isn't touched after an interrupted update, nor where it has what belongs to no part", () => {
    const pending = [{ type: "creating", resource: token }];
    expect(() => splitState(state({ pending_operations: pending }), "prod", settings)).toThrow(
      "The last update of prod was interrupted",
    );
    const more = [...resources, resource("mesh:linkerd:Linkerd", "north-linkerd")];
    expect(() => splitState(state({ resources: more }), "prod", settings)).toThrow(
      "prod has what belongs to none of its parts, so nothing was moved: north-linkerd.",
    );
  });

  test("comes back from the parts as it was, but for what one needs of another", () => {
    const [, , , , , , , ...others] = resources;
    const back = joinStates(parts, "prod", settings).deployment.resources ?? [];
    expect(back.map((one) => one.urn).sort()).toEqual(resources.map((one) => one.urn).sort());
    expect(back[0]).toEqual(resources[0]);
    for (const one of others.filter((other) => other !== credentials)) expect(back).toContainEqual(one);
    // So it can't be taken down before an update.
    expect(knowsItsOrder(joinStates(parts, "prod", settings))).toBe(false);
    expect(knowsItsOrder(state())).toBe(true);
  });
});

describe("parts that were made apart", () => {
  const parts = splitState(state(), "prod", settings);
  const change = (name: string, edit: (one: StateResource) => StateResource) => {
    const part = parts.get(name);
    const changed = (part?.deployment.resources ?? []).map(edit);
    return new Map([...parts, [name, { deployment: { ...part?.deployment, resources: changed } }]]);
  };

  test("have each a provider of their own for a cluster: in one stack it is the cluster's", () => {
    const other = change("prod-links-east", (one) => ({
      ...one,
      ...(one.type === "pulumi:providers:kubernetes" ? { id: "other" } : {}),
      ...(one.type === "kubernetes:core/v1:Secret"
        ? { provider: one.provider?.replace("id-of-east", "other") ?? "" }
        : {}),
    }));
    const back = joinStates(other, "prod", settings).deployment.resources ?? [];
    expect(back.find((one) => one.urn === credentials.urn)?.provider).toBe(credentials.provider);
    expect(back.filter((one) => one.urn === east.urn)).toHaveLength(1);
  });

  test("leave their references to each other behind, and what they only said to each other", () => {
    const reference = resource("pulumi:pulumi:StackReference", "prod-cluster-west");
    const told = new Map(
      [...parts].map(([name, part]) => [
        name,
        { deployment: { ...part.deployment, resources: [...(part.deployment.resources ?? []), reference] } },
      ]),
    );
    told.set("prod-trust", {
      deployment: {
        ...told.get("prod-trust")?.deployment,
        resources: [
          {
            urn: "urn:pulumi:prod-trust::mesh::pulumi:pulumi:Stack::mesh-prod-trust",
            type: "pulumi:pulumi:Stack",
            outputs: { mesh: { clusters: {}, parts: { trustSigner: concealed("key") } } },
          },
        ],
      },
    });
    const back = joinStates(told, "prod", settings).deployment.resources ?? [];
    expect(back.filter(({ type }) => type === "pulumi:pulumi:StackReference")).toEqual([]);
    expect(JSON.stringify(back)).not.toContain("trustSigner");
  });

  test("aren't joined in the middle of an update or of a rotation", () => {
    const part = parts.get("prod-links-east");
    const pending = [{ type: "creating", resource: token }];
    const interrupted = new Map([
      ...parts,
      ["prod-links-east", { deployment: { ...part?.deployment, pending_operations: pending } }],
    ]);
    expect(() => joinStates(interrupted, "prod", settings)).toThrow(
      "The last update of prod-links-east was interrupted",
    );
    const trusting = (ids: readonly string[]) => (one: StateResource) =>
      one.type === "pulumi:pulumi:Stack" ? { ...one, outputs: { trust: { trusted: ids } } } : one;
    const rotating = new Map([
      ...change("prod-cluster-east", trusting(["1", "2"])),
      ["prod-cluster-west", change("prod-cluster-west", trusting(["1"])).get("prod-cluster-west") ?? state()],
    ]);
    expect(() => joinStates(rotating, "prod", settings)).toThrow("don't trust the same anchors");
  });
});
