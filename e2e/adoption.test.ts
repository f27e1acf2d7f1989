import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseDocument, type Document } from "yaml";

import { findProgram } from "../components/cluster/programs.ts";
import { certify } from "../settings/test-certificates.ts";
import { withAnotherVersion } from "./charts.ts";
import { eventually } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { nameOf, type Engine } from "./engine.ts";
import { createEngine, Fleet, type StandingCluster } from "./fleet.ts";
import { chartVersion, charts } from "./settings.ts";

const helm = findProgram("helm");
const linkerd = findProgram("linkerd");
const kubectl = findProgram("kubectl");
const missing = Object.entries({ helm, linkerd, kubectl, "linkerd-controller": controllerProgram, charts })
  .filter(([, found]) => found === undefined)
  .map(([name]) => name);
if (missing.length > 0) console.log(`adoption skipped: ${missing.join(", ")} not found on this machine`);

const names = ["east", "west"];
const otherThan = (name: string) => (name === "east" ? "west" : "east");
const controllers = new Controllers();
let fleet: Fleet;
let engine: Engine;

function run(program: string | undefined, cluster: StandingCluster, args: readonly string[], input?: string) {
  const flags = ["--kubeconfig", cluster.kubeconfigPath, ...args];
  return execFileSync(program ?? "", flags, { encoding: "utf8", stdio: "pipe", ...(input && { input }) });
}

/** Linkerd as its own documentation installs it with Helm. */
function install(cluster: StandingCluster, values: string): void {
  const chart = (name: string, namespace: string, more: readonly string[]) => {
    const archive = path.join(charts ?? "", `linkerd-${name}-${chartVersion}.tgz`);
    run(helm, cluster, [
      "install",
      `linkerd-${name}`,
      archive,
      "-n",
      namespace,
      "--create-namespace",
      ...more,
    ]);
  };
  chart("crds", "linkerd", ["--set", "installGatewayAPI=true"]);
  chart("control-plane", "linkerd", ["--values", values]);
  const links = `controllers[0].link.ref.name=${otherThan(cluster.name)}`;
  chart("multicluster", "linkerd-multicluster", ["--set", links]);
}

/** The link as its own documentation makes it, on its source. */
async function link(source: StandingCluster, target: StandingCluster): Promise<void> {
  await eventually(
    async () =>
      (await target.service("linkerd-multicluster", "linkerd-gateway"))?.status?.loadBalancer?.ingress,
    (ingress) => ingress !== undefined,
  );
  const flags = ["--cluster-name", target.name, "--api-server-address", target.settings.apiServer];
  const manifests = run(linkerd, target, ["multicluster", "link-gen", ...flags]);
  run(kubectl, source, ["apply", "-f", "-"], manifests);
}

function label(cluster: StandingCluster, service: string, value: string): void {
  run(kubectl, cluster, ["label", "service", "-n", "shop", service, value]);
}

/** The commands that the printed configuration ends with, each on a line of its own. */
function commandsIn(printed: string): string[] {
  return printed
    .split("\n")
    .filter((line) => line.startsWith("# "))
    .map((line) => line.slice(2))
    .join("\n")
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => /^(npx|kubectl) /.test(line));
}

beforeAll(async () => {
  if (missing.length > 0) return;
  fleet = await Fleet.create("e2e-adoption", names, 8);
  const anchor = certify("root.linkerd.cluster.local");
  for (const cluster of fleet.clusters) {
    const issuer = certify("identity.linkerd.cluster.local", { signer: anchor, validDays: 365 });
    const tls = { crtPEM: issuer.certificate, keyPEM: issuer.privateKey };
    const values = { identityTrustAnchorsPEM: anchor.certificate, identity: { issuer: { tls } } };
    const file = path.join(fleet.folder, `${cluster.name}-values.json`);
    await writeFile(file, JSON.stringify(values), { mode: 0o600 });
    install(cluster, file);
  }
  const [east, west] = [fleet.named("east"), fleet.named("west")];
  await link(east, west);
  await link(west, east);
  for (const cluster of fleet.clusters) {
    controllers.runLocal(cluster);
    controllers.runLink(cluster, otherThan(cluster.name));
    label(cluster, "cart", "mirror.linkerd.io/exported=true");
    label(cluster, "stock", "mirror.linkerd.io/exported=remote-discovery");
    label(cluster, "search", "mirror.linkerd.io/federated=member");
  }
  await eventually(mirrors, (found) => found.every((one) => Object.keys(one).length === 3));
  engine = await createEngine("e2e-adoption", {});
});

