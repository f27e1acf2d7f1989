import type { Manifest } from "../../render/manifest.ts";
import { clusterKinds, type Part } from "../../settings/part.ts";
import type { ClusterSettings, LinkSettings } from "../../settings/settings.ts";
import { resourcesAtOnce } from "../engine/engine.ts";
import { UsageError } from "../terminal/usage.ts";
import {
  clustersOf,
  objectName,
  stacksOf,
  type OperatorSettings,
  type OperatorStack,
} from "./operator-stacks.ts";

/** How an environment is to be run by the Pulumi Kubernetes Operator. */
export interface OperatorArgs {
  readonly stack: string;
  readonly settings: OperatorSettings;
  /** Where the state is kept. */
  readonly backend: string;
  /** The Git repository with the program and its stack files. */
  readonly repository: string;
  readonly branch: string;
  /** The commit of the branch that is run; its newest, whenever there is one, unless it is named. */
  readonly commit?: string | undefined;
  /** A branch whose changes are only previewed. */
  readonly previewBranch?: string | undefined;
  /** Name of a Secret to read the repository with: its `accessToken`, or with Flux what Flux takes. */
  readonly gitSecret?: string | undefined;
  /** Whether Flux fetches the repository, or the operator itself. */
  readonly source: "git" | "flux";
  /** The stacks of the environment that must be in order before this one is updated. */
  readonly after: readonly string[];
  /** Whether clusters that differ from the state are put right, or only told of. */
  readonly drift: "repair" | "report";
  /** Seconds after which the clusters are compared with the state again. */
  readonly resync: number;
  readonly namespace: string;
  /** The CLI's version. */
  readonly pulumiVersion: string;
}

const kubeconfigFolder = "/var/run/secrets/mesh";

/** Seconds after which a branch is looked at again. */
const poll = 300;

/** The Secrets that must be there before, by name, with their keys and what belongs there. */
export function neededSecrets({ stack, settings, gitSecret, source }: OperatorArgs) {
  const gitKey = source === "git" ? "accessToken" : "username, password";
  return [
    { name: objectName(stack), key: "passphrase", content: "the passphrase of the stack's secrets" },
    ...(needsKubeconfig(settings.clusters)
      ? [
          {
            name: `${objectName(stack)}-kubeconfig`,
            key: "config",
            content: "a kubeconfig with the contexts that the stack file names",
          },
        ]
      : []),
    ...(gitSecret === undefined
      ? []
      : [{ name: gitSecret, key: gitKey, content: "what reads the Git repository" }]),
  ];
}

function needsKubeconfig(clusters: readonly ClusterSettings[]): boolean {
  return clusters.some((cluster) => cluster.source === "existing" && cluster.kubeconfig.from === "context");
}

/** @throws UsageError with everything that can't be done from inside of a cluster. */
function check({ stack, settings, backend }: OperatorArgs): void {
  const made = settings.clusters.filter(({ source }) => source !== "existing").map(({ name }) => name);
  const paths = settings.clusters.flatMap((cluster) =>
    cluster.source === "existing" &&
    cluster.kubeconfig.from === "context" &&
    cluster.kubeconfig.path !== undefined
      ? [cluster.name]
      : [],
  );
  const problems = [
    ...(made.length > 0
      ? [
          `It makes clusters on the machine that it runs on (${made.join(", ")}): only existing ones can be used.`,
        ]
      : []),
    ...(paths.length > 0
      ? [
          `kubeconfigPath of ${paths.join(", ")} names a file of this machine: leave it out, a Secret takes its place.`,
        ]
      : []),
    ...(backend.startsWith("file:")
      ? ["The state would be lost with the workspace's pod: name a backend such as s3://… with --backend."]
      : []),
  ];
  if (problems.length > 0) {
    throw new UsageError(`The operator can't run ${stack}:\n${problems.map((one) => `  ${one}`).join("\n")}`);
  }
}

function secretRef(name: string, key: string) {
  return { type: "Secret", secret: { name, key } };
}

function literal(value: string) {
  return { type: "Literal", literal: { value } };
}

/** The links that a part has objects of. Those of a whole environment count as its clusters. */
function linksOf(part: Part, { links }: OperatorSettings): LinkSettings[] {
  switch (part.kind) {
    case "whole":
    case "trust":
      return [];
    case "cluster":
      return [];
    case "multicluster":
      return links.filter(({ source, target }) => [source, target].includes(part.cluster));
    case "links":
      return links.filter(({ source }) => source === part.cluster);
  }
}

