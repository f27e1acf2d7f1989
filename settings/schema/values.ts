import { normalizeCidr } from "cidr-tools";
import { z } from "zod";

/** A single value is written without a list. */
export function oneOrMore<T extends z.ZodType>(one: T, whenEmpty = "is empty -> list at least one") {
  return z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(one).min(1, whenEmpty),
  );
}

export const dnsLabel = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "is not a DNS label -> use at most 63 lower-case letters, digits and dashes",
  );

export const domain = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "is not a domain -> write a lower-case domain such as cluster.local",
  )
  .max(253);

const network = z
  .union([z.cidrv4(), z.cidrv6()], "is not a network -> write one in CIDR form, such as 10.23.0.0/16")
  .superRefine((value, context) => {
    if (normalizeCidr(value) === value) return;
    context.addIssue({
      code: "custom",
      message: `has bits set behind its prefix -> write ${normalizeCidr(value)}`,
    });
  });

export const networks = oneOrMore(network);

const notHours = "is not a number of hours -> write it as Linkerd does, such as 8760h";

export const hours = z
  .string(notHours)
  .regex(/^[1-9][0-9]*h$/, notHours)
  .transform((text) => Number(text.slice(0, -1)));

const notPeriod = "is not a time in hours or minutes -> write it such as 720h or 30m";

/** Hours, a part of one for minutes. */
export const period = z
  .string(notPeriod)
  .regex(/^[1-9][0-9]*[hm]$/, notPeriod)
  .transform((text) => Number(text.slice(0, -1)) / (text.endsWith("m") ? 60 : 1));

export const port = z
  .int("is not a port -> use a number from 1 to 65535")
  .min(1, "is not a port -> use a number from 1 to 65535")
  .max(65535, "is not a port -> use a number from 1 to 65535");

export const pem = z
  .string()
  .regex(/^-----BEGIN [A-Z ]+-----/, "is not PEM text -> paste the whole file, with its BEGIN and END lines")
  .transform((text) => text.trim());

const chartValues = z.record(z.string(), z.unknown()).describe("Helm values, merged over ours.");

const notDuration = "is not a duration -> write it as Linkerd does, such as 500ms or 5s";

export const duration = z.string(notDuration).regex(/^[1-9][0-9]*(ms|s|m|h)$/, notDuration);

export const valuesByChart = z
  .strictObject({
    crds: chartValues.default({}),
    cni: chartValues.default({}),
    controlPlane: chartValues.default({}),
    multicluster: chartValues.default({}),
    viz: chartValues.default({}),
  })
  .describe("Raw Helm values by chart: the escape hatch. Never a secret.");

export const givenCertificate = z.strictObject({
  certificate: pem.describe("PEM."),
  privateKey: pem.describe("PEM; a secret (`pulumi config set --secret --path`)."),
});

export function hasCredentials(url: string): boolean {
  return URL.canParse(url) && [new URL(url).username, new URL(url).password].some((part) => part !== "");
}

export const carries = oneOrMore(
  z.enum(
    ["gateway", "pod-to-pod", "federated"],
    "is not something a link can carry -> use gateway, pod-to-pod or federated",
  ),
  "is empty -> say what the link carries: gateway, pod-to-pod, federated, in any mix",
);

export const metadataKeys = z.array(
  z
    .string()
    .regex(
      /^[A-Za-z0-9]([-A-Za-z0-9._/]*([A-Za-z0-9]|\/\*))?$/,
      "is not a label or annotation -> write its whole name, or prefix/* for all with that prefix",
    ),
);

/** YAML reads a bare 2 as a number. */
function nameOrNumber(name: z.ZodString) {
  return z.preprocess((value) => (typeof value === "number" ? value.toString() : value), name);
}

export const generation = nameOrNumber(dnsLabel);
