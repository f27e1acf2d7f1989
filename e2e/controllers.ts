import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

import { findProgram } from "../components/cluster/programs.ts";

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

/** Linkerd's own mirror controllers as processes of this machine, in place of the simulated pods. */
export class Controllers {
  private readonly processes: ChildProcess[] = [];

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

  /** The controller that lets a cluster's own services join federated ones. */
  async startLocal(kubeconfigPath: string): Promise<void> {
    await this.start(kubeconfigPath, [
      "-local-mirror",
      "-federated-service-selector=mirror.linkerd.io/federated=member",
      "-excluded-annotations=argocd.argoproj.io/*",
    ]);
  }

  async stop(): Promise<void> {
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
