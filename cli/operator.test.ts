import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

import type { Manifest } from "../render/manifest.ts";
import { parseSettings } from "../settings/parse.ts";
import { configuration, existing } from "../settings/test-examples.ts";
import { fleetOrder } from "./fleet/fleet-order.ts";
import { formatManifests, parseRequest } from "./operator.ts";
import { neededSecrets, operatorManifests, type OperatorArgs } from "./operator/operator-manifests.ts";
import { objectName, stacksOf } from "./operator/operator-stacks.ts";

const byStack = existing(1, { context: undefined, stack: { name: "organization/clusters/prod" } });

function args(more: Partial<OperatorArgs> = {}, clusters: object = { east: byStack }): OperatorArgs {
  return {
    stack: "prod",
    settings: parseSettings(configuration({ clusters })),
    backend: "s3://state",
    repository: "https://github.com/example/mesh",
    branch: "main",
    source: "git",
    after: [],
    drift: "report",
    resync: 3600,
    namespace: "mesh",
    pulumiVersion: "3.248.0",
    ...more,
  };
}

interface StackSpec {
  readonly [property: string]: unknown;
  readonly envRefs: Readonly<Record<string, unknown>>;
  readonly workspaceTemplate: { readonly spec: Readonly<Record<string, unknown>> };
}

function specOf(manifests: readonly Manifest[], name = "mesh-prod"): StackSpec {
  const found = manifests.find(({ kind, metadata }) => kind === "Stack" && metadata.name === name);
  return found?.["spec"] as StackSpec;
}

const kinds = (manifests: readonly Manifest[]) =>
  manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

