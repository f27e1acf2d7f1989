import type { Manifest } from "../render/manifest.ts";
import type { Settings } from "../settings/settings.ts";
import { UsageError } from "./usage.ts";

/** How an environment is to be run by the Pulumi Kubernetes Operator. */
export interface OperatorArgs {
  readonly stack: string;
  readonly settings: Pick<Settings, "clusters">;
  /** Where the state is kept. */
  readonly backend: string;
  /** The Git repository with the program and its stack files. */
  readonly repository: string;
  readonly branch: string;
  /** A branch whose changes are only previewed. */
  readonly previewBranch?: string | undefined;
  /** Name of a Secret to read the repository with: its `accessToken`, or with Flux what Flux takes. */
  readonly gitSecret?: string | undefined;
  /** Whether Flux fetches the repository, or the operator itself. */
  readonly source: "git" | "flux";
  /** The environment that must be in order before this one is updated. */
  readonly after?: string | undefined;
  /** Whether clusters that differ from the state are put right, or only make the next update fail. */
  readonly drift: "repair" | "report";
  readonly namespace: string;
  /** The CLI's version. */
  readonly pulumiVersion: string;
}

const kubeconfigFolder = "/var/run/secrets/mesh";

/** Seconds after which the clusters are compared with the state again. */
const resync = 3600;
/** Seconds after which a branch is looked at again. */
const previewResync = 300;

export function objectName(stack: string): string {
  return `mesh-${stack}`;
}

/** The Secrets that must be there before, by name, with their keys and what belongs there. */
export function neededSecrets({ stack, settings, gitSecret, source }: OperatorArgs) {
  const gitKey = source === "git" ? "accessToken" : "username, password";
  return [
    { name: objectName(stack), key: "passphrase", content: "the passphrase of the stack's secrets" },
    ...(needsKubeconfig(settings)
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

function needsKubeconfig({ clusters }: OperatorArgs["settings"]): boolean {
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

/** Measured: engine and program take 750 MB at two clusters, each provider 150 MB, and larger fleets more of all. */
function memoryFor(clusters: number): string {
  return `${(1024 + 256 * clusters).toString()}Mi`;
}

function workspace(args: OperatorArgs) {
  const { stack, settings, pulumiVersion } = args;
  const memory = memoryFor(settings.clusters.length);
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
      ...(needsKubeconfig(settings) ? { podTemplate: { spec: volume } } : {}),
    },
  };
}

function gitSource({ repository, gitSecret }: OperatorArgs, branch: string) {
  return {
    projectRepo: repository,
    branch: `refs/heads/${branch}`,
    shallow: true,
    ...(gitSecret === undefined ? {} : { gitAuth: { accessToken: secretRef(gitSecret, "accessToken") } }),
  };
}

function fluxSource(repository: string) {
  const apiVersion = "source.toolkit.fluxcd.io/v1";
  return { fluxSource: { sourceRef: { apiVersion, kind: "GitRepository", name: repository }, dir: "." } };
}

function gitRepository(args: OperatorArgs, name: string, branch: string): Manifest[] {
  if (args.source === "git") return [];
  return [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name, namespace: args.namespace, labels: labelsOf(args) },
      spec: {
        interval: "1m",
        url: args.repository,
        ref: { branch },
        ...(args.gitSecret === undefined ? {} : { secretRef: { name: args.gitSecret } }),
      },
    },
  ];
}

function labelsOf({ stack }: OperatorArgs): Record<string, string> {
  return { "app.kubernetes.io/part-of": "mesh", "app.kubernetes.io/instance": stack };
}

function stackObject(args: OperatorArgs, name: string, branch: string, more: object): Manifest {
  const { stack, namespace, backend, source, settings } = args;
  return {
    apiVersion: "pulumi.com/v1",
    kind: "Stack",
    metadata: { name, namespace, labels: labelsOf(args) },
    spec: {
      stack,
      ...(source === "git" ? gitSource(args, branch) : fluxSource(name)),
      backend,
      serviceAccountName: objectName(stack),
      envRefs: {
        PULUMI_CONFIG_PASSPHRASE: secretRef(objectName(stack), "passphrase"),
        // The salt of the passphrase is in the state: the stack file needn't have it.
        PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: literal("true"),
        PULUMI_SKIP_UPDATE_CHECK: literal("true"),
        ...(needsKubeconfig(settings) ? { KUBECONFIG: literal(`${kubeconfigFolder}/config`) } : {}),
      },
      // Clusters are asked, not only the state.
      refresh: true,
      continueResyncOnCommitMatch: true,
      // Who deletes this object doesn't mean the mesh.
      destroyOnFinalize: false,
      workspaceTemplate: workspace(args),
      ...more,
    },
  };
}

/**
 * What makes the operator keep an environment as its branch says, in the order in which it is applied.
 *
 * @throws UsageError where it can't be done from inside of a cluster.
 */
export function operatorManifests(args: OperatorArgs): Manifest[] {
  check(args);
  const { stack, namespace, branch, previewBranch, after, drift } = args;
  const name = objectName(stack);
  const labels = labelsOf(args);
  const preview = `${name}-next`;
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
    ...gitRepository(args, name, branch),
    stackObject(args, name, branch, {
      resyncFrequencySeconds: resync,
      ...(drift === "report" ? { expectNoRefreshChanges: true } : {}),
      ...(after === undefined ? {} : { prerequisites: [{ name: objectName(after) }] }),
      retryMaxBackoffDurationSeconds: 3600,
    }),
    ...(previewBranch === undefined
      ? []
      : [
          ...gitRepository(args, preview, previewBranch),
          stackObject(args, preview, previewBranch, {
            preview: true,
            prerequisites: [{ name }],
            resyncFrequencySeconds: previewResync,
          }),
        ]),
  ];
}
