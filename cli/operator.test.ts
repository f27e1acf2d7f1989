import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

import { parseSettings } from "../settings/parse.ts";
import { configuration, existing } from "../settings/test-examples.ts";
import type { Manifest } from "../render/manifest.ts";
import { operatorManifests, type OperatorArgs } from "./operator-manifests.ts";
import { formatManifests, parseRequest } from "./operator.ts";

const byStack = existing(1, { context: undefined, stack: { name: "organization/clusters/prod" } });

function args(more: Partial<OperatorArgs> = {}, clusters: object = { east: byStack }): OperatorArgs {
  return {
    stack: "prod",
    settings: parseSettings(configuration({ clusters })),
    backend: "s3://state",
    repository: "https://github.com/example/mesh",
    branch: "main",
    source: "git",
    drift: "report",
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
    ]);
    expect(manifests[2]).toMatchObject({
      roleRef: { kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", name: "mesh-prod", namespace: "mesh" }],
    });
  });

  test("follows its branch, asks the clusters, and is never destroyed with the object", () => {
    expect(specOf(manifests)).toMatchObject({
      stack: "prod",
      projectRepo: "https://github.com/example/mesh",
      branch: "refs/heads/main",
      backend: "s3://state",
      serviceAccountName: "mesh-prod",
      refresh: true,
      continueResyncOnCommitMatch: true,
      expectNoRefreshChanges: true,
      destroyOnFinalize: false,
    });
    expect(specOf(manifests)).not.toHaveProperty("prerequisites");
    expect(specOf(manifests)).not.toHaveProperty("gitAuth");
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
  const manifests = operatorManifests(args({ previewBranch: "next", drift: "repair", after: "uat" }));
  expect(specOf(manifests)).toMatchObject({ prerequisites: [{ name: "mesh-uat" }] });
  expect(specOf(manifests)).not.toHaveProperty("expectNoRefreshChanges");
  expect(specOf(manifests, "mesh-prod-next")).toMatchObject({
    stack: "prod",
    branch: "refs/heads/next",
    preview: true,
    prerequisites: [{ name: "mesh-prod" }],
    resyncFrequencySeconds: 300,
    destroyOnFinalize: false,
  });
});

test("Flux fetches each branch by a GitRepository, in place of the operator", () => {
  const manifests = operatorManifests(args({ source: "flux", previewBranch: "next", gitSecret: "git" }));
  expect(kinds(manifests).slice(3)).toEqual([
    "GitRepository mesh-prod",
    "Stack mesh-prod",
    "GitRepository mesh-prod-next",
    "Stack mesh-prod-next",
  ]);
  expect(manifests[5]).toMatchObject({
    spec: { url: "https://github.com/example/mesh", ref: { branch: "next" }, secretRef: { name: "git" } },
  });
  expect(specOf(manifests, "mesh-prod-next")).toMatchObject({
    fluxSource: { sourceRef: { kind: "GitRepository", name: "mesh-prod-next" }, dir: "." },
  });
  expect(specOf(manifests)).not.toHaveProperty("projectRepo");
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

  test.each([
    [["prod"], /Say which stack/],
    [[...needed, "--source", "svn"], /--source is svn: use git or flux/],
    [[...needed, "--drift", "ignore"], /--drift is ignore: use report or repair/],
    [["nowhere", ...needed.slice(1)], /There is no Pulumi.nowhere.yaml/],
  ])("refuses %j", async (given, message) => {
    await expect(parseRequest(given)).rejects.toThrow(message);
  });
});
