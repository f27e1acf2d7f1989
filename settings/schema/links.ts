import { z } from "zod";

import { carries, dnsLabel, generation, metadataKeys, period } from "./values.ts";

/** Who may call over a gateway link; a workload is named by its namespace and service account. */
const linkClients = z
  .union(
    [
      z.literal("any"),
      z
        .array(
          z
            .string()
            .regex(
              /^(\*\/\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/(\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?))$/,
              "is not a workload -> write namespace/serviceaccount, such as emojivoto/web or emojivoto/*",
            ),
        )
        .min(1, "is empty -> name the workloads, or leave it out for all of the source's"),
    ],
    "doesn't say who may call -> write any, or a list of namespace/serviceaccount",
  )
  .optional();

const clientsOfLinks = linkClients.describe(
  "Which workloads of the source the target's gateway admits: a list of `namespace/serviceaccount`, `namespace/*` or " +
    "`*/*`, or `any`, which opens the gateway to every meshed workload from everywhere. All of the source's by default.",
);

const oneWay = z.strictObject({
  source: dnsLabel.describe("The cluster where the mirrors appear."),
  target: dnsLabel.describe("The cluster that exports."),
  carries: carries.optional().describe("`links.carries` by default."),
  clients: linkClients.describe("`links.clients` by default."),
});

const pair = z.strictObject({
  clusters: z.tuple([dnsLabel, dnsLabel], "is not a pair -> name two clusters").describe("Linked both ways."),
  carries: carries.optional().describe("`links.carries` by default."),
  clients: linkClients.describe("`links.clients` by default."),
});

const credentials = z
  .strictObject({
    renewals: z
      .record(dnsLabel, generation)
      .default({})
      .describe(
        "By link, `source-to-target`, a name or number; another one makes its token anew and revokes the one before, in a split environment the one before that.",
      ),
    lifetime: period
      .optional()
      .describe(
        "Age in hours or minutes, such as `2160h`, after which the next update makes a token anew. Never by default.",
      ),
    revoked: z
      .array(dnsLabel)
      .default([])
      .describe(
        "Links, `source-to-target`, whose source may neither read its target any more nor call what is closed there.",
      ),
  })
  .describe(
    "The tokens with which clusters read each other; docs/trust.md says how they are renewed and revoked.",
  );

export const links = z
  .strictObject({
    topology: z
      .enum(["mesh", "hub-and-spoke"])
      .optional()
      .describe(
        "`mesh`: every cluster with every other; `hub-and-spoke`: every cluster with the hub. Both ways.",
      ),
    hub: dnsLabel.optional().describe("The cluster in the middle of hub-and-spoke."),
    carries: carries
      .default(["gateway"])
      .describe(
        "What links carry unless they say otherwise; one or a list of `gateway`, `pod-to-pod` and `federated`.",
      ),
    clients: clientsOfLinks,
    headless: z
      .boolean()
      .default(false)
      .describe("Whether headless services are mirrored as such, each of their named pods with a Service."),
    createNamespaces: z
      .boolean()
      .default(true)
      .describe("Whether the namespace of an exported service is made on the clusters that lack it."),
    excludedLabels: metadataKeys
      .default([
        "app.kubernetes.io/managed-by",
        "argocd.argoproj.io/*",
        "helm.toolkit.fluxcd.io/*",
        "kustomize.toolkit.fluxcd.io/*",
      ])
      .describe(
        "Labels of exported services that mirrors don't get: the marks of tools that would claim the mirror.",
      ),
    excludedAnnotations: metadataKeys
      .default([
        "argocd.argoproj.io/*",
        "helm.toolkit.fluxcd.io/*",
        "kubectl.kubernetes.io/*",
        "kustomize.toolkit.fluxcd.io/*",
        "meta.helm.sh/*",
        "pulumi.com/*",
      ])
      .describe("The same for annotations."),
    pairs: z
      .array(pair)
      .default([])
      .describe("Pairs linked both ways, beside the topology or overriding it."),
    oneWay: z.array(oneWay).default([]).describe("Single directions, beside the topology or overriding it."),
    credentials: credentials.prefault({}),
  })
  .describe("Who is linked with whom, and what the links carry.");
