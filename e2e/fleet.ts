import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { output } from "../components/cluster/programs.ts";
import { TestCluster } from "./clusters.ts";
import { Engine, type StackSettings } from "./engine.ts";
import { linkerdSettings } from "./settings.ts";

const run = promisify(execFile);
const commands = path.resolve(import.meta.dirname, "../components/cluster/simulated-cluster.command.ts");

/** This machine as programs on it reach it; an address that means each machine itself is refused for links. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (found === undefined) throw new Error("this machine has no address but its loopback");
  return found.address;
}

/** A simulated cluster that no stack makes: what a stack leaves on it can be looked at when the stack is gone. */
export class StandingCluster extends TestCluster {
  readonly name: string;
  private readonly simulated: string;
  private readonly index: number;

  private constructor(cluster: TestCluster, name: string, simulated: string, index: number) {
    super(cluster.kubeconfigPath, cluster.config);
    this.name = name;
    this.simulated = simulated;
    this.index = index;
  }

  /** `environment` tells it from other tests' clusters of the same name; `index` gives it networks of its own. */
  static async create(
    folder: string,
    environment: string,
    name: string,
    index: number,
  ): Promise<StandingCluster> {
    const simulated = `${environment}-${name}`;
    const env = {
      ...process.env,
      MESH_CLUSTER: simulated,
      MESH_POD_NETWORK: `10.${(61 + index).toString()}.0.0/16`,
      MESH_SERVICE_NETWORK: `10.${(221 + index).toString()}.0.0/16`,
      MESH_NODES: "1",
    };
    const { stdout } = await run(process.execPath, [commands, "create"], { env });
    await run(process.execPath, [commands, "scale"], { env });
    return new StandingCluster(await TestCluster.open(folder, name, stdout), name, simulated, index);
  }

  get context(): string {
    return `kwok-${this.simulated}`;
  }

  /** Its entry in `clusters`. */
  get settings() {
    const { port } = new URL(this.config.getCurrentCluster()?.server ?? "");
    return {
      source: "existing",
      context: this.context,
      kubeconfigPath: this.kubeconfigPath,
      apiServer: `https://${ownAddress()}:${port}`,
      podNetworks: `10.${(61 + this.index).toString()}.0.0/16`,
      gateway: { addresses: [`192.0.2.${(10 + this.index).toString()}`] },
    };
  }

  /** Ends its API server and all other programs; what it holds stays. */
  async stop(): Promise<void> {
    await output("kwokctl", ["stop", "cluster", "--name", this.simulated]);
  }

  async start(): Promise<void> {
    await output("kwokctl", ["start", "cluster", "--name", this.simulated, "--wait", "60s"]);
  }

  async delete(): Promise<void> {
    await run(process.execPath, [commands, "delete"], {
      env: { ...process.env, MESH_CLUSTER: this.simulated },
    });
  }
}

/** A stack on which the project's own commands work. The policies have a test of their own. */
export async function createEngine(stack: string, settings: StackSettings): Promise<Engine> {
  const engine = await Engine.create(stack, settings, { withCommands: true });
  await writeFile(path.join(engine.folder, `policy/${stack}.json`), JSON.stringify({ all: "disabled" }));
  return engine;
}

/** Services that others own, one for each mode. */
const exported = { cart: "gateway", stock: "pod-to-pod", search: "federated" };

/** Some clusters with services that cross in every mode. */
export class Fleet {
  readonly folder: string;
  readonly environment: string;
  readonly clusters: readonly StandingCluster[];

  private constructor(folder: string, environment: string, clusters: readonly StandingCluster[]) {
    this.folder = folder;
    this.environment = environment;
    this.clusters = clusters;
  }

  static async create(environment: string, names: readonly string[], index: number): Promise<Fleet> {
    const folder = await mkdtemp(path.join(tmpdir(), "mesh-fleet-"));
    const clusters: StandingCluster[] = [];
    for (const [place, name] of names.entries()) {
      const cluster = await StandingCluster.create(folder, environment, name, index + place);
      for (const service of Object.keys(exported)) await cluster.createService("shop", service);
      clusters.push(cluster);
    }
    return new Fleet(folder, environment, clusters);
  }

  named(name: string): StandingCluster {
    const cluster = this.clusters.find((one) => one.name === name);
    if (cluster === undefined) throw new Error(`There is no cluster ${name}.`);
    return cluster;
  }

  /** What a stack file says of `clusters`, each with more settings of its own. */
  settings(clusters: Readonly<Record<string, object>>, more: Readonly<Record<string, unknown>> = {}) {
    const services = Object.entries(clusters)
      .filter(([, { retire }]: [string, { retire?: string }]) => retire === undefined)
      .flatMap(([cluster]) =>
        Object.entries(exported).map(([name, mode]) => ({
          cluster,
          namespace: "shop",
          name,
          export: mode,
          ...(mode === "gateway" ? {} : { clients: "any" }),
        })),
      );
    return {
      environment: this.environment,
      linkerd: linkerdSettings,
      // Else the anchor that signs would have to be given up in an update of its own before the destroy.
      trust: { protect: false },
      clusters: Object.fromEntries(
        Object.entries(clusters).map(([name, own]) => [name, { ...this.named(name).settings, ...own }]),
      ),
      links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
      services,
      ...more,
    };
  }

  async delete(): Promise<void> {
    for (const cluster of this.clusters) await cluster.delete();
    await rm(this.folder, { recursive: true });
  }
}
