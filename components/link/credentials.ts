import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";

export interface CredentialsArgs {
  /** Name of the target cluster. */
  readonly cluster: string;
  /** The target's API server as the source cluster reaches it. */
  readonly server: pulumi.Input<string>;
  /** The CA of that server, base64 of PEM: a file's path wouldn't exist in the controller's pod. */
  readonly certificateAuthority: pulumi.Input<string>;
  readonly serviceAccount: string;
  readonly token: pulumi.Input<string>;
}

/** The kubeconfig with which a source cluster reads a target, in the shape that `link-gen` gives it. */
export function linkKubeconfig(args: CredentialsArgs): pulumi.Output<string> {
  const { cluster, serviceAccount } = args;
  return pulumi
    .all([args.server, args.certificateAuthority, args.token])
    .apply(([server, certificateAuthority, token]) =>
      stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": cluster,
        clusters: [
          { name: cluster, cluster: { server, "certificate-authority-data": certificateAuthority } },
        ],
        contexts: [{ name: cluster, context: { cluster, user: serviceAccount } }],
        users: [{ name: serviceAccount, user: { token } }],
      }),
    );
}
