import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";

import { PatchStrategy, setHeaderOptions, type CoreV1Api, type V1Pod } from "@kubernetes/client-node";

import { findProgram } from "../components/cluster/programs.ts";
import { eventually, type TestCluster } from "./clusters.ts";

/** Linkerd's controller program, which pods of a real cluster run; simulated pods run nothing. */
export const controllerProgram = findProgram("linkerd-controller");

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const finalizer = "example.com/process";
const extension = { namespace: "linkerd-multicluster" };

function isGoing({ metadata }: V1Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

/** Keeps a pod until it has been noticed that it is being deleted. */
async function holdUntilGoing(core: CoreV1Api, pod: V1Pod): Promise<void> {
  const { name = "", finalizers = [] } = pod.metadata ?? {};
  if (isGoing(pod) !== finalizers.includes(finalizer)) return;
  const body = { metadata: { finalizers: isGoing(pod) ? [] : [finalizer] } };
  await core.patchNamespacedPod(
    { ...extension, name, body },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
}

/** Linkerd's own mirror controllers as processes of this machine, in place of the simulated pods. */
export class Controllers {
  private readonly processes: ChildProcess[] = [];
  private isOver = false;

  private async start(kubeconfigPath: string, args: readonly string[]): Promise<ChildProcess> {
    if (controllerProgram === undefined) throw new Error("linkerd-controller is not on the PATH");
    const metrics = `127.0.0.1:${(await freePort()).toString()}`;
    const common = [
      `-kubeconfig=${kubeconfigPath}`,
      "-namespace=linkerd-multicluster",
      `-metrics-addr=${metrics}`,
    ];
    const child = spawn(controllerProgram, ["service-mirror", ...common, ...args], {
      env: { ...process.env, HOSTNAME: `e2e-${this.processes.length.toString()}` },
      stdio: process.env["E2E_VERBOSE"] === undefined ? "ignore" : "inherit",
    });
    this.processes.push(child);
    return child;
  }

  /** The controller of one link, as the multicluster chart starts it. */
  async startLink(kubeconfigPath: string, target: string, createNamespaces = true): Promise<ChildProcess> {
    return this.start(kubeconfigPath, [
      "-enable-headless-services",
      ...(createNamespaces ? ["-enable-namespace-creation"] : []),
      `-probe-service=probe-${target}`,
      target,
    ]);
  }

  /** The controller of one link while it has pods, as a cluster would run it. */
  runLink(cluster: TestCluster, target: string): void {
    const selector = `component=controller,mirror.linkerd.io/cluster-name=${target}`;
    void this.runAsPods(cluster, selector, () => this.startLink(cluster.kubeconfigPath, target));
  }

  /** The same for the controller of a cluster's own services. */
  runLocal(cluster: TestCluster): void {
    void this.runAsPods(cluster, "component=local-service-mirror", () =>
      this.startLocal(cluster.kubeconfigPath),
    );
  }

  /** Does for a process what a kubelet does: it runs while it has pods, and they aren't gone before it has ended. */
  private async runAsPods({ core }: TestCluster, labelSelector: string, start: () => Promise<ChildProcess>) {
    let child: ChildProcess | undefined;
    const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null;
    while (!this.isOver) {
      // A cluster that doesn't answer stops nothing.
      const pods = await core
        .listNamespacedPod({ ...extension, labelSelector })
        .catch(() => ({ items: undefined }));
      const isWanted = pods.items?.some((pod) => !isGoing(pod)) ?? isRunning();
      if (isWanted && !isRunning()) child = await start();
      if (!isWanted && isRunning()) {
        child?.kill();
        await eventually(
          () => Promise.resolve(isRunning()),
          (one) => !one,
        );
      }
      for (const pod of pods.items ?? []) await holdUntilGoing(core, pod).catch(() => undefined);
      await setTimeout(250);
    }
  }

  /** The controller that lets a cluster's own services join federated ones. */
  async startLocal(kubeconfigPath: string): Promise<ChildProcess> {
    return this.start(kubeconfigPath, [
      "-local-mirror",
      "-federated-service-selector=mirror.linkerd.io/federated=member",
      "-excluded-annotations=argocd.argoproj.io/*",
    ]);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(
      this.processes.splice(0).map(async (child) => {
        if (child.exitCode !== null) return;
        const exited = once(child, "exit");
        // Also one that is paused.
        child.kill("SIGKILL");
        await exited;
      }),
    );
  }
}
