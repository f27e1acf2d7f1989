import { z } from "zod";

import { dnsLabel } from "./values.ts";

export const emojivoto = z
  .preprocess(
    (value) => {
      // Rewriting a stack file, the engine puts a plain true in quotes.
      const text = typeof value === "boolean" ? value.toString() : value;
      return text === "true" || text === "false" ? { enabled: text === "true" } : value;
    },
    z.strictObject(
      {
        enabled: z.boolean().default(true).describe("Whether it is there; a block alone switches it on."),
        web: dnsLabel.optional().describe("The cluster of the web page; the first by name."),
        backends: dnsLabel
          .optional()
          .describe("The cluster of emoji, voting and the vote bot; the second by name."),
        mode: z
          .enum(["gateway", "pod-to-pod"], "is not how its calls can cross -> use gateway or pod-to-pod")
          .default("gateway")
          .describe("How its calls cross; the links between its two clusters carry it, both ways."),
        namespace: dnsLabel.default("emojivoto").describe("Its namespace, on both clusters."),
        registry: z.string().min(1).default("docker.l5d.io/buoyantio").describe("Where its images are."),
        version: z.string().min(1).default("v11").describe("Their tag."),
      },
      "is not a way to ask for emojivoto -> write true, false or a block of its settings",
    ),
  )
  .describe(
    "Linkerd's example application, split over two clusters. Off by default; `true` for all defaults.",
  );
