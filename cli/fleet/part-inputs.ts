import { createHash } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { setImmediate } from "node:timers/promises";

import type * as pulumi from "@pulumi/pulumi";

import { locateChart, type ChartName } from "../../components/linkerd/chart.ts";
import { createMesh } from "../../components/mesh/create-mesh.ts";
import { answer } from "../../render/answers.ts";
import { ownReference } from "../../render/references.ts";
import { runWithoutEngine, unwrap, withoutStacks, type RegisterRequest } from "../../render/stand-in.ts";
import { parseDeployed } from "../../settings/deployed.ts";
import { stackOf, type Part } from "../../settings/part.ts";
import { plannedOf } from "../../settings/planned.ts";
import type { Settings } from "../../settings/settings.ts";

type Plain = Record<string, unknown>;

export type Outputs = Readonly<Record<string, unknown>>;

/** What an update of a part goes by, beside the settings. */
export interface Surroundings {
  /** Of each stack of the environment the outputs that its last update left, secrets in clear; none before the first. */
  readonly outputs: ReadonlyMap<string, Outputs>;
  /** Stands for everything that makes resources out of settings. */
  readonly program: string;
  readonly now: Date;
}

const project = "mesh";

/** As backends of one's own call it; what a part makes doesn't go by it. */
const organization = "organization";

/** Files that decide what settings become. */
const sources = [
  "components/**/*.ts",
  "settings/**/*.ts",
  "policy/*",
  "index.ts",
  "Pulumi.yaml",
  "package-lock.json",
];

const charts: readonly ChartName[] = [
  "linkerd-crds",
  "linkerd2-cni",
  "linkerd-control-plane",
  "linkerd-multicluster",
  "linkerd-viz",
];

/** Archives of charts that are taken from a folder: one of the same name may have another content tomorrow. */
function archives({ linkerd, clusters }: Settings): string[] {
  if (!("directory" in linkerd.charts)) return [];
  const versions = new Set([linkerd.version, ...clusters.map(({ version }) => version)]);
  return [...versions].flatMap((version) =>
    charts.map((chart) => locateChart(chart, { ...linkerd, version }).chart),
  );
}

/** A digest of the program in `folder`, its packages, the policies, the charts, and of secrets that only an update reads. */
export async function programDigest(
  settings: Settings,
  folder: string,
  secrets: readonly string[],
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(secrets));
  const found: string[] = [];
  for await (const file of glob(sources, { cwd: folder })) if (!file.endsWith(".test.ts")) found.push(file);
  for (const file of [...found.sort(), ...archives(settings)]) {
    // Not every chart of a folder need be there.
    const content = await readFile(path.resolve(folder, file)).catch(() => "");
    hash.update(`${file}\0${content.length.toString()}\0`).update(content);
  }
  return hash.digest("hex");
}

/** All that the engine would be told of a resource, as a text that is the same for the same. */
function described(request: RegisterRequest, urn: string): string {
  const causes: [string, string[]][] = [];
  request.getPropertydependenciesMap().forEach((value, key) => {
    causes.push([key, value.getUrnsList().sort()]);
  });
  return JSON.stringify([
    urn,
    unwrap(request.getObject()?.toJavaScript() ?? {}),
    request.getProvider(),
    request.getDependenciesList().sort(),
    causes.sort(),
    request.getDeletedwith(),
    request.getProtect(),
    request.getIgnorechangesList(),
    request.getReplaceonchangesList(),
    request.getDeletebeforereplace(),
    request.getAdditionalsecretoutputsList(),
  ]);
}

function mocksWith(outputs: Surroundings["outputs"]): pulumi.runtime.Mocks {
  return {
    newResource: ({ type, name, inputs }) => {
      const given = inputs as Plain;
      if (type !== "pulumi:pulumi:StackReference") {
        return { id: `${name}-id`, state: { ...given, ...answer(type, given, ownReference) } };
      }
      const state = { ...given, outputs: outputs.get(name) ?? {}, secretOutputNames: [] };
      return { id: name, state };
    },
    call: () => ({}),
  };
}

/** The SDK's promises fail where nobody waits for them. */
async function failuresOf(action: () => Promise<unknown>): Promise<unknown[]> {
  const failures: unknown[] = [];
  const keep = (failure: unknown) => failures.push(failure);
  process.on("unhandledRejection", keep);
  try {
    await action().catch(keep);
    await setImmediate();
  } finally {
    process.off("unhandledRejection", keep);
  }
  return failures;
}

/**
 * A digest of every resource that an update of a part would ask the engine for: while it stays the same, and nobody else
 * changes the stack, an update has nothing to do. One part at a time: the SDK knows only one program.
 *
 * @returns undefined where that isn't known before others have been updated.
 */
export async function partInputs(
  settings: Settings,
  base: string,
  part: Part,
  { outputs, program, now }: Surroundings,
): Promise<string | undefined> {
  const stack = stackOf(base, part);
  const resources: string[] = [];
  const describe = () =>
    runWithoutEngine(
      () => {
        const planned = plannedOf(settings, part, parseDeployed(outputs.get(stack) ?? {}), now);
        createMesh(settings, { planned, part, base });
      },
      {
        mocks: mocksWith(outputs),
        project,
        stack,
        organization,
        onResource: (request, urn) => {
          resources.push(described(request, urn));
        },
      },
    );
  const failures = await failuresOf(() => withoutStacks(describe));
  if (failures.length > 0) return undefined;
  return createHash("sha256")
    .update(JSON.stringify([program, ...resources.sort()]))
    .digest("hex");
}
