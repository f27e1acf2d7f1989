import { createHash } from "node:crypto";

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ClusterSettings } from "../../settings/settings.ts";

/** How a program outside of the engine, such as a clean-up, reaches a cluster. */
export type ClusterAccess =
  | { readonly kubeconfig: pulumi.Output<string> }
  | { readonly context: string; readonly path: string | undefined };

/** A Kubernetes cluster, wherever it comes from. */
export interface Cluster extends pulumi.ComponentResource {
  readonly settings: ClusterSettings;
  /** Everything on this cluster is made through this provider, so that nothing lands on another one. */
  readonly provider: k8s.Provider;
  /** The API server as the other clusters reach it. */
  readonly apiServer: pulumi.Output<string>;
  /** Secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly access: ClusterAccess;
  /** What makes it this cluster and no other, for its provider in another stack. */
  readonly identity: pulumi.Output<string>;
  /** The resource that makes the cluster: when it goes, everything on the cluster is gone with it. */
  readonly deletedWith: pulumi.Resource | undefined;
}

/** Environment variables that name a cluster to the `*.command.ts` programs. */
export function accessEnvironment(access: ClusterAccess): Record<string, pulumi.Input<string>> {
  return "kubeconfig" in access
    ? { MESH_KUBECONFIG: access.kubeconfig }
    : {
        MESH_CONTEXT: access.context,
        ...(access.path === undefined ? {} : { MESH_KUBECONFIG_PATH: access.path }),
      };
}

/** A cluster for good: a change means that it is another cluster, and everything on it is made anew. */
export function clusterIdentity(...parts: readonly pulumi.Input<string>[]): pulumi.Output<string> {
  return pulumi.all([...parts]).apply((known) => known.join(" "));
}

interface ClusterProviderArgs {
  readonly identity: pulumi.Output<string>;
  readonly kubeconfig?: pulumi.Input<string>;
  readonly context?: string;
  /** Whether objects that are there already are taken over, from whoever made them. */
  readonly adopt?: boolean;
}

/** The provider of one cluster. Another path, address or certificate in its kubeconfig replaces nothing. */
export function clusterProvider(
  name: string,
  { identity, kubeconfig, context, adopt = false }: ClusterProviderArgs,
  opts: pulumi.ResourceOptions,
): k8s.Provider {
  return new k8s.Provider(
    name,
    {
      clusterIdentifier: identity,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
      // Replacing a ConfigMap or Secret that running pods mount leaves a moment without it.
      enableConfigMapMutable: true,
      enableSecretMutable: true,
      ...(adopt ? { upsertExistingObjects: true, enablePatchForce: true } : {}),
    },
    opts,
  );
}

/** A short text that changes when any of `parts` does. */
export function fingerprint(parts: readonly (string | number)[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 12);
}
