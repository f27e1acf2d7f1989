import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request, type RequestOptions } from "node:https";
import { homedir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  type V1APIGroupList,
  type V1APIResourceList,
  type V1Service,
} from "@kubernetes/client-node";

/** Resources whose objects come, go and are named by Kubernetes itself. */
const passing = ["endpointslices", "events", "pods", "replicasets"];

/** Kubernetes' own components take their leases whenever they are ready. */
const ownLeases = "leases kube-system/";

/** A cluster as the tests look at it, beside the engine. */
export class TestCluster {
  readonly kubeconfigPath: string;
  readonly config: KubeConfig;
  readonly core: CoreV1Api;

  protected constructor(kubeconfigPath: string, config: KubeConfig) {
    this.kubeconfigPath = kubeconfigPath;
    this.config = config;
    this.core = this.config.makeApiClient(CoreV1Api);
  }

  static async open(folder: string, name: string, kubeconfig: string): Promise<TestCluster> {
    const file = path.join(folder, `${name}.kubeconfig`);
    await writeFile(file, kubeconfig, { mode: 0o600 });
    return TestCluster.load(file);
  }

  /** The cluster that a kubeconfig's current context names. */
  static async load(kubeconfigPath: string): Promise<TestCluster> {
    const config = new KubeConfig();
    config.loadFromString(await readFile(kubeconfigPath, "utf8"));
    return new TestCluster(kubeconfigPath, config);
  }

  /** What the API server answers at `path`, as `kubectl get --raw` would print it. */
  async raw(path: string): Promise<string> {
    const options: RequestOptions = {};
    await this.config.applyToHTTPSOptions(options);
    const server = this.config.getCurrentCluster()?.server ?? "";
    const call = request(`${server.replace(/\/$/, "")}${path}`, options).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    const answer = await text(response);
    if (response.statusCode === 200) return answer;
    // An API server that has just been started asks for a second's patience.
    if (response.statusCode === 429) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return this.raw(path);
    }
    throw new Error(`${path}: ${String(response.statusCode)} ${answer}`);
  }

  private async list<T>(path: string): Promise<T> {
    return JSON.parse(await this.raw(path)) as T;
  }

  /** Every object that the API server knows, in whatever version of its API, as `resource namespace/name`. */
  async inventory(): Promise<string[]> {
    const { groups } = await this.list<V1APIGroupList>("/apis");
    const found = [...(await this.objects("/api/v1"))];
    for (const { versions } of groups) {
      const ofGroup = new Set<string>();
      for (const { groupVersion } of versions) {
        for (const object of await this.objects(`/apis/${groupVersion}`)) ofGroup.add(object);
      }
      found.push(...ofGroup);
    }
    return found.sort();
  }

  /** The objects of one version of an API. */
  private async objects(root: string): Promise<Set<string>> {
    const { resources } = await this.list<V1APIResourceList>(root);
    const found = new Set<string>();
    for (const { name: resource, verbs } of resources) {
      if (!verbs.includes("list") || passing.includes(resource)) continue;
      const { items } = await this.list<KubernetesListObject<KubernetesObject>>(`${root}/${resource}`);
      for (const { metadata } of items) {
        const { namespace, name = "" } = metadata ?? {};
        const object = `${resource} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
        if (!object.startsWith(ownLeases)) found.add(object);
      }
    }
    return found;
  }

  /** A Service with pods behind it, as an application's own manifests would make it. */
  async createService(namespace: string, name: string): Promise<void> {
    const metadata = {
      name,
      namespace,
      labels: { app: name },
      annotations: {
        "example.com/owner": "team",
        "argocd.argoproj.io/tracking-id": name,
      },
    };
    await this.core.createNamespace({ body: { metadata: { name: namespace } } }).catch(() => undefined);
    // Pods are refused until the namespace has got its own.
    const account = { namespace, name: "default" };
    const isThere = () =>
      this.core.readNamespacedServiceAccount(account).then(
        () => true,
        () => false,
      );
    await eventually(isThere, Boolean);
    await this.core.createNamespacedService({
      namespace,
      body: { metadata, spec: { selector: { app: name }, ports: [{ name: "http", port: 80 }] } },
    });
    await this.core.createNamespacedPod({
      namespace,
      body: {
        metadata: { ...metadata, annotations: {} },
        spec: { containers: [{ name: "app", image: "app" }] },
      },
    });
  }

  /** A headless Service with one named pod behind it, as a StatefulSet has. */
  async createHeadlessService(namespace: string, name: string): Promise<void> {
    const labels = { app: name };
    const ports = [{ name: "http", port: 80 }];
    await this.core.createNamespacedService({
      namespace,
      body: { metadata: { name, namespace, labels }, spec: { clusterIP: "None", selector: labels, ports } },
    });
    await this.core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: `${name}-0`, namespace, labels },
        spec: { hostname: `${name}-0`, subdomain: name, containers: [{ name: "app", image: "app" }] },
      },
    });
  }

  async service(namespace: string, name: string): Promise<V1Service | undefined> {
    return this.core.readNamespacedService({ namespace, name }).catch(() => undefined);
  }

  async link(name: string): Promise<{ spec?: Record<string, unknown>; status?: Record<string, unknown> }> {
    const custom = this.config.makeApiClient(CustomObjectsApi);
    return (await custom.getNamespacedCustomObject({
      group: "multicluster.linkerd.io",
      version: "v1alpha3",
      namespace: "linkerd-multicluster",
      plural: "links",
      name,
    })) as { spec?: Record<string, unknown>; status?: Record<string, unknown> };
  }

  /** What each MeshTLSAuthentication of a namespace admits. */
  async identities(namespace: string): Promise<Record<string, string[]>> {
    const path = `/apis/policy.linkerd.io/v1alpha1/namespaces/${namespace}/meshtlsauthentications`;
    const { items } = await this.list<{
      items: { metadata: { name: string }; spec: { identities: string[] } }[];
    }>(path);
    return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec.identities]));
  }

  /** The uid of every mirror, by `namespace/name`. */
  async mirrorIds(): Promise<Record<string, string>> {
    const labelSelector = "mirror.linkerd.io/mirrored-service=true";
    const { items } = await this.core.listServiceForAllNamespaces({ labelSelector });
    return Object.fromEntries(
      items.map(({ metadata: { namespace = "", name = "", uid = "" } = {} }) => [
        `${namespace}/${name}`,
        uid,
      ]),
    );
  }

  /** Names of all mirrors in a namespace. */
  async mirrors(namespace: string): Promise<string[]> {
    const labelSelector = "mirror.linkerd.io/mirrored-service=true";
    const { items } = await this.core.listNamespacedService({ namespace, labelSelector });
    return items.map(({ metadata }) => metadata?.name ?? "").sort();
  }
}

/** The process of a simulated cluster's API server. */
export async function apiServerOf(environment: string, cluster: string): Promise<number> {
  const file = path.join(homedir(), ".kwok/clusters", `${environment}-${cluster}`, "pids/kube-apiserver.pid");
  return Number(await readFile(file, "utf8"));
}

/** Asks again until `condition` holds or the time is up; the last answer is the failure's message. */
export async function eventually<T>(
  ask: () => Promise<T>,
  condition: (value: T) => boolean,
  seconds = 60,
): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const value = await ask();
    if (condition(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`still ${JSON.stringify(value)} after ${seconds.toString()} s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
