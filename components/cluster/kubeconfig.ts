import { KubeConfig } from "@kubernetes/client-node";

import { isUnknown } from "../../settings/encrypted.ts";
import type { ClusterSettings } from "../../settings/settings.ts";

function currentServer(config: KubeConfig): string {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`context ${config.getCurrentContext()} names no cluster`);
  return server.replace(/\/$/, "");
}

/** The API server that a kubeconfig's current context names. */
export function serverOf(kubeconfig: string): string {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return currentServer(config);
}

/** The kubeconfig that kubectl would use, or the one at `path`, reduced to one context. */
export function loadContext(context: string, path?: string): KubeConfig {
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  const found = config.getContextObject(context);
  if (found === null) {
    const names = config.getContexts().map(({ name }) => name);
    throw new Error(
      `there is no context ${context} in ${path ?? "the kubeconfig"}; it has ${names.join(", ") || "none"}`,
    );
  }
  const reduced = new KubeConfig();
  reduced.loadFromOptions({
    clusters: config.getClusters().filter(({ name }) => name === found.cluster),
    users: config.getUsers().filter(({ name }) => name === found.user),
    contexts: [found],
    currentContext: context,
  });
  return reduced;
}

/** The same as text, and its API server. */
export function readContext(context: string, path?: string): { kubeconfig: string; server: string } {
  const reduced = loadContext(context, path);
  return { kubeconfig: reduced.exportConfig(), server: currentServer(reduced) };
}

/**
 * The way to a cluster as the settings say it, or as the last update left it.
 *
 * @throws Error where neither knows one.
 */
export function clusterConfig(
  cluster: ClusterSettings,
  kubeconfigs: Readonly<Record<string, string>>,
): KubeConfig {
  if (cluster.source === "existing" && cluster.kubeconfig.from === "context") {
    return loadContext(cluster.kubeconfig.context, cluster.kubeconfig.path);
  }
  const isGiven = cluster.source === "existing" && cluster.kubeconfig.from === "secret";
  const given =
    isGiven && !isUnknown(cluster.kubeconfig.kubeconfig) ? cluster.kubeconfig.kubeconfig : undefined;
  const kubeconfig = given ?? kubeconfigs[cluster.name];
  if (kubeconfig === undefined) throw new Error("the last update left no kubeconfig");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}
