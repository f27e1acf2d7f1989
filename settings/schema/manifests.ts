import { z } from "zod";

import { duration, pem } from "./values.ts";

export const manifests = z
  .strictObject({
    webhookAuthority: pem
      .optional()
      .describe("Certificate of the CA that signs the webhooks' certificates in the secret store; PEM."),
    secrets: z
      .strictObject({
        store: z
          .strictObject({
            name: z.string().min(1).describe("Its name, on every cluster."),
            kind: z.enum(["ClusterSecretStore", "SecretStore"]).default("ClusterSecretStore"),
          })
          .describe("The store of External Secrets that holds the secrets."),
        prefix: z
          .string()
          .min(1)
          .default("linkerd")
          .describe(
            "Keys in the store are `<prefix>/<environment>/<cluster>/<namespace>/<secret>`; of pull secrets " +
              "`<prefix>/<environment>/<secret>`.",
          ),
        separator: z
          .string()
          .min(1)
          .default("/")
          .describe("What stands between the parts of a key, where a store allows no slashes."),
        refreshInterval: duration.default("1h").describe("How often the store is asked."),
      })
      .describe("Where the clusters find their secrets: no manifest holds one."),
  })
  .describe(
    "How `npm run render` writes manifests for Argo CD or Flux. With it, issuers may be in the secret store alone.",
  );