/** How many programs a part may run at a time: one for each link from it, as all are taken away or get new credentials. */
function programsAtOnce(part: Part, settings: OperatorSettings): number {
  switch (part.kind) {
    case "whole":
      return Math.min(settings.links.length, resourcesAtOnce);
    case "links":
      return Math.min(linksOf(part, settings).length, resourcesAtOnce);
    case "trust":
    case "cluster":
    case "multicluster":
      return 0;
  }
}

/** Measured: engine and program take 750 MB at two clusters, each provider 150 MB, a program 55 MB, and larger fleets more of all. */
function memoryFor(part: Part, settings: OperatorSettings): string {
  const clusters = clustersOf(part, settings).length;
  const links = linksOf(part, settings).length;
  return `${(1024 + 256 * clusters + 4 * links + 56 * programsAtOnce(part, settings)).toString()}Mi`;
}

function workspace({ stack, settings, pulumiVersion }: OperatorArgs, part: Part) {
  const memory = memoryFor(part, settings);
  const volume = {
    containers: [
      { name: "pulumi", volumeMounts: [{ name: "kubeconfig", mountPath: kubeconfigFolder, readOnly: true }] },
    ],
    volumes: [{ name: "kubeconfig", secret: { secretName: `${objectName(stack)}-kubeconfig` } }],
  };
  return {
    spec: {
      // Its Node is new enough to run TypeScript as it is. The operator has it install the packages and plugins.
      image: `pulumi/pulumi:${pulumiVersion}-nonroot`,
      securityProfile: "restricted",
      resources: { requests: { cpu: "1", memory }, limits: { memory } },
      ...(needsKubeconfig(clustersOf(part, settings)) ? { podTemplate: { spec: volume } } : {}),
    },
  };
}

/** What of the repository is run. */
interface Revision {
  /** Name of Flux's GitRepository. */
  readonly name: string;
  readonly branch: string;
  readonly commit?: string | undefined;
}

function current({ stack, branch, commit }: OperatorArgs): Revision {
  const name = objectName(stack);
  // What Flux had fetched for one commit would be taken for the next one, had both the same name.
  return commit === undefined ? { name, branch } : { name: `${name}-${commit.slice(0, 12)}`, branch, commit };
}

function next({ stack }: OperatorArgs, branch: string): Revision {
  return { name: objectName(stack, "next"), branch };
}

function gitSource({ repository, gitSecret }: OperatorArgs, { branch, commit }: Revision) {
  return {
    projectRepo: repository,
    ...(commit === undefined ? { branch: `refs/heads/${branch}` } : { commit }),
    shallow: true,
    ...(gitSecret === undefined ? {} : { gitAuth: { accessToken: secretRef(gitSecret, "accessToken") } }),
  };
}

function fluxSource({ name }: Revision) {
  const apiVersion = "source.toolkit.fluxcd.io/v1";
  return { fluxSource: { sourceRef: { apiVersion, kind: "GitRepository", name }, dir: "." } };
}

function gitRepository(args: OperatorArgs, { name, branch, commit }: Revision): Manifest[] {
  if (args.source === "git") return [];
  return [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name, namespace: args.namespace, labels: labelsOf(args) },
      spec: {
        interval: "1m",
        url: args.repository,
        ref: { branch, ...(commit === undefined ? {} : { commit }) },
        ...(args.gitSecret === undefined ? {} : { secretRef: { name: args.gitSecret } }),
      },
    },
  ];
}

function labelsOf({ stack }: OperatorArgs): Record<string, string> {
  return { "app.kubernetes.io/part-of": "mesh", "app.kubernetes.io/instance": stack };
}

const waves: readonly string[] = ["trust", ...clusterKinds];

/** Of a part, which kind of part it is. Argo CD applies objects of one kind by their names, unless in waves. */
function metadataOf(args: OperatorArgs, { kind }: Part) {
  if (kind === "whole") return { labels: labelsOf(args) };
  return {
    labels: { ...labelsOf(args), "app.kubernetes.io/component": kind },
    annotations: { "argocd.argoproj.io/sync-wave": (waves.indexOf(kind) + 1).toString() },
  };
}

