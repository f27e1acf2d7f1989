import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import type { LinkerdSettings } from "../../settings/settings.ts";
import { base64 } from "../base64.ts";

export interface LinkerdNamespaceArgs {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly linkerd: LinkerdSettings;
}

/**
 * Proxies set up iptables in an init container unless the CNI plugin does it, which decides the pod security level
 * (what the charts' namespace-metadata job does; it is a Helm hook, and hooks aren't run).
 */
export function podSecurity({ cni }: LinkerdSettings): Record<string, string> {
  return { "pod-security.kubernetes.io/enforce": cni ? "restricted" : "privileged" };
}

/** A namespace of Linkerd's with the pull secrets that its service accounts name. */
export function linkerdNamespace(
  name: string,
  args: LinkerdNamespaceArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Namespace {
  const namespace = new k8s.core.v1.Namespace(
    name,
    { metadata: { name: args.name, labels: args.labels, annotations: args.annotations ?? {} } },
    opts,
  );
  for (const { name: secretName, dockerConfigJson } of args.linkerd.pullSecrets) {
    if (dockerConfigJson === undefined) continue;
    new k8s.core.v1.Secret(
      `${name}-${secretName}`,
      {
        metadata: { name: secretName, namespace: namespace.metadata.name },
        type: "kubernetes.io/dockerconfigjson",
        data: { ".dockerconfigjson": base64(dockerConfigJson) },
      },
      { ...opts, additionalSecretOutputs: ["data"] },
    );
  }
  return namespace;
}