describe("an environment from Git", () => {
  const manifests = operatorManifests(args());

  test("is a Stack with the account that its workspace runs as, after what it needs", () => {
    expect(kinds(manifests)).toEqual([
      "Namespace mesh",
      "ServiceAccount mesh-prod",
      "ClusterRoleBinding mesh:mesh-prod:system:auth-delegator",
      "Stack mesh-prod",
      "Stack drift-prod",
    ]);
    expect(manifests[2]).toMatchObject({
      roleRef: { kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", name: "mesh-prod", namespace: "mesh" }],
    });
  });

  test("follows its branch, and is never destroyed with the object", () => {
    expect(specOf(manifests)).toMatchObject({
      stack: "prod",
      projectRepo: "https://github.com/example/mesh",
      branch: "refs/heads/main",
      backend: "s3://state",
      serviceAccountName: "mesh-prod",
      resyncFrequencySeconds: 300,
      destroyOnFinalize: false,
    });
    for (const property of ["prerequisites", "gitAuth", "refresh", "continueResyncOnCommitMatch"])
      expect(specOf(manifests)).not.toHaveProperty(property);
  });

  test("tells of drift by a preview that fails, of what was made last", () => {
    expect(specOf(manifests, "drift-prod")).toMatchObject({
      stack: "prod",
      branch: "refs/heads/main",
      preview: true,
      refresh: true,
      updateTemplate: { spec: { expectNoChanges: true } },
      continueResyncOnCommitMatch: true,
      resyncFrequencySeconds: 3600,
      prerequisites: [{ name: "mesh-prod", requirement: { succeededWithinDuration: "1800s" } }],
      workspaceReclaimPolicy: "Delete",
    });
  });

  test("is put right by the updates themselves, where drift is to be repaired", () => {
    const repairing = operatorManifests(args({ drift: "repair", resync: 21600 }));
    expect(kinds(repairing)).not.toContain("Stack drift-prod");
    expect(specOf(repairing)).toMatchObject({
      refresh: true,
      continueResyncOnCommitMatch: true,
      resyncFrequencySeconds: 21600,
    });
  });

  test("gets its passphrase from a Secret, and no kubeconfig where other stacks have them", () => {
    expect(specOf(manifests).envRefs["PULUMI_CONFIG_PASSPHRASE"]).toEqual({
      type: "Secret",
      secret: { name: "mesh-prod", key: "passphrase" },
    });
    expect(specOf(manifests).envRefs).not.toHaveProperty("KUBECONFIG");
    expect(specOf(manifests).workspaceTemplate.spec).not.toHaveProperty("podTemplate");
  });

  test("runs the CLI of this repository, with more memory for more clusters", () => {
    const two = {
      east: byStack,
      west: {
        ...byStack,
        stack: { name: "organization/clusters/west" },
        podNetworks: "10.9.0.0/16",
        serviceNetworks: "10.8.0.0/16",
      },
    };
    expect(specOf(manifests).workspaceTemplate.spec).toMatchObject({
      image: "pulumi/pulumi:3.248.0-nonroot",
      securityProfile: "restricted",
      resources: { requests: { memory: "1280Mi" }, limits: { memory: "1280Mi" } },
    });
    expect(specOf(operatorManifests(args({}, two))).workspaceTemplate.spec).toMatchObject({
      resources: { requests: { memory: "1536Mi" } },
    });
  });
});

test("clusters by context get the kubeconfig of a Secret", () => {
  const spec = specOf(operatorManifests(args({}, { east: existing(1) })));
  expect(spec.envRefs["KUBECONFIG"]).toEqual({
    type: "Literal",
    literal: { value: "/var/run/secrets/mesh/config" },
  });
  expect(spec.workspaceTemplate.spec["podTemplate"]).toEqual({
    spec: {
      containers: [
        {
          name: "pulumi",
          volumeMounts: [{ name: "kubeconfig", mountPath: "/var/run/secrets/mesh", readOnly: true }],
        },
      ],
      volumes: [{ name: "kubeconfig", secret: { secretName: "mesh-prod-kubeconfig" } }],
    },
  });
});

test("a branch to be previewed is a second Stack on the same state, that never updates", () => {
  const manifests = operatorManifests(args({ previewBranch: "next", drift: "repair" }));
  expect(specOf(manifests, "next-prod")).toMatchObject({
    stack: "prod",
    branch: "refs/heads/next",
    preview: true,
    prerequisites: [{ name: "mesh-prod" }],
    resyncFrequencySeconds: 300,
    destroyOnFinalize: false,
  });
  expect(specOf(manifests, "next-prod")).not.toHaveProperty("workspaceReclaimPolicy");
});

test("what must be in order before must have been lately", () => {
  expect(
    specOf(operatorManifests(args({ after: ["uat-trust", "uat-cluster-a"], resync: 600 }))),
  ).toMatchObject({
    prerequisites: [
      { name: "mesh-uat-trust", requirement: { succeededWithinDuration: "300s" } },
      { name: "mesh-uat-cluster-a", requirement: { succeededWithinDuration: "300s" } },
    ],
  });
});

test("Flux fetches each branch by a GitRepository, in place of the operator", () => {
  const manifests = operatorManifests(
    args({ source: "flux", previewBranch: "next", gitSecret: "git", drift: "repair" }),
  );
  expect(kinds(manifests).slice(3)).toEqual([
    "GitRepository mesh-prod",
    "GitRepository next-prod",
    "Stack mesh-prod",
    "Stack next-prod",
  ]);
  expect(manifests[4]).toMatchObject({
    spec: { url: "https://github.com/example/mesh", ref: { branch: "next" }, secretRef: { name: "git" } },
  });
  expect(specOf(manifests, "next-prod")).toMatchObject({
    fluxSource: { sourceRef: { kind: "GitRepository", name: "next-prod" }, dir: "." },
  });
  expect(specOf(manifests)).not.toHaveProperty("projectRepo");
});

describe("one commit", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";

  test("is what every Stack names, so that a new one is a new generation of each", () => {
    const manifests = operatorManifests(args({ commit }));
    for (const name of ["mesh-prod", "drift-prod"]) {
      expect(specOf(manifests, name)).toMatchObject({ commit });
      expect(specOf(manifests, name)).not.toHaveProperty("branch");
    }
    expect(specOf(manifests, "drift-prod")).toMatchObject({ prerequisites: [{ name: "mesh-prod" }] });
  });

  test("has a GitRepository of its own, which what was fetched for another one can't stand in for", () => {
    const manifests = operatorManifests(args({ commit, source: "flux" }));
    expect(manifests[3]).toMatchObject({
      metadata: { name: "mesh-prod-0123456789ab" },
      spec: { ref: { branch: "main", commit } },
    });
    expect(specOf(manifests)).toMatchObject({
      fluxSource: { sourceRef: { name: "mesh-prod-0123456789ab" } },
    });
  });
});

