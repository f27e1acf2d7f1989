/** Runs the end-to-end tests where the engine and the programs of a simulated cluster are; says why not otherwise. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { fetchedEngine, pulumiVersion } from "../cli/engine/engine.ts";
import { findProgram } from "../components/cluster/programs.ts";

const root = path.resolve(import.meta.dirname, "..");

function missingPrograms(): string[] {
  const home = process.env["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi");
  const programs = [
    "kwokctl",
    "pulumi-resource-kubernetes",
    "pulumi-resource-tls",
    "pulumi-resource-command",
  ];
  const plugins = existsSync(path.join(home, "plugins")) ? ["kwokctl"] : programs;
  const missing = plugins.filter((name) => findProgram(name) === undefined);
  return existsSync(fetchedEngine()) ? missing : [`Pulumi ${pulumiVersion}`, ...missing];
}

/** Linkerd's charts come from a folder, or from the repository that the settings name by default. */
async function missingCharts(): Promise<string[]> {
  const repository = "https://helm.linkerd.io/edge";
  if ((process.env["LINKERD_CHARTS_DIR"] ?? "") !== "") return [];
  const options = { method: "HEAD", signal: AbortSignal.timeout(10_000) };
  const isReached = await fetch(`${repository}/index.yaml`, options).then(
    ({ ok }) => ok,
    () => false,
  );
  return isReached ? [] : [`Linkerd's charts (at ${repository}, or in LINKERD_CHARTS_DIR)`];
}

const programs = missingPrograms();
const missing = programs.length > 0 ? programs : await missingCharts();
if (missing.length > 0) {
  console.log(`e2e skipped: ${missing.join(", ")} not found on this machine`);
} else {
  const vitest = path.join(root, "node_modules/.bin/vitest");
  const { status } = spawnSync(vitest, ["run", "--project", "e2e", ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}
