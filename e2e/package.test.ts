import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";

import { engineDefaults } from "../cli/engine/engine.ts";
import { buildPackage, pack } from "../package/build.ts";
import { TestCluster } from "./clusters.ts";

const root = path.resolve(import.meta.dirname, "..");

/** A mesh of two clusters, as any language writes it. */
function settings(environment: string, id: number) {
  const cluster = (number: number) => ({
    source: "simulated",
    podNetworks: [`10.${number.toString()}.0.0/16`],
    serviceNetworks: [`10.${(number + 100).toString()}.0.0/16`],
  });
  return {
    environment,
    linkerd: { version: "2026.8.3", viz: false },
    clusters: { east: cluster(id), west: cluster(id + 1) },
    links: { topology: "mesh", carries: ["gateway"] },
  };
}

/** The package as npm would install it, beside what it depends on. */
async function installPackage(folder: string): Promise<void> {
  const built = path.join(folder, "dist");
  await buildPackage(built);
  const archive = path.join(folder, pack(built, folder));
  const modules = path.join(folder, "node_modules");
  const target = path.join(modules, "linkerd-mesh");
  await mkdir(target, { recursive: true });
  const installed = await readdir(path.join(root, "node_modules"));
  await Promise.all(
    installed.map((name) => symlink(path.join(root, "node_modules", name), path.join(modules, name))),
  );
  execFileSync("tar", ["xzf", archive, "-C", target, "--strip-components", "1"]);
}

/** A Pulumi project that isn't this one. */
class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async create(
    name: string,
    parent: string,
    files: Readonly<Record<string, string>>,
  ): Promise<Project> {
    const project = new Project(path.join(parent, name));
    await mkdir(path.join(project.folder, "state"), { recursive: true });
    await symlink(path.join(parent, "node_modules"), path.join(project.folder, "node_modules"));
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(project.folder, file), text);
    await project.pulumi("stack", "init", "test");
    return project;
  }

  pulumi(...args: string[]): Promise<string> {
    const program = path.join(root, "node_modules/.bin/pulumi");
    const bin = path.join(root, "node_modules/.bin");
    const env = {
      ...engineDefaults,
      ...process.env,
      PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
      PULUMI_BACKEND_URL: `file://${this.folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
    return new Promise((resolve, reject) => {
      const options = { cwd: this.folder, env, maxBuffer: 2 ** 28 };
      execFile(program, ["--non-interactive", ...args], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`pulumi ${args.join(" ")}:\n${stdout}${stderr}`));
      });
    });
  }

  async output<T>(name: string): Promise<T> {
    return JSON.parse(await this.pulumi("stack", "output", name, "--json", "--show-secrets")) as T;
  }
}

let folder: string;
let project: Project | undefined;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mesh-package-"));
  await installPackage(folder);
});

afterEach(async () => {
  await project?.pulumi("destroy", "--yes", "--skip-preview");
  project = undefined;
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Builds what the program says, and looks at it from outside. */
async function expectMesh(built: Project): Promise<void> {
  await built.pulumi("up", "--yes", "--skip-preview");
  await built.pulumi("preview", "--expect-no-changes");
  const state = await built.pulumi("stack", "export");
  expect(state).not.toMatch(/PRIVATE KEY|"node \//);
  const kubeconfigs = await built.output<Record<string, string>>("kubeconfigs");
  expect(Object.keys(kubeconfigs)).toEqual(["east", "west"]);
  for (const [name, target] of [
    ["east", "west"],
    ["west", "east"],
  ] as const) {
    const cluster = await TestCluster.open(built.folder, name, kubeconfigs[name] ?? "");
    expect(await cluster.inventory()).toEqual(
      expect.arrayContaining([
        "deployments linkerd/linkerd-destination",
        `links linkerd-multicluster/${target}`,
        `secrets linkerd/cluster-credentials-${target}`,
      ]),
    );
  }
  const { trusted, signers } = await built.output<{ trusted: string[]; signers: object }>("trust");
  expect([trusted, signers]).toEqual([["1"], { east: "1", west: "1" }]);
}

test("a TypeScript program in another folder builds a mesh with it", async () => {
  project = await Project.create("typescript", folder, {
    "Pulumi.yaml": stringify({ name: "other", runtime: { name: "nodejs", options: { typescript: false } } }),
    "package.json": JSON.stringify({ name: "other", type: "module", main: "index.ts" }),
    "index.ts": [
      'import { Mesh, type MeshArgs } from "linkerd-mesh";',
      `const settings: MeshArgs = ${JSON.stringify(settings("e2e-package", 81))};`,
      'export const { mesh, trust, expires, kubeconfigs } = new Mesh("prod", settings);',
    ].join("\n"),
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        strict: true,
        noEmit: true,
        skipLibCheck: true,
      },
      files: ["index.ts"],
    }),
  });
  execFileSync(path.join(root, "node_modules/.bin/tsc"), ["--project", project.folder], { stdio: "inherit" });
  await expectMesh(project);
});

/** Older hosts of YAML start the hosts of other languages in a way that the engine's no longer understand. */
function whyNoYaml(error: unknown): string | undefined {
  const text = String(error);
  if (text.includes("flag provided but not defined"))
    return "pulumi-language-yaml is too old for this engine";
  return text.includes("language-yaml") ? "pulumi-language-yaml not found on this machine" : undefined;
}

test("a YAML program builds a mesh by its component provider", async (context) => {
  const outputs = ["mesh", "trust", "expires", "kubeconfigs"];
  const program = {
    name: "other",
    runtime: "yaml",
    packages: { "linkerd-mesh": "./node_modules/linkerd-mesh/plugin" },
    resources: { prod: { type: "linkerd-mesh:Mesh", properties: settings("e2e-yaml", 83) } },
    outputs: Object.fromEntries(outputs.map((name) => [name, `\${prod.${name}}`])),
  };
  project = await Project.create("yaml", folder, { "Pulumi.yaml": stringify(program) });
  try {
    await project.pulumi("preview");
  } catch (error) {
    const reason = whyNoYaml(error);
    if (reason === undefined) throw error;
    context.skip(`skipped: ${reason}`);
  }
  await expectMesh(project);
});
