import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test, vi } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { partsOf, stackOf, type Part } from "../../settings/part.ts";
import { clustersNamed, configuration, existing, simulated } from "../../settings/test-examples.ts";
import { kubeconfigOf, record, types, valueOf, type Graph, type Registered } from "../../tests/record.ts";
import { createMesh } from "./create-mesh.ts";
import { clusterOutputs, multiclusterOutputs, trustOutputs } from "./part-outputs.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { context: _context, ...adopted } = existing(2, {
  kubeconfig: kubeconfigOf("west"),
  apiServer: "https://api.west.example.com:6443",
});

const settings = parseSettings(
  configuration({
    clusters: { east: simulated(1), west: adopted },
    links: { topology: "mesh", carries: ["gateway", "federated", "pod-to-pod"] },
    services: [
      {
        cluster: "west",
        namespace: "shop",
        name: "cart",
        export: "federated",
        clients: ["east/shop/web"],
        ports: 80,
      },
    ],
    routes: [
      { cluster: "east", namespace: "shop", service: "cart", port: 80, backends: [{ from: "federated" }] },
    ],
    emojivoto: true,
    split: true,
  }),
);
const planned = {
  trusted: ["1"],
  signers: { east: "1", west: "1" },
  issuers: {},
  webhooks: {},
  credentials: {},
};

/** What the other stacks would have as outputs; each is what its own part makes. */
const outputs: Record<string, Record<string, unknown>> = {
  "prod-trust": {
    mesh: {
      clusters: {},
      parts: { trustBundle: "bundle", trustSigner: { certificate: "certificate", privateKey: "key" } },
    },
    trust: { anchors: { "1": "bundle" } },
  },
  ...Object.fromEntries(
    ["east", "west"].flatMap((name): [string, Record<string, unknown>][] => [
      [
        `prod-cluster-${name}`,
        {
          mesh: {
            clusters: { [name]: { apiServer: `https://${name}` } },
            parts: { identities: { [name]: `test ${name}` } },
          },
          kubeconfigs: { [name]: kubeconfigOf(name) },
        },
      ],
      [
        `prod-multicluster-${name}`,
        {
          mesh: {
            clusters: { [name]: { apiServer: `https://${name}`, gateway: [`gateway-of-${name}`] } },
            parts: {
              accesses: Object.fromEntries(
                ["east", "west"].map((source) => [
                  source,
                  { token: `token-of-${source}`, certificateAuthority: "ca" },
                ]),
              ),
            },
          },
        },
      ],
    ]),
  ),
};

function isMade({ type }: Registered): boolean {
  return !type.startsWith("pulumi:") && type !== "mesh:cluster:ExistingCluster";
}

/** A part's graph, and the stacks that it reads. */
async function run(part: Part) {
  const read: string[] = [];
  const { graph } = await record(() => createMesh(settings, { planned, part, base: "prod" }), {
    outputs: ({ type, name }) => {
      if (type !== types.stackReference) return undefined;
      read.push(name);
      return { outputs: outputs[name], secretOutputNames: ["mesh", "kubeconfigs"] };
    },
  });
  return { graph, read: read.sort() };
}

let whole: Graph;
const parts = new Map<string, Graph>();
const readBy = new Map<string, string[]>();

beforeAll(async () => {
  ({ graph: whole } = await run({ kind: "whole" }));
  for (const part of partsOf(settings)) {
    const { graph, read } = await run(part);
    parts.set(stackOf("", part), graph);
    readBy.set(stackOf("", part), read);
  }
});

function part(name: string): Graph {
  const found = parts.get(name);
  if (found === undefined) throw new Error(`There is no part ${name}.`);
  return found;
}