test("a private repository is read with a Secret's token", () => {
  expect(specOf(operatorManifests(args({ gitSecret: "git" })))).toMatchObject({
    gitAuth: { accessToken: { type: "Secret", secret: { name: "git", key: "accessToken" } } },
  });
});

test("what can't be run from inside of a cluster is refused, all of it at once", () => {
  const clusters = {
    ...(configuration()["clusters"] as object),
    north: existing(3, { kubeconfigPath: "./k" }),
  };
  expect(() => operatorManifests(args({ backend: "file://./.state" }, clusters))).toThrow(
    /can't run prod:\n {2}It makes clusters.*\(east, west\).*\n {2}kubeconfigPath of north .*\n {2}The state would be lost/,
  );
});

/** `hub` with two spokes, in parts; `colo` is reached by context. */
function byOtherStack(number: number) {
  return existing(number, {
    context: undefined,
    stack: { name: `organization/clusters/${number.toString()}` },
  });
}

function fleet(links: object = { topology: "hub-and-spoke", hub: "hub" }) {
  return parseSettings(
    configuration({
      clusters: { hub: byOtherStack(1), bonn: byOtherStack(2), colo: existing(3) },
      links,
      split: true,
    }),
  );
}

interface Prerequisite {
  readonly name: string;
}

function prerequisitesOf(manifests: readonly Manifest[]): Record<string, string[]> {
  const stacks = manifests.filter(({ kind }) => kind === "Stack");
  return Object.fromEntries(
    stacks.map(({ metadata: { name } }) => {
      const { prerequisites = [] } = specOf(manifests, name) as { prerequisites?: Prerequisite[] };
      return [name, prerequisites.map((one) => one.name)];
    }),
  );
}

function neededByLinks(source: string, ...targets: string[]): string[] {
  return [
    `mesh-prod-cluster-${source}`,
    ...[source, ...targets].map((name) => `mesh-prod-multicluster-${name}`),
  ];
}

