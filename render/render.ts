import { availableParallelism } from "node:os";
import { Readable } from "node:stream";

import * as pulumi from "@pulumi/pulumi";

import { isUnknown } from "../settings/encrypted.ts";
import { SettingsError } from "../settings/problem.ts";
import { minimumKubernetes } from "../settings/rules/clusters.ts";
import type { ManifestSettings, Settings } from "../settings/settings.ts";
import { ChartRenderer, type ChartInputs } from "./charts.ts";
import { identityOf, toText, withoutEngineMarks, type Manifest } from "./manifest.ts";
import { readme } from "./readme.ts";
import { recordMesh, type RecordedResource } from "./recording.ts";
import { isMark, References } from "./references.ts";
import { manifestProblems } from "./rules.ts";
import { externalSecret, isSecret, isToken, pushToken, type SecretPlace } from "./secrets.ts";
import { inWave, stepOf, type PlacedManifest } from "./steps.ts";

const chartTypes = ["kubernetes:helm.sh/v4:Chart", "kubernetes:helm.sh/v3:Release"];

function plain(value: unknown): Promise<unknown> {
  return (pulumi.output(value) as unknown as { promise(): Promise<unknown> }).promise();
}

/** What the components change in the objects of a chart. */
async function transformed(object: Manifest, { transforms }: RecordedResource): Promise<Manifest> {
  let props: object = object;
  for (const transform of transforms) {
    const type = `kubernetes:${object.apiVersion}:${object.kind}`;
    const changed = await transform({ custom: true, type, name: object.metadata.name, props, opts: {} });
    props = changed?.props ?? props;
  }
  return (await plain(props)) as Manifest;
}

async function chartObjects(
  resource: RecordedResource,
  settings: Settings,
  charts: ChartRenderer,
): Promise<Manifest[]> {
  const cluster = settings.clusters.find(({ name }) => name === resource.cluster);
  const version = cluster?.source === "existing" ? cluster.kubernetesVersion : undefined;
  const objects = await charts.render(
    resource.inputs as unknown as ChartInputs,
    version ?? minimumKubernetes,
  );
  return Promise.all(objects.map((object) => transformed(object, resource)));
}

/** Whether the object is somebody else's, and only something on it ours. */
function isOthers({ type }: RecordedResource): boolean {
  return type.endsWith(":ServicePatch");
}

/** Of a Service that others own only what is put on it; never taken away with the manifests, since it isn't ours. */
function partOfService({ metadata }: Manifest): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        "argocd.argoproj.io/sync-options": "Prune=false,ServerSideApply=true",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        "kustomize.toolkit.fluxcd.io/ssa": "Merge",
      },
    },
  };
}

async function objectsOf(
  resource: RecordedResource,
  settings: Settings,
  charts: ChartRenderer,
): Promise<Manifest[]> {
  if (chartTypes.includes(resource.type)) return chartObjects(resource, settings, charts);
  const manifest = resource.inputs as unknown as Manifest;
  return [isOthers(resource) ? partOfService(manifest) : manifest];
}

/** Secrets as references; everything else as it is. */
function published(manifest: Manifest, place: SecretPlace): Manifest[] {
  if (!isSecret(manifest)) return [manifest];
  return isToken(manifest) ? [manifest, pushToken(manifest, place)] : [externalSecret(manifest, place)];
}

/** Refuses what must never be written: a key, or a text that stands for a secret. */
function checkPublic(file: string, text: string): void {
  if (/PRIVATE KEY-----/.test(text) || isMark(text) || isUnknown(text) || text.includes("BEGIN ENCRYPTED")) {
    throw new Error(`${file} would have a secret in it; nothing was written.`);
  }
}

function checkDistinct(placed: readonly PlacedManifest[]): void {
  const seen = new Set<string>();
  for (const { cluster, manifest } of placed) {
    const identity = `${cluster} ${identityOf(manifest)}`;
    if (seen.has(identity)) throw new Error(`${identity} is made twice.`);
    seen.add(identity);
  }
}

/** What each resource is on its cluster. Charts are rendered some at a time, since each is a program that runs. */
async function renderAll(resources: readonly RecordedResource[], settings: Settings) {
  const charts = await ChartRenderer.create();
  const render = async (resource: RecordedResource) => ({
    resource,
    objects: await objectsOf(resource, settings, charts),
  });
  try {
    const rendered = Readable.from(resources).map(render, { concurrency: availableParallelism() });
    return (await rendered.toArray()) as Awaited<ReturnType<typeof render>>[];
  } finally {
    await charts.dispose();
  }
}

async function placeManifests(settings: Settings, manifests: ManifestSettings): Promise<PlacedManifest[]> {
  const references = new References();
  const rendered = await renderAll(await recordMesh(settings, manifests, references), settings);
  return rendered.flatMap(({ resource, objects }) => {
    const { cluster } = resource;
    const place = { environment: settings.environment, cluster, settings: manifests, references };
    return objects
      .flatMap((object) => published(withoutEngineMarks(object), place))
      .map((manifest) => {
        const step = stepOf(resource, manifest);
        return { cluster, step, manifest: isOthers(resource) ? manifest : inWave(step, manifest), resource };
      });
  });
}

/**
 * Every file of an environment's manifests by its path: one folder for each cluster, one file for each step.
 *
 * @throws SettingsError where the settings leave open what an update would find out.
 */
export async function renderManifests(settings: Settings): Promise<Map<string, string>> {
  const problems = manifestProblems(settings);
  const { manifests } = settings;
  if (manifests === undefined || problems.length > 0) throw new SettingsError(problems);
  const placed = await placeManifests(settings, manifests);
  checkDistinct(placed);
  const byFile = Map.groupBy(placed, ({ cluster, step }) => `${cluster}/${step}/manifests.yaml`);
  const files = [...byFile]
    .map(([file, here]) => [file, toText(here.map(({ manifest }) => manifest))] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const all = new Map([["README.md", readme(settings, placed)], ...files]);
  for (const [file, text] of all) checkPublic(file, text);
  return all;
}