describe("the parts of an environment", () => {
  test("make together what one stack makes, with the same URNs and nothing twice", () => {
    const made = [...parts.values()].flatMap(({ resources }) => resources.filter(isMade));
    const urns = made.map(({ urn }) => urn);
    const expected = whole.resources.filter(isMade).map(({ urn }) => urn);
    expect([...new Set(urns)].sort()).toEqual(expected.sort());
    const twice = urns.filter((urn, index) => urns.indexOf(urn) !== index);
    // Only the components around what a part adds, without what another one makes in them.
    expect(twice.map((urn) => urn.split("::").slice(2).join("::"))).toEqual([
      "mesh:cluster:SimulatedCluster::east",
      "mesh:linkerd:Linkerd::east-linkerd",
      "mesh:linkerd:Linkerd::west-linkerd",
      "mesh:cluster:SimulatedCluster::east",
    ]);
  });

  test("have providers of the same URN and cluster", () => {
    for (const name of ["east", "west"]) {
      const provider = whole.named(name, types.kubernetesProvider);
      for (const kind of ["cluster", "multicluster", "links"]) {
        expect(part(`-${kind}-${name}`).named(name, types.kubernetesProvider).urn).toBe(provider.urn);
      }
    }
  });

  test("start the providers that they need, each of which is a process", () => {
    const providersOf = (name: string) =>
      part(name)
        .resources.filter(({ type }) => type.startsWith("pulumi:providers:"))
        .map((one) => one.name)
        .sort();
    expect(providersOf("-trust")).toEqual(["tls"]);
    expect(providersOf("-cluster-east")).toEqual(["command", "east", "tls"]);
    expect(providersOf("-multicluster-east")).toEqual(["command", "east"]);
    expect(providersOf("-links-east")).toEqual(["command", "east"]);
  });

  test("know each other without a cycle: links read extensions, extensions read clusters, clusters read trust", () => {
    expect(Object.fromEntries(readBy)).toEqual({
      "-trust": [],
      "-cluster-east": ["prod-trust"],
      "-cluster-west": ["prod-trust"],
      "-multicluster-east": ["prod-cluster-east", "prod-trust"],
      "-multicluster-west": ["prod-trust"],
      "-links-east": ["prod-cluster-east", "prod-multicluster-west"],
      "-links-west": ["prod-multicluster-east"],
    });
  });

  test("wait for nothing of another part", () => {
    for (const { resources, urns } of parts.values()) {
      const outside = resources.flatMap(({ dependencies }) =>
        dependencies.filter((urn) => !urns.includes(urn)),
      );
      expect(outside.filter((urn) => !urn.includes(types.stackReference))).toEqual([]);
    }
  });

  test("make a link of what the target's stack says", () => {
    const { inputs } = part("-links-east").named("east-to-west-link");
    expect(inputs["spec"]).toMatchObject({ gatewayAddress: "gateway-of-west" });
    expect(part("-links-east").containing("token-of-east").sort()).toEqual([
      "east-to-west-destination-credentials",
      "east-to-west-mirror-credentials",
    ]);
    expect(part("-links-east").exposing("token-of-east")).toEqual([]);
  });

  test("sign with the key of the trust stack, which stays secret", () => {
    const certificate = part("-cluster-east").named("east-linkerd-issuer-certificate");
    expect(certificate.inputs).toMatchObject({ caPrivateKeyPem: "key", caCertPem: "certificate" });
    expect(certificate.secrets).toContain("caPrivateKeyPem");
    expect(certificate.secrets).not.toContain("caCertPem");
  });
});

describe("what a part tells the others", () => {
  test("is the anchors, with their key as a secret", async () => {
    const { result } = await record(() =>
      trustOutputs(createMesh(settings, { planned, part: { kind: "trust" }, base: "prod" })),
    );
    expect(await valueOf(pulumi.output(result.trustBundle))).toContain("CERTIFICATE");
    expect(await pulumi.isSecret(pulumi.output(result.trustBundle))).toBe(false);
    expect(await pulumi.isSecret(pulumi.output(result.trustSigner))).toBe(true);
  });

  const read = {
    outputs: ({ type, name }: { type: string; name: string }) =>
      type === types.stackReference ? { outputs: outputs[name] } : undefined,
  };

  test("is who a cluster is", async () => {
    const cluster = { kind: "cluster", cluster: "west" } as const;
    const { result } = await record(
      () => clusterOutputs(createMesh(settings, { planned, part: cluster, base: "prod" })),
      read,
    );
    expect(await valueOf(pulumi.output(result.identities?.["west"]))).toBe("test west");
  });

  test("is, of an extension, the tokens of its cluster's sources as a secret", async () => {
    const extension = { kind: "multicluster", cluster: "west" } as const;
    const { result } = await record(
      () => multiclusterOutputs(createMesh(settings, { planned, part: extension, base: "prod" })),
      read,
    );
    expect(await pulumi.isSecret(pulumi.output(result.accesses))).toBe(true);
    expect(await valueOf(pulumi.output(result.accesses))).toEqual({
      east: {
        token: "token of east-to-west-access-token",
        certificateAuthority: expect.any(String) as string,
      },
    });
  });
});

