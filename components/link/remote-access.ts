import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface RemoteAccessArgs {
  /** The cluster that gets access; one ServiceAccount each, so that each can be revoked alone. */
  readonly source: string;
  /** Namespace of the multicluster extension on the target. */
  readonly namespace: pulumi.Input<string>;
  /** What tells the token from the one before: with another one it is made anew, and the one before is revoked. */
  readonly renewal?: string | undefined;
  /** The `renewal` of the token before, which stays good as well; empty where it had none. */
  readonly before?: string | undefined;
  /** Whether the source has lost its rights; its identity and token stay, and are good for nothing. */
  readonly revoked: boolean;
}

/** What mirror controllers and destination read on a target (linkerd2 remote-access-service-mirror-rbac.yaml). */
const rules: k8s.types.input.rbac.v1.PolicyRule[] = [
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: ["list", "get", "watch"] },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["list", "get", "watch"] },
  { apiGroups: [""], resources: ["pods", "endpoints", "services"], verbs: ["list", "get", "watch"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "get", "watch"] },
  { apiGroups: ["policy.linkerd.io"], resources: ["servers"], verbs: ["list", "get", "watch"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["linkerd-config"] },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
];

/** As whom a source cluster reads a target. */
export function remoteServiceAccount(source: string): string {
  return `linkerd-service-mirror-remote-access-${source}`;
}

/** One source cluster's read access to a target cluster: identity, permissions and token, on the target. */
export class RemoteAccess extends pulumi.ComponentResource {
  /** Bearer token for the target's API server. Secret. */
  readonly token: pulumi.Output<string>;
  /** The CA of the target's API server, base64 of PEM. */
  readonly certificateAuthority: pulumi.Output<string>;
  readonly serviceAccount: string;
  /** When the token was made, RFC 3339. Undefined in a preview before its namespace is there. */
  readonly since: pulumi.Output<string | undefined>;

  constructor(name: string, args: RemoteAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:link:RemoteAccess", name, args, opts);

    this.serviceAccount = remoteServiceAccount(args.source);
    const labels = { "linkerd.io/extension": "multicluster" };
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-service-account`,
      { metadata: { name: this.serviceAccount, namespace: args.namespace, labels } },
      { parent: this },
    );
    const role = new k8s.rbac.v1.ClusterRole(
      `${name}-role`,
      { metadata: { name: this.serviceAccount, labels }, rules },
      { parent: this },
    );
    const binding = () =>
      new k8s.rbac.v1.ClusterRoleBinding(
        `${name}-binding`,
        {
          metadata: { name: this.serviceAccount, labels },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
          subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: args.namespace }],
        },
        { parent: this },
      );
    // The token controller deletes a token whose ServiceAccount doesn't exist; a token without rights is refused.
    const dependsOn = [account, ...(args.revoked ? [] : [binding()])];
    const tokenSecret = (renewal: string | undefined) => {
      // By name, not by replacement: the engine deletes the old token, which revokes it, when all else has the new one.
      const suffix = renewal === undefined || renewal === "" ? "" : `-${renewal}`;
      return new k8s.core.v1.Secret(
        `${name}-token${suffix}`,
        {
          metadata: {
            name: `${this.serviceAccount}-token${suffix}`,
            namespace: args.namespace,
            labels,
            annotations: {
              "kubernetes.io/service-account.name": account.metadata.name,
              // The provider's own wait for the token controller gives up after five seconds.
              "pulumi.com/waitFor": "jsonpath={.data.token}",
            },
          },
          type: "kubernetes.io/service-account-token",
        },
        { parent: this, dependsOn, additionalSecretOutputs: ["data"] },
      );
    };
    if (args.before !== undefined) tokenSecret(args.before);
    const secret = tokenSecret(args.renewal);
    const decode = (key: string) =>
      secret.data.apply((data) => Buffer.from(data[key] ?? "", "base64").toString());
    this.token = pulumi.secret(decode("token"));
    this.certificateAuthority = pulumi.unsecret(secret.data).apply((data) => data["ca.crt"] ?? "");
    this.since = secret.metadata.creationTimestamp;
    this.registerOutputs({});
  }
}
