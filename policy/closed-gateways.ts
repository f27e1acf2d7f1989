import type { ResourceValidationPolicy } from "@pulumi/policy";

import { isKind, known } from "./resource.ts";

/** What makes a load balancer one that the internet doesn't reach, by the clouds' own documentation. */
const internalAnnotations: Readonly<Record<string, string>> = {
  "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
  "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
  "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
  "networking.gke.io/load-balancer-type": "Internal",
  "cloud.google.com/load-balancer-type": "Internal",
  "service.beta.kubernetes.io/openstack-internal-load-balancer": "true",
  "service.beta.kubernetes.io/oci-load-balancer-internal": "true",
  "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": "private",
  "service.beta.kubernetes.io/do-loadbalancer-network": "INTERNAL",
};

interface Service {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly type?: string; readonly loadBalancerSourceRanges?: readonly string[] };
}

interface Policies {
  readonly spec?: {
    readonly identities?: readonly string[];
    readonly targetRef?: { readonly name?: string };
    readonly requiredAuthenticationRefs?: readonly { readonly kind?: string }[];
  };
}

function isOpen(range: string): boolean {
  return range.endsWith("/0");
}

/** Whether everyone can reach it: no source ranges, and no word of being internal. */
function isPublic({ metadata, spec }: Service, internal: Readonly<Record<string, string>>): boolean {
  if (spec?.type !== "LoadBalancer") return false;
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length > 0 && !ranges.some(isOpen)) return false;
  const annotations = metadata?.annotations ?? {};
  return !Object.entries(internal).some(([name, value]) => annotations[name] === value);
}

export function admitsEveryone(props: unknown): boolean {
  return known(() => (props as Policies).spec?.identities?.includes("*")) ?? false;
}

/** Whether a policy of the chart's Server for the gateway lets in who shows no identity, as far as that is known. */
function needsNoIdentity(props: unknown): boolean {
  const found = known(() => {
    const { targetRef, requiredAuthenticationRefs = [] } = (props as Policies).spec ?? {};
    const kinds = requiredAuthenticationRefs.map(({ kind }) => kind);
    const asks = kinds.some((kind) => kind === "MeshTLSAuthentication" || kind === "ServiceAccount");
    return targetRef?.name === "linkerd-gateway" && !asks;
  });
  return found ?? false;
}

const group = "policy.linkerd.io";

export const closedGateways: ResourceValidationPolicy = {
  name: "closed-gateways",
  description: "Gateways are reached by whom they are for, not by everyone.",
  configSchema: {
    properties: {
      internalAnnotations: {
        type: "object",
        additionalProperties: { type: "string" },
        description: "More annotations that make a load balancer internal, with their values.",
      },
    },
  },
  validateResource: (args, report) => {
    const { type, props } = args;
    if (isKind(args, group, "MeshTLSAuthentication") && admitsEveryone(props)) {
      report("It admits every identity: name the clients, in mesh:links.clients or the service's clients.");
    }
    if (isKind(args, group, "AuthorizationPolicy") && needsNoIdentity(props)) {
      report("It opens the gateway without asking for an identity: require a MeshTLSAuthentication too.");
    }
    if (type !== "kubernetes:core/v1:Service") return;
    const { internalAnnotations: more } = args.getConfig<{ internalAnnotations?: Record<string, string> }>();
    if (known(() => isPublic(props as Service, { ...internalAnnotations, ...more })) !== true) return;
    report(
      "Its load balancer is open to everyone: ask for an internal one by the cluster's gateway.annotations, or give " +
        "gateway.loadBalancerSourceRanges in its values.multicluster.",
    );
  },
};
