import { z } from "zod";

import { dnsLabel, generation, hours, pem, period } from "./values.ts";

export const trust = z
  .strictObject({
    anchor: z
      .strictObject({
        lifetime: hours.prefault("87600h").describe("Of an anchor made here."),
        certificate: pem.optional().describe("An anchor, or a bundle of them, given from outside; PEM."),
        privateKey: pem
          .optional()
          .describe(
            "Its key; a secret. Without it, every cluster brings its `issuer`, and the key is never in the state.",
          ),
      })
      .prefault({})
      .describe("The root that all clusters of the environment trust."),
    generations: z
      .array(generation)
      .min(1, "is empty -> list at least one generation, or leave it out")
      .optional()
      .describe(
        'Anchors made here that are trusted, by names of your choice; `["1"]` by default. docs/trust.md says how they ' +
          "are renewed.",
      ),
    signer: generation
      .optional()
      .describe("The generation that signs the issuers; where there is only one, that."),
    protect: z
      .boolean()
      .optional()
      .describe(
        "Whether the engine refuses to delete the anchor that signs. By default where a cluster is `existing`; " +
          "`destroy` needs an update with false first.",
      ),
    issuerRenewals: z
      .record(dnsLabel, generation)
      .default({})
      .describe("By cluster a name or number; another one makes the cluster's issuer anew."),
    renewBefore: period
      .optional()
      .describe(
        "How long before its end, in hours or minutes, the next update makes an issuer or a webhook's certificate " +
          "anew; `720h`, or a quarter of the lifetime where that is less.",
      ),
    webhookRenewals: z
      .record(dnsLabel, generation)
      .default({})
      .describe(
        "By cluster a name or number; another one makes its webhooks' certificates anew, under the same CA.",
      ),
    webhookAuthorities: z
      .record(dnsLabel, z.array(generation).min(1, "is empty -> list at least one, or leave it out"))
      .default({})
      .describe(
        'By cluster the CAs that its API server trusts its webhooks by, the last of which signs; `["1"]` by default. ' +
          "One joins in one update, the one before leaves in the next.",
      ),
    restart: z
      .array(dnsLabel)
      .default([])
      .describe("Namespaces whose meshed workloads are restarted when the anchors or their signer change."),
    warning: hours
      .prefault("1440h")
      .describe("How long before a certificate's end every preview and update warns."),
    issuerLifetime: hours.prefault("8760h").describe("Of the clusters' issuers."),
    webhookLifetime: hours.prefault("8760h").describe("Of the webhooks' certificates."),
  })
  .describe("Certificates. Lifetimes are in hours, such as `8760h`.");
