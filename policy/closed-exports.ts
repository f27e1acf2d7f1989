import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";

import { isKind, known } from "./resource.ts";

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key?: string; readonly operator?: string }[];
}

const selectors = ["selector", "remoteDiscoverySelector", "federatedServiceSelector"] as const;

interface LinkProps {
  readonly spec?: Partial<Record<(typeof selectors)[number], Selector>>;
}

function isMark(key: string | undefined): boolean {
  return key?.startsWith("mirror.linkerd.io/") ?? false;
}

/** Whether a selector only takes services that somebody marked for export. */
function selectsMarked({ matchLabels = {}, matchExpressions = [] }: Selector): boolean {
  return (
    Object.keys(matchLabels).some(isMark) ||
    matchExpressions.some(({ key, operator }) => isMark(key) && ["In", "Exists"].includes(operator ?? ""))
  );
}

function takesEverything({ props }: PolicyResource): boolean {
  const spec = known(() => (props as LinkProps).spec) ?? {};
  return selectors.some((name) => {
    const selector = known(() => spec[name]);
    return selector !== undefined && known(() => selectsMarked(selector)) === false;
  });
}

interface ExportProps {
  readonly modes?: readonly string[];
}

/** Calls through a gateway are the gateway's to admit; others reach the pods themselves. */
function isDirect({ props }: PolicyResource): boolean {
  return known(() => (props as ExportProps).modes?.some((mode) => mode !== "gateway")) ?? false;
}

export const closedExports: StackValidationPolicy = {
  name: "closed-exports",
  description: "Only what is marked crosses a link, and only for clients that are named.",
  validateStack: ({ resources }, report) => {
    const closed = new Set(
      resources.filter(({ type }) => type === "mesh:service:ServiceAuthorization").map(({ name }) => name),
    );
    for (const resource of resources) {
      if (isKind(resource, "multicluster.linkerd.io", "Link") && takesEverything(resource)) {
        report("It takes every service: give its selectors a mirror.linkerd.io/ label.", resource.urn);
      }
      const { type, name, urn } = resource;
      if (type !== "mesh:service:ExportedService" || !isDirect(resource)) continue;
      if (closed.has(`${name}-authorization`)) continue;
      report("Everyone may call its pods: name the clients in place of any, and its ports.", urn);
    }
  },
};
