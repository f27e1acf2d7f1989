import { readFileSync } from "node:fs";
import path from "node:path";

import type {
  V1ConfigMap,
  V1Namespace,
  V1Pod,
  V1PodSpec,
  V1Service,
  V1ServiceAccount,
} from "@kubernetes/client-node";

import packageJson from "../../package.json" with { type: "json" };
import type { Mode } from "../../settings/settings.ts";
import { callerAccount, callsNamespace, echoLabels, echoServices } from "./plan.ts";
import { echoPort, type Target } from "./program.ts";

/** What the pods run by default: the release of Node that this project is tested with. */
export const defaultImage = `docker.io/library/node:${packageJson.devDependencies.node}-alpine`;

const program = "program.ts";
const source = readFileSync(path.join(import.meta.dirname, program), "utf8");

const managed = { "app.kubernetes.io/managed-by": "mesh-verify" };

/** Everything that the pods need. */
export function surroundings(): {
  readonly namespace: V1Namespace;
  readonly serviceAccount: V1ServiceAccount;
  readonly configMap: V1ConfigMap;
} {
  return {
    namespace: {
      metadata: {
        name: callsNamespace,
        // Linkerd's init container sets up the network, which stricter levels refuse.
        labels: { ...managed, "pod-security.kubernetes.io/enforce": "privileged" },
        annotations: { "linkerd.io/inject": "enabled" },
      },
    },
    serviceAccount: { metadata: { name: callerAccount, labels: managed } },
    configMap: { metadata: { name: "program", labels: managed }, data: { [program]: source } },
  };
}

/** What is exported in one mode: the pod that answers. */
export function echoService(mode: Mode): V1Service {
  return {
    metadata: { name: echoServices[mode], labels: { ...managed, ...echoLabels(mode) } },
    spec: { selector: { app: "echo" }, ports: [{ name: "http", port: 80, targetPort: echoPort }] },
  };
}

function pod(
  app: string,
  image: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): V1Pod {
  const spec: V1PodSpec = {
    serviceAccountName: callerAccount,
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: app,
        image,
        imagePullPolicy: "IfNotPresent",
        command: ["node", `/program/${program}`, ...args],
        env: Object.entries(environment).map(([name, value]) => ({ name, value })),
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: [{ name: "program", mountPath: "/program", readOnly: true }],
      },
    ],
    volumes: [{ name: "program", configMap: { name: "program" } }],
  };
  return { metadata: { name: app, labels: { app, ...managed }, annotations: { ...annotations } }, spec };
}

/** Answers calls from the mesh, whatever the cluster's default policy, and nobody else's. */
export function echoPod(cluster: string, image: string): V1Pod {
  const policy = { "config.linkerd.io/default-inbound-policy": "all-authenticated" };
  return pod("echo", image, ["echo"], { CLUSTER: cluster }, policy);
}

/** Calls `targets` through its proxy: `count` times each, after at most `patience` seconds. */
export function callPod(image: string, targets: readonly Target[], patience: number, count: number): V1Pod {
  const args = ["call", patience.toString(), count.toString()];
  return pod("call", image, args, { TARGETS: JSON.stringify(targets) });
}

/** Opens connections past the proxy, so that the network is judged by itself. */
export function reachPod(image: string, addresses: readonly string[]): V1Pod {
  const environment = { ADDRESSES: JSON.stringify(addresses) };
  return pod("reach", image, ["reach"], environment, { "linkerd.io/inject": "disabled" });
}