describe("a split environment", () => {
  const split = (more: Partial<OperatorArgs> = {}) =>
    operatorManifests(args({ settings: fleet(), drift: "repair", ...more }));

  test("is a Stack for each part, after those that it needs", () => {
    expect(kinds(split()).slice(0, 3)).toEqual([
      "Namespace mesh",
      "ServiceAccount mesh-prod",
      "ClusterRoleBinding mesh:mesh-prod:system:auth-delegator",
    ]);
    expect(Object.entries(prerequisitesOf(split()))).toEqual([
      ["mesh-prod-trust", []],
      ["mesh-prod-cluster-bonn", ["mesh-prod-trust"]],
      ["mesh-prod-cluster-colo", ["mesh-prod-trust"]],
      ["mesh-prod-cluster-hub", ["mesh-prod-trust"]],
      ["mesh-prod-multicluster-bonn", ["mesh-prod-trust", "mesh-prod-cluster-bonn"]],
      ["mesh-prod-multicluster-colo", ["mesh-prod-trust", "mesh-prod-cluster-colo"]],
      ["mesh-prod-multicluster-hub", ["mesh-prod-trust", "mesh-prod-cluster-hub"]],
      ["mesh-prod-links-bonn", neededByLinks("bonn", "hub")],
      ["mesh-prod-links-colo", neededByLinks("colo", "hub")],
      ["mesh-prod-links-hub", neededByLinks("hub", "bonn", "colo")],
    ]);
    expect(specOf(split(), "mesh-prod-cluster-hub")).toMatchObject({
      prerequisites: [{ name: "mesh-prod-trust", requirement: { succeededWithinDuration: "1800s" } }],
    });
  });

  test.each([
    ["hub-and-spoke", { topology: "hub-and-spoke", hub: "hub" }],
    ["full mesh", { topology: "mesh" }],
    ["one link", { oneWay: [{ source: "bonn", target: "colo", carries: ["gateway"] }] }],
    ["no link", {}],
  ])("waits as npm run fleet does: %s", (_, links) => {
    const settings = fleet(links);
    const order = [...fleetOrder("up", "prod", settings)];
    expect(Object.entries(prerequisitesOf(split({ settings })))).toEqual(
      order.map(([stack, needs]) => [objectName(stack), needs.map((need) => objectName(need))]),
    );
  });

  test("goes by the environment's one stack file, with the environment's account and passphrase", () => {
    for (const { name } of stacksOf("prod", fleet())) {
      const spec = specOf(split(), objectName(name));
      expect(spec).toMatchObject({
        stack: name,
        serviceAccountName: "mesh-prod",
        destroyOnFinalize: false,
        runProgram: true,
        resyncFrequencySeconds: 3600,
        workspaceReclaimPolicy: "Delete",
        envRefs: {
          PULUMI_CONFIG_PASSPHRASE: { type: "Secret", secret: { name: "mesh-prod", key: "passphrase" } },
          NPM_CONFIG_OMIT: { type: "Literal", literal: { value: "dev" } },
          PULUMI_OPTION_CONFIG_FILE: { type: "Literal", literal: { value: "Pulumi.prod.yaml" } },
        },
      });
    }
    expect(specOf(operatorManifests(args())).envRefs).not.toHaveProperty("PULUMI_OPTION_CONFIG_FILE");
  });

  test("gives no part more memory for programs than may run at a time", () => {
    const spokes = Array.from({ length: 70 }, (_, index) => [
      `spoke${index.toString()}`,
      byOtherStack(index + 2),
    ]);
    const settings = parseSettings(
      configuration({
        clusters: { hub: byOtherStack(1), ...Object.fromEntries(spokes) },
        links: { topology: "hub-and-spoke", hub: "hub" },
        split: true,
      }),
    );
    const spec = specOf(split({ settings }), "mesh-prod-links-hub").workspaceTemplate.spec;
    const memory = (1024 + 256 + 4 * spokes.length + 56 * 64).toString();
    expect(spec).toMatchObject({ resources: { limits: { memory: `${memory}Mi` } } });
  });

  test("gives a part memory for what it talks to, and contexts only where it needs them", () => {
    const memory = (name: string) =>
      (specOf(split(), name).workspaceTemplate.spec as { resources: { limits: { memory: string } } })
        .resources.limits.memory;
    expect(
      ["trust", "cluster-hub", "multicluster-hub", "links-hub", "links-bonn"].map((part) =>
        memory(`mesh-prod-${part}`),
      ),
    ).toEqual(["1024Mi", "1280Mi", "1296Mi", "1400Mi", "1340Mi"]);
    const withContexts = stacksOf("prod", fleet()).filter(
      ({ name }) => "KUBECONFIG" in specOf(split(), objectName(name)).envRefs,
    );
    expect(withContexts.map(({ name }) => name)).toEqual([
      "prod-cluster-colo",
      "prod-multicluster-colo",
      "prod-links-colo",
    ]);
    expect(neededSecrets(args({ settings: fleet() })).map(({ name }) => name)).toEqual([
      "mesh-prod",
      "mesh-prod-kubeconfig",
    ]);
  });

  test("waits for another environment before its first part", () => {
    const prerequisites = prerequisitesOf(split({ after: ["uat"] }));
    expect(prerequisites["mesh-prod-trust"]).toEqual(["mesh-uat"]);
    expect(prerequisites["mesh-prod-cluster-hub"]).toEqual(["mesh-prod-trust"]);
  });

  test("looks for drift and previews a branch part by part", () => {
    const manifests = split({ drift: "report", previewBranch: "next" });
    const stacks = kinds(manifests).filter((kind) => kind.startsWith("Stack"));
    expect(stacks).toHaveLength(3 * 10);
    expect(stacks.slice(0, 3)).toEqual([
      "Stack mesh-prod-trust",
      "Stack drift-prod-trust",
      "Stack next-prod-trust",
    ]);
    expect(prerequisitesOf(manifests)["drift-prod-links-hub"]).toEqual(["mesh-prod-links-hub"]);
  });

  test("says of each Stack which kind of part it is, and its wave to Argo CD", () => {
    const found = split().flatMap(({ kind, metadata: { labels, annotations } }) =>
      kind === "Stack" ? [[labels?.["app.kubernetes.io/component"], annotations]] : [],
    );
    const wave = (number: string) => ({ "argocd.argoproj.io/sync-wave": number });
    expect(found).toEqual([
      ["trust", wave("1")],
      ...Array.from({ length: 3 }, () => ["cluster", wave("2")]),
      ...Array.from({ length: 3 }, () => ["multicluster", wave("3")]),
      ...Array.from({ length: 3 }, () => ["links", wave("4")]),
    ]);
  });
});