test("a split environment of clusters without links has no part for links", () => {
  const alone = parseSettings(configuration({ clusters: clustersNamed(["a", "b"]) }));
  expect(partsOf(alone).map((one) => stackOf("x", one))).toEqual([
    "x-trust",
    "x-cluster-a",
    "x-cluster-b",
    "x-multicluster-a",
    "x-multicluster-b",
  ]);
});

test("the gateways of linked clusters are probed on their own ports", async () => {
  const three = parseSettings(
    configuration({
      clusters: {
        ...clustersNamed(["east", "north"]),
        west: simulated(3, { gateway: { probePort: 30191 } }),
      },
      links: {
        oneWay: ["north", "west"].map((target) => ({ source: "east", target, carries: ["gateway"] })),
      },
    }),
  );
  const { graph } = await record(() => createMesh(three, { planned }));
  expect(graph.named("east-linkerd-multicluster-chart").inputs["values"]).toMatchObject({
    controllers: [
      { link: { ref: { name: "north" } }, gateway: { enabled: true, probe: { port: 4191 } } },
      { link: { ref: { name: "west" } }, gateway: { enabled: true, probe: { port: 30191 } } },
    ],
  });
});

test("an extension is a part of Linkerd, comes after the control plane, and shows when its proxies start anew", () => {
  const name = "east-linkerd-multicluster";
  expect(whole.parent(name)).toBe("east-linkerd");
  expect(whole.dependencies(`${name}-chart`)).toEqual([
    "east-linkerd-control-plane-chart",
    `${name}-namespace`,
  ]);
  expect(whole.named(name).inputs["trust"]).toMatch(/^[0-9a-f]{16}$/);
});

describe("a cluster that is adopted with what is on it", () => {
  test("becomes the stack's once all of it is taken over", async () => {
    const whole = parseSettings(
      configuration({
        clusters: { east: simulated(1), west: { ...adopted, adopt: true } },
        links: { topology: "mesh", carries: ["gateway", "federated"] },
        services: [
          { cluster: "west", namespace: "shop", name: "cart", export: "federated", clients: "any" },
          { cluster: "east", namespace: "shop", name: "cart", export: "federated", clients: "any" },
        ],
      }),
    );
    const { graph } = await record(() => createMesh(whole, { planned }));
    const name = "west-linkerd-ownership";
    expect(graph.ofType(types.command).filter(({ name: one }) => one.endsWith("-ownership"))).toHaveLength(1);
    expect(graph.parent(name)).toBe("west-linkerd");
    expect(graph.named(name).inputs["environment"]).toMatchObject({ MESH_SERVICES: "shop/cart" });
    expect(graph.dependencies(name)).toEqual(
      expect.arrayContaining([
        "east-to-west-access-token",
        "west-linkerd-control-plane-chart",
        "west-linkerd-multicluster-chart",
        "west-to-east-link",
        "west/shop/cart-labels",
      ]),
    );
  });

  test("becomes, in parts, each part's own as far as the part has taken it over", async () => {
    const taken = {
      ...settings,
      services: [],
      routes: [],
      emojivoto: undefined,
      clusters: settings.clusters.map((cluster) => ({ ...cluster, adopt: cluster.name === "west" })),
    };
    const dependencies: Record<string, string[]> = {};
    for (const kind of ["cluster", "multicluster", "links"] as const) {
      const made = () => createMesh(taken, { planned, part: { kind, cluster: "west" }, base: "prod" });
      const { graph } = await record(made, {
        outputs: ({ type, name }) => (type === types.stackReference ? { outputs: outputs[name] } : undefined),
      });
      expect(graph.parent("west-linkerd-ownership")).toBe("west-linkerd");
      dependencies[kind] = graph.dependencies("west-linkerd-ownership");
    }
    expect(dependencies["cluster"]).toContain("west-linkerd-control-plane-chart");
    expect(dependencies["multicluster"]).toEqual(
      expect.arrayContaining(["west-linkerd-multicluster-chart", "east-to-west-access-token"]),
    );
    expect(dependencies["links"]).toEqual(["west-to-east-link"]);
  });
});
