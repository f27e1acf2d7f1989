import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { parseDocument } from "yaml";
import { z } from "zod";

import type { Problem } from "../../settings/problem.ts";
import { sharedTrustProblems } from "../../settings/rules/environments.ts";
import type { Settings } from "../../settings/settings.ts";

/** What another stack's file says in clear of its trust. */
const stackFileSchema = z.object({
  config: z.object({
    "mesh:environment": z.string(),
    "mesh:trust": z.object({ anchor: z.object({ certificate: z.string() }) }),
  }),
});

async function readEnvironment(file: string) {
  const read = stackFileSchema.safeParse(parseDocument(await readFile(file, "utf8")).toJS());
  if (!read.success) return [];
  const { "mesh:environment": environment, "mesh:trust": trust } = read.data.config;
  return [
    { environment, trust: { givenAnchor: { certificate: trust.anchor.certificate, privateKey: undefined } } },
  ];
}

/** Whether a given anchor is another environment's too, as far as the stack files beside this one's say. */
export async function isolationProblems(
  { environment, trust }: Pick<Settings, "environment" | "trust">,
  folder: string = process.cwd(),
): Promise<Problem[]> {
  if (trust.givenAnchor === undefined) return [];
  const files = (await readdir(folder)).filter((file) => /^Pulumi\..+\.ya?ml$/.test(file)).sort();
  const read = await Promise.all(files.map((file) => readEnvironment(path.join(folder, file))));
  const others = read.flat().filter((other) => other.environment !== environment);
  return others.flatMap((other) => sharedTrustProblems([other, { environment, trust }]));
}
