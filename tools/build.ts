/** Builds the programs of a simulated cluster into `tools/bin`: the tools that the go.mod files here name and pin. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import semver from "semver";

import { findProgram, progress, toolsDirectory } from "../components/cluster/programs.ts";

const run = promisify(execFile);

/** Folders with a module each: together, their requirements contradict each other. */
const modules = ["etcd", "kubernetes", "kwok"] as const;
type Module = (typeof modules)[number];

interface Tool {
  readonly module: Module;
  readonly package: string;
  readonly version: string;
}

/** What a program is called; Go would name it after the last part of its package. */
function nameOf(tool: Tool): string {
  return tool.module === "etcd" ? "etcd" : path.posix.basename(tool.package);
}

async function go(module: Module, args: readonly string[]): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off" };
  const cwd = path.join(import.meta.dirname, module);
  try {
    const { stdout } = await run("go", [...args], { cwd, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`go ${args.join(" ")} failed in tools/${module}:\n${stderr ?? String(error)}`, {
      cause: error,
    });
  }
}

/** Fails unless Go is there in the version that the module asks for, or gets that by itself. */
async function checkGo(module: Module): Promise<void> {
  const file = await readFile(path.join(import.meta.dirname, module, "go.mod"), "utf8");
  const wanted = semver.coerce(/^go (\S+)$/m.exec(file)?.[1]) ?? "0.0.0";
  const remedy = `install Go ${wanted.toString()} or newer: https://go.dev/doc/install`;
  if (findProgram("go") === undefined) throw new Error(`go isn't on the PATH; ${remedy}`);
  const installed = await go(module, ["env", "GOVERSION"]);
  if (semver.lt(semver.coerce(installed) ?? "0.0.0", wanted)) {
    throw new Error(`${installed} is too old for tools/${module}; ${remedy}`);
  }
}

async function listTools(module: Module): Promise<Tool[]> {
  const lines = await go(module, ["list", "-find", "-f", "{{.ImportPath}} {{.Module.Version}}", "tool"]);
  const sorted = lines.split("\n").sort();
  return sorted.map((line) => {
    const [name = "", version = ""] = line.split(" ");
    return { module, package: name, version };
  });
}

/** Variables that the release builds of the programs set, too; etcd has its version in its source. */
function variables(tool: Tool, kubernetes: string): Record<string, string> {
  switch (tool.module) {
    case "etcd":
      return {};
    case "kubernetes": {
      const { major, minor } = new semver.SemVer(tool.version);
      const values = { gitVersion: tool.version, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
      return Object.fromEntries(
        ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((name) =>
          Object.entries(values).map(([variable, value]) => [`${name}.${variable}`, value.toString()]),
        ),
      );
    }
    case "kwok":
      return {
        "sigs.k8s.io/kwok/pkg/consts.Version": tool.version,
        "sigs.k8s.io/kwok/pkg/consts.KubeVersion": kubernetes,
      };
  }
}

async function build(): Promise<void> {
  for (const module of modules) await checkGo(module);
  progress("Reading the modules; the first time, this and the builds take many minutes");
  const tools = (await Promise.all(modules.map(listTools))).flat();
  const kubernetes = tools.find(({ module }) => module === "kubernetes")?.version ?? "";
  for (const [index, tool] of tools.entries()) {
    progress(`[${index + 1}/${tools.length}] ${nameOf(tool)} ${tool.version}`);
    const settings = Object.entries(variables(tool, kubernetes)).map(
      ([name, value]) => `-X ${name}=${value}`,
    );
    const linker = ["-s -w", ...settings].join(" ");
    const file = path.join(toolsDirectory, nameOf(tool));
    const flags = ["-trimpath", "-buildvcs=false", "-ldflags", linker, "-o", file];
    await go(tool.module, ["build", ...flags, tool.package]);
  }
}

try {
  await build();
} catch (error) {
  progress(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
