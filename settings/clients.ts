import type { Problem } from "./problem.ts";
import type { Clients, ClusterSettings, LinkSettings, Mode, ServiceClients } from "./settings.ts";
import { identityOf, unknownCluster } from "./topology.ts";

type ClientCluster = Pick<ClusterSettings, "name" | "controlPlaneNamespace" | "trustDomain">;

interface Exported {
  readonly cluster: string;
  readonly modes: readonly Mode[];
}

interface Found {
  readonly clients: readonly ServiceClients[];
  readonly problems: readonly Problem[];
}

/** One client as it was written, and what decides whether it can be one. */
interface Named {
  readonly path: string;
  readonly client: string;
  readonly service: Exported;
  readonly clusters: readonly ClientCluster[];
  /** Clusters whose pods call the service's pods directly. */
  readonly callers: readonly string[];
}

const workload = /^(?<cluster>[^/]+)\/(?<namespace>[^/]+)\/(?<serviceAccount>[^/]+)$/;
const label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
const account = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?";
const identity = new RegExp(`^(\\*|(\\*|${account})\\.${label})\\.serviceaccount\\.identity\\.[-a-z0-9.]+$`);
const wholeLabel = new RegExp(`^${label}$`);
const wholeAccount = new RegExp(`^(\\*|${account})$`);

function callersOf({ cluster, modes }: Exported, links: readonly LinkSettings[]): string[] {
  return links
    .filter(({ target }) => target === cluster)
    .filter(({ carries }) => carries.some((mode) => mode !== "gateway" && modes.includes(mode)))
    .map(({ source }) => source);
}

function refused({ path, client }: Named, problem: string, remedy: string): Found {
  return { clients: [], problems: [{ path, value: client, problem, remedy }] };
}

function notAWorkload(named: Named): Found {
  const remedy =
    "write cluster/namespace/serviceaccount, such as cluster1/emojivoto/web, a whole identity, " +
    "or any in place of the list";
  return refused(named, "is not a workload", remedy);
}

/** Without any caller the export itself is wrong, and that is said once for all clients. */
function ofNoCaller(named: Named, homes: readonly string[]): Found {
  const { service, callers } = named;
  if (homes.every((home) => home === service.cluster)) {
    return refused(named, "is on the service's own cluster, whose callers are let in anyway", "remove it");
  }
  if (callers.length === 0) return { clients: [], problems: [] };
  const direct = service.modes.filter((mode) => mode !== "gateway").join(" or ");
  return refused(
    named,
    `is on ${homes.join(", ")}, which no link lets call these pods directly`,
    `remove it, or let a link from there to ${service.cluster} carry ${direct}`,
  );
}

function ofWorkload(named: Named, parts: Readonly<Record<string, string>>): Found {
  const { cluster = "", namespace = "", serviceAccount = "" } = parts;
  const home = named.clusters.find(({ name }) => name === cluster);
  if (home === undefined) {
    const names = named.clusters.map(({ name }) => name);
    const problem = `is on ${cluster}, which is not a cluster of this stack`;
    return refused(named, problem, unknownCluster(named.path, cluster, names)[0]?.remedy ?? "");
  }
  const isEverywhere = namespace === "*";
  if (isEverywhere && wholeAccount.test(serviceAccount) && serviceAccount !== "*") {
    const remedy = `name the namespace, or write ${cluster}/*/* for every workload of ${cluster}`;
    return refused(named, "names a service account, but not its namespace", remedy);
  }
  if (!(isEverywhere || wholeLabel.test(namespace)) || !wholeAccount.test(serviceAccount)) {
    return notAWorkload(named);
  }
  if (!named.callers.includes(cluster)) return ofNoCaller(named, [cluster]);
  return { clients: [{ cluster, identities: [identityOf(home, namespace, serviceAccount)] }], problems: [] };
}

function ofIdentity(named: Named): Found {
  const { client, clusters, callers } = named;
  const suffixOf = (cluster: ClientCluster) => identityOf(cluster, "*", "*").slice(1);
  const homes = clusters.filter((cluster) => client.endsWith(suffixOf(cluster))).map(({ name }) => name);
  if (homes.length === 0) {
    const suffixes = [...new Set(clusters.map(suffixOf))].join(" or ");
    const remedy = `use one that ends in ${suffixes}, or write cluster/namespace/serviceaccount`;
    return refused(named, "is not an identity of any cluster of this stack", remedy);
  }
  const able = homes.filter((home) => callers.includes(home));
  if (able.length === 0) return ofNoCaller(named, homes);
  return { clients: able.map((cluster) => ({ cluster, identities: [client] })), problems: [] };
}

function resolve(named: Named): Found {
  const parts = workload.exec(named.client)?.groups;
  if (parts !== undefined) return ofWorkload(named, parts);
  return identity.test(named.client) ? ofIdentity(named) : notAWorkload(named);
}

function merge(clients: readonly ServiceClients[]): ServiceClients[] {
  const names = [...new Set(clients.map(({ cluster }) => cluster))].sort();
  return names.map((cluster) => {
    const own = clients.filter((client) => client.cluster === cluster);
    return { cluster, identities: [...new Set(own.flatMap(({ identities }) => identities))].sort() };
  });
}

/** The workloads of other clusters that may call an exported service's pods, as identities by cluster. */
export function resolveClients(
  path: string,
  clients: readonly string[],
  service: Exported,
  clusters: readonly ClientCluster[],
  links: readonly LinkSettings[],
): Found {
  const callers = callersOf(service, links);
  const found = clients.map((client, index) =>
    resolve({ path: `${path}.${index.toString()}`, client, service, clusters, callers }),
  );
  return {
    clients: merge(found.flatMap((one) => one.clients)),
    problems: found.flatMap(({ problems }) => problems),
  };
}

/** Whether a gateway lets somebody in; `*` stands for any first part, as in Linkerd's MeshTLSAuthentication. */
export function admits(clients: Clients, identity: string): boolean {
  if (clients === "any") return true;
  return clients.some((one) => one === identity || (one.startsWith("*") && identity.endsWith(one.slice(1))));
}
