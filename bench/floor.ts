import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { stringify } from "yaml";

import { locateChart, type ChartName } from "../components/linkerd/chart.ts";
import { chartVersion } from "../e2e/settings.ts";
import { clusterName, fleetNetworks, linksOf, type Topology } from "./fleet.ts";

const run = promisify(execFile);
const options = { maxBuffer: 256 * 1024 * 1024 };

const commands = path.resolve(import.meta.dirname, "../components/cluster/simulated-cluster.command.ts");

/** The least that the same work costs: the same charts and link objects, by helm and kubectl, one after the other. */
export class Floor {
  private readonly count: number;
  private readonly links: readonly (readonly [string, string])[];
  private folder = "";

  constructor(count: number, topology: Topology) {
    this.count = count;
    this.links = linksOf({ clusters: count, topology, split: false });
  }

  private names(): string[] {
    return Array.from({ length: this.count }, (_, index) => clusterName(index));
  }

  private async cluster(action: string, index: number): Promise<string> {
    const { podNetworks, serviceNetworks } = fleetNetworks(index);
    const { stdout } = await run("node", [commands, action], {
      ...options,
      env: {
        ...process.env,
        MESH_CLUSTER: `floor-${clusterName(index)}`,
        MESH_POD_NETWORK: podNetworks,
        MESH_SERVICE_NETWORK: serviceNetworks,
        MESH_NODES: "1",
      },
    });
    return stdout;
  }

  private kubeconfig(name: string): string {
    return path.join(this.folder, `${name}.kubeconfig`);
  }

  private async kubectl(name: string, ...args: string[]): Promise<string> {
    const { stdout } = await run("kubectl", ["--kubeconfig", this.kubeconfig(name), ...args], options);
    return stdout;
  }

  private async certificates(): Promise<void> {
    const file = (name: string) => path.join(this.folder, name);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];
    const ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
    const request = ["req", "-x509", ...key, ...ca, "-days", "365"];
    await run("openssl", [
      ...request,
      "-subj",
      "/CN=root",
      "-keyout",
      file("ca.key"),
      "-out",
      file("ca.crt"),
    ]);
  }

  private async chartFile(chart: ChartName, namespace: string, values: object): Promise<string> {
    const charts = { directory: process.env["LINKERD_CHARTS_DIR"] ?? "charts" };
    const valuesFile = path.join(this.folder, `${chart}.values.yaml`);
    await writeFile(valuesFile, stringify(values));
    const ca = [
      "identityTrustAnchorsPEM=ca.crt",
      "identity.issuer.tls.crtPEM=ca.crt",
      "identity.issuer.tls.keyPEM=ca.key",
    ];
    const files = chart === "linkerd-control-plane" ? ca.flatMap((set) => ["--set-file", set]) : [];
    const located = locateChart(chart, { charts, version: chartVersion }).chart;
    const args = [
      "template",
      chart,
      located,
      "--namespace",
      namespace,
      "--kube-version",
      "1.35.0",
      "--values",
      valuesFile,
    ];
    const { stdout } = await run("helm", [...args, "--no-hooks", ...files], { ...options, cwd: this.folder });
    const manifest = path.join(this.folder, `${chart}.yaml`);
    await writeFile(manifest, stdout);
    return manifest;
  }

  private charts(name: string): [ChartName, string, object][] {
    const controllers = this.links
      .filter(([source]) => source === name)
      .map(([, target]) => ({ link: { ref: { name: target } } }));
    return [
      ["linkerd-crds", "linkerd", { installGatewayAPI: true }],
      ["linkerd-control-plane", "linkerd", { heartbeatSchedule: "0 0 * * *" }],
      ["linkerd-multicluster", "linkerd-multicluster", { controllers, createNamespaceMetadataJob: false }],
    ];
  }

  private async link(name: string, target: string): Promise<void> {
    const credentials = `cluster-credentials-${target}`;
    const secret = (namespace: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      type: "mirror.linkerd.io/remote-kubeconfig",
      metadata: { name: credentials, namespace },
      stringData: { kubeconfig: "{}" },
    });
    const link = {
      apiVersion: "multicluster.linkerd.io/v1alpha3",
      kind: "Link",
      metadata: { name: target, namespace: "linkerd-multicluster" },
      spec: { targetClusterName: target, clusterCredentialsSecret: credentials },
    };
    const file = path.join(this.folder, `${name}-${target}.yaml`);
    await writeFile(
      file,
      [secret("linkerd"), secret("linkerd-multicluster"), link]
        .map((object) => stringify(object))
        .join("---\n"),
    );
    await this.kubectl(name, "apply", "--filename", file);
  }

  private async install(name: string): Promise<void> {
    for (const namespace of ["linkerd", "linkerd-multicluster"])
      await this.kubectl(name, "create", "namespace", namespace);
    for (const [chart, namespace, values] of this.charts(name)) {
      const manifest = await this.chartFile(chart, namespace, values);
      await this.kubectl(name, "apply", "--server-side", "--filename", manifest);
    }
    await this.kubectl(
      name,
      "wait",
      "--for=condition=Available",
      "deployment",
      "--all",
      "--all-namespaces",
      "--timeout=120s",
    );
  }

  async up(): Promise<void> {
    this.folder = await mkdtemp(path.join(tmpdir(), "mesh-floor-"));
    await this.certificates();
    for (const [index, name] of this.names().entries()) {
      await writeFile(this.kubeconfig(name), await this.cluster("create", index), { mode: 0o600 });
      await this.cluster("scale", index);
      await this.install(name);
    }
    for (const [source, target] of this.links) await this.link(source, target);
  }

  /** Renders everything again and asks each API server what would change. */
  async diff(): Promise<void> {
    for (const name of this.names()) {
      for (const [chart, namespace, values] of this.charts(name)) {
        const manifest = await this.chartFile(chart, namespace, values);
        // Exit code 1 only says that something differs: helm makes new webhook certificates each time.
        await this.kubectl(name, "diff", "--server-side", "--filename", manifest).catch(() => "");
      }
    }
  }

  async down(): Promise<void> {
    for (const index of this.names().keys()) await this.cluster("delete", index);
    if (this.folder !== "") await rm(this.folder, { recursive: true });
  }
}