function environmentOf({ stack, settings }: OperatorArgs, part: Part) {
  return {
    PULUMI_CONFIG_PASSPHRASE: secretRef(objectName(stack), "passphrase"),
    // The salt of the passphrase is in the state: the stack file needn't have it.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: literal("true"),
    PULUMI_SKIP_UPDATE_CHECK: literal("true"),
    PULUMI_PARALLEL: literal(resourcesAtOnce.toString()),
    // What only tests and documentation need is two thirds of the packages, for each new workspace.
    NPM_CONFIG_OMIT: literal("dev"),
    // A part has no file of its own name. The CLI takes any option from a variable, and the operator passes none for it.
    ...(part.kind === "whole" ? {} : { PULUMI_OPTION_CONFIG_FILE: literal(`Pulumi.${stack}.yaml`) }),
    ...(needsKubeconfig(clustersOf(part, settings))
      ? { KUBECONFIG: literal(`${kubeconfigFolder}/config`) }
      : {}),
  };
}

function stackObject(
  args: OperatorArgs,
  { name: stack, part }: OperatorStack,
  revision: Revision,
  name: string,
  more: object,
): Manifest {
  const { namespace, backend, source } = args;
  return {
    apiVersion: "pulumi.com/v1",
    kind: "Stack",
    metadata: { name, namespace, ...metadataOf(args, part) },
    spec: {
      stack,
      ...(source === "git" ? gitSource(args, revision) : fluxSource(revision)),
      backend,
      serviceAccountName: objectName(args.stack),
      envRefs: environmentOf(args, part),
      // Who deletes this object doesn't mean the mesh.
      destroyOnFinalize: false,
      // Should somebody mean it: a destroy without the repository lacks the scripts that clean up.
      runProgram: true,
      workspaceTemplate: workspace(args, part),
      retryMaxBackoffDurationSeconds: 3600,
      ...more,
    },
  };
}

/** Stacks that must have succeeded, and lately: the operator runs those again that haven't, on the newest commit. */
function freshly({ resync }: OperatorArgs, stacks: readonly string[]) {
  const requirement = { succeededWithinDuration: `${(resync / 2).toString()}s` };
  return stacks.map((stack) => ({ name: objectName(stack), requirement }));
}

/** Keeps a stack as the repository says. */
function keeper(args: OperatorArgs, stack: OperatorStack): Manifest {
  const { drift, resync, after } = args;
  const prerequisites = freshly(args, stack.needs.length === 0 ? after : stack.needs);
  return stackObject(args, stack, current(args), objectName(stack.name), {
    ...(drift === "repair"
      ? { refresh: true, continueResyncOnCommitMatch: true, resyncFrequencySeconds: resync }
      : { resyncFrequencySeconds: poll }),
    ...(prerequisites.length === 0 ? {} : { prerequisites }),
    ...(stack.part.kind === "whole" ? {} : { workspaceReclaimPolicy: "Delete" }),
  });
}

/** Fails where a stack's clusters differ from what it has made of them. */
function watcher(args: OperatorArgs, stack: OperatorStack): Manifest {
  const { commit, resync } = args;
  const name = objectName(stack.name);
  return stackObject(args, stack, current(args), objectName(stack.name, "drift"), {
    preview: true,
    refresh: true,
    updateTemplate: { spec: { expectNoChanges: true } },
    continueResyncOnCommitMatch: true,
    resyncFrequencySeconds: resync,
    // A commit that isn't made yet is no drift.
    prerequisites: commit === undefined ? freshly(args, [stack.name]) : [{ name }],
    workspaceReclaimPolicy: "Delete",
  });
}

/** Shows what another branch would change. */
function previewer(args: OperatorArgs, stack: OperatorStack, branch: string): Manifest {
  return stackObject(args, stack, next(args, branch), objectName(stack.name, "next"), {
    preview: true,
    refresh: true,
    continueResyncOnCommitMatch: true,
    resyncFrequencySeconds: poll,
    prerequisites: [{ name: objectName(stack.name) }],
  });
}

/**
 * What makes the operator keep an environment as its branch says, in the order in which it is applied.
 *
 * @throws UsageError where it can't be done from inside of a cluster.
 */
export function operatorManifests(args: OperatorArgs): Manifest[] {
  check(args);
  const { stack, settings, namespace, previewBranch, drift } = args;
  const name = objectName(stack);
  const labels = labelsOf(args);
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, labels } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: `${namespace}:${name}:system:auth-delegator`, labels },
      // The workspace asks the API server whether it is the operator that calls.
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
    ...gitRepository(args, current(args)),
    ...(previewBranch === undefined ? [] : gitRepository(args, next(args, previewBranch))),
    ...stacksOf(stack, settings).flatMap((one) => [
      keeper(args, one),
      ...(drift === "report" ? [watcher(args, one)] : []),
      ...(previewBranch === undefined ? [] : [previewer(args, one, previewBranch)]),
    ]),
  ];
}