afterAll(async () => {
  if (missing.length > 0) return;
  await controllers.stop();
  await fleet.delete();
  await engine.dispose();
});

/** Edits the stack file. */
async function edit(change: (file: Document) => void): Promise<void> {
  const file = parseDocument(await readFile(engine.configFile, "utf8"));
  change(file);
  await writeFile(engine.configFile, file.toString());
}

function mirrors(): Promise<Record<string, string>[]> {
  return Promise.all(fleet.clusters.map((cluster) => cluster.mirrorIds()));
}

describe.skipIf(missing.length > 0)("clusters with Linkerd by Helm and links by link-gen", () => {
  let running: Record<string, string>[];

  test("are described by a configuration that is printed", async () => {
    running = await mirrors();
    const all = new KubeConfig();
    for (const { config } of fleet.clusters) all.mergeConfig(config);
    const file = path.join(fleet.folder, "kubeconfig");
    await writeFile(file, all.exportConfig(), { mode: 0o600 });
    const contexts = fleet.clusters.map(({ context }) => context);
    const { code, output } = await engine.command("adopt", "--kubeconfig", file, ...contexts);
    expect({ code, output }).toMatchObject({ code: 0 });
    await writeFile(engine.configFile, output);
    for (const command of commandsIn(output)) {
      const line = command.replace("STACK", engine.stack);
      execFileSync("sh", ["-c", line], { cwd: engine.folder, env: engine.environment(), stdio: "pipe" });
    }
    expect(await readFile(engine.configFile, "utf8")).toContain("secure:");
  });

  test("are taken over without a deletion or a replacement", async () => {
    const steps = await engine.previewSteps();
    const harmful = steps.filter(({ op }) => op !== "create");
    expect(harmful.map(({ op, urn }) => `${op} ${nameOf(urn)}`)).toEqual([]);
    await engine.npmRun("up");
    expect(await mirrors()).toEqual(running);
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("go on as they are when the setting is taken out", async () => {
    await edit((file) => {
      for (const name of names) file.deleteIn(["config", "mesh:clusters", name, "adopt"]);
    });
    await engine.npmRun("up");
    expect(await mirrors()).toEqual(running);
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("are the stack's own from then on: nobody else's fields are in the way of an upgrade", async () => {
    const newer = "2026.9.1";
    const folder = path.join(fleet.folder, "charts");
    await withAnotherVersion(charts ?? "", chartVersion, newer, folder);
    vi.stubEnv("LINKERD_CHARTS_DIR", folder);
    await edit((file) => {
      file.setIn(["config", "mesh:linkerd", "version"], newer);
    });
    const steps = await engine.previewSteps();
    expect(steps.filter(({ op }) => op !== "update")).toEqual([]);
    await engine.npmRun("up");
    expect(await mirrors()).toEqual(running);
    // The provider may remember a Service as it was when it began to wait for it.
    await engine.npmRun("refresh");
    expect(await engine.previewWithoutChanges()).toMatchObject({ code: 0 });
    expect(await engine.refreshWithoutChanges()).toMatchObject({ code: 0 });
  });

  test("lose an export that was there before when it is taken out", async () => {
    await edit((file) => {
      const services = file.toJS() as { config: { "mesh:services": { cluster: string; name: string }[] } };
      const kept = services.config["mesh:services"].filter(
        ({ cluster, name }) => cluster !== "east" || name !== "cart",
      );
      file.setIn(["config", "mesh:services"], kept);
    });
    await engine.npmRun("up");
    const { metadata } = (await fleet.named("east").service("shop", "cart")) ?? {};
    expect(metadata?.labels).toEqual({ app: "cart" });
    const mirror = () => fleet.named("west").service("shop", "cart-east");
    await eventually(mirror, (found) => found === undefined);
    vi.unstubAllEnvs();
  });
});