describe("the name of an object", () => {
  test("is the stack's, where Kubernetes takes it", () => {
    expect(objectName("prod-cluster-east")).toBe("mesh-prod-cluster-east");
    expect(objectName("prod", "drift")).toBe("drift-prod");
  });

  test.each(["production-cluster-a-cluster-far-too-long", "Prod_EU.2"])("is made to fit for %s", (stack) => {
    const name = objectName(stack);
    expect(name).toMatch(/^mesh-[a-z0-9-]+-[0-9a-f]{8}$/);
    expect(name.length).toBeLessThanOrEqual(42);
    expect(objectName(`${stack}r`)).not.toBe(name);
  });
});

describe("the command", () => {
  const needed = ["prod", "--backend", "s3://state", "--repository", "https://github.com/example/mesh"];

  test("prints objects, with what must be there before as a comment", async () => {
    const text = formatManifests(await parseRequest([...needed, "--git-secret", "git"]));
    const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
    expect(kinds(documents)).toContain("Stack mesh-prod");
    expect(text).toMatch(/^# .*\n# It needs in the namespace mesh:\n# {3}Secret mesh-prod with passphrase/);
    expect(text).toContain("#   Secret git with accessToken");
    expect(text).not.toContain("mesh-prod-kubeconfig");
  });

  test("waits for every stack of the environment that comes before", async () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const request = await parseRequest([...needed, "--after", "uat", "--resync", "6h", "--commit", commit]);
    expect(request).toMatchObject({ after: ["uat"], resync: 21600, commit });
    expect(formatManifests(request)).toMatch(/^# .* keeps prod as commit 0123456789abcdef/);
  });

  test.each([
    [["prod"], /Say which stack/],
    [[...needed, "--source", "svn"], /--source is svn: use git or flux/],
    [[...needed, "--drift", "ignore"], /--drift is ignore: use report or repair/],
    [[...needed, "--resync", "90s"], /--resync is 90s: .* 30m or 6h/],
    [[...needed, "--commit", "0123456"], /--commit is 0123456: name the whole commit/],
    [[...needed, "--after", "nowhere"], /There is no Pulumi.nowhere.yaml/],
    [["nowhere", ...needed.slice(1)], /There is no Pulumi.nowhere.yaml/],
  ])("refuses %j", async (given, message) => {
    await expect(parseRequest(given)).rejects.toThrow(message);
  });
});
