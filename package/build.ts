/** `npm run package`: the components as an npm package, compiled, with Pulumi's component provider. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import packageJson from "../package.json" with { type: "json" };
import { packageSchema } from "./schema.ts";

const root = path.resolve(import.meta.dirname, "..");

/** What is imported at run time. */
const dependencies = [
  "@kubernetes/client-node",
  "@pulumi/command",
  "@pulumi/kubernetes",
  "@pulumi/pulumi",
  "@pulumi/tls",
  "cidr-tools",
  "semver",
  "yaml",
  "zod",
] as const satisfies readonly (keyof typeof packageJson.dependencies)[];

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Writes the package's files into a folder that is made anew. */
export async function buildPackage(folder: string): Promise<void> {
  const { name, version, description, license, engines } = packageJson;
  await rm(folder, { recursive: true, force: true });
  const compiler = path.join(root, "node_modules/.bin/tsc");
  execFileSync(compiler, ["--project", path.join(root, "tsconfig.package.json"), "--outDir", folder], {
    stdio: "inherit",
  });
  const stages = "components/cluster/simulated-stages.yaml";
  await cp(path.join(root, stages), path.join(folder, stages));
  await cp(path.join(root, "docs/package.md"), path.join(folder, "README.md"));
  const entry = { types: "./package/index.d.ts", default: "./package/index.js" };
  await writeFile(
    path.join(folder, "package.json"),
    json({
      ...{ name, version, description, license, type: "module", engines },
      exports: { ".": entry },
      dependencies: Object.fromEntries(dependencies.map((one) => [one, packageJson.dependencies[one]])),
    }),
  );
  // A folder of its own, since the engine runs a plugin's main file.
  const plugin = path.join(folder, "plugin");
  await mkdir(plugin);
  await writeFile(
    path.join(plugin, "package.json"),
    json({ name, version, type: "module", main: "index.js" }),
  );
  await writeFile(path.join(plugin, "index.js"), 'import "../package/provider.js";\n');
  await writeFile(path.join(plugin, "schema.json"), json(packageSchema(version, description)));
  await writeFile(path.join(plugin, "PulumiPlugin.yaml"), "runtime: nodejs\n");
}

/** Packs it: the file's name. */
export function pack(folder: string, destination: string): string {
  const args = ["pack", folder, "--pack-destination", destination, "--silent"];
  return execFileSync("npm", args, { encoding: "utf8" }).trim();
}

if (isProgram(import.meta.filename)) {
  const folder = path.join(root, "dist");
  await buildPackage(folder);
  console.log(pack(folder, root));
}
