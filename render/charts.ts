import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { parseAllDocuments, stringify } from "yaml";

import { findProgram } from "../components/cluster/programs.ts";
import type { Manifest } from "./manifest.ts";

const run = promisify(execFile);
const maxBuffer = 256 * 1024 * 1024;

/** What a chart component or a release tells the engine. */
export interface ChartInputs {
  readonly chart: string;
  readonly version?: string;
  readonly repositoryOpts?: { readonly repo?: string };
  readonly name: string;
  readonly namespace: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

async function helm(args: readonly string[], input = ""): Promise<string> {
  const file = findProgram("helm");
  if (file === undefined)
    throw new Error("helm isn't on the PATH; install it: https://helm.sh/docs/intro/install");
  const running = run(file, [...args], { maxBuffer });
  running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    throw new Error(`helm ${args.slice(0, 3).join(" ")} failed:\n${stderr.trim()}`, { cause: error });
  }
}

/** The objects of a rendered chart. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object = document.toJS() as Manifest | null;
    return object === null ? [] : [object];
  });
}

/** Renders charts as the engine's Kubernetes provider does: without hooks, and each fetched once. */
export class ChartRenderer {
  private readonly archives = new Map<string, Promise<string>>();
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<ChartRenderer> {
    return new ChartRenderer(await mkdtemp(path.join(tmpdir(), "mesh-charts-")));
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  private async pull({ chart, version, repositoryOpts }: ChartInputs, folder: string): Promise<string> {
    const from = repositoryOpts?.repo === undefined ? [] : ["--repo", repositoryOpts.repo];
    const exact = version === undefined ? [] : ["--version", version];
    await helm(["pull", chart, ...from, ...exact, "--destination", folder]);
    const [archive] = await readdir(folder);
    if (archive === undefined) throw new Error(`helm pull ${chart} left no archive`);
    return path.join(folder, archive);
  }

  /** The chart's archive on this machine. */
  private archive(inputs: ChartInputs): Promise<string> {
    if (inputs.chart.endsWith(".tgz")) return Promise.resolve(inputs.chart);
    const source = [inputs.repositoryOpts?.repo, inputs.chart, inputs.version].join(" ");
    const known = this.archives.get(source);
    if (known !== undefined) return known;
    const folder = path.join(this.folder, this.archives.size.toString());
    const pulled = this.pull(inputs, folder);
    this.archives.set(source, pulled);
    return pulled;
  }

  /** The Kubernetes version is always said: left out, it would be that of whatever helm is here. */
  async render(inputs: ChartInputs, kubernetesVersion: string): Promise<Manifest[]> {
    const archive = await this.archive(inputs);
    const version = ["--kube-version", kubernetesVersion];
    const args = [
      "--namespace",
      inputs.namespace,
      "--include-crds",
      "--no-hooks",
      ...version,
      "--values",
      "-",
    ];
    return parseManifests(
      await helm(
        ["template", inputs.name, archive, ...args],
        stringify(inputs.values ?? {}, { version: "1.1" }),
      ),
    );
  }
}
