import { admits } from "../../settings/clients.ts";
import { exportLabels, mirrorName } from "../../settings/mirror.ts";
import { gatewayIdentity } from "../../settings/multicluster.ts";
import type { ClusterSettings, LinkSettings, Mode, Settings } from "../../settings/settings.ts";
import { identityOf } from "../../settings/topology.ts";
import type { Target } from "./program.ts";

/** Where the calls of `verify` come from and go to, in every cluster: a closed gateway may want to admit it. */
export const callsNamespace = "mesh-verify";
export const callerAccount = "caller";

/** The Service that is exported for each mode. */
export const echoServices: Readonly<Record<Mode, string>> = {
  gateway: "by-gateway",
  "pod-to-pod": "pod-to-pod",
  federated: "everywhere",
};

/** Calls over one link in one mode, and what the other side must see. */
export interface PlannedCalls {
  readonly link: LinkSettings;
  readonly mode: Mode;
  readonly target: Target;
  /** As whom the called pods see the caller. */
  readonly identity: string;
}

/** Calls that can't be asked for. */
export interface UnplannedCalls {
  readonly link: LinkSettings;
  readonly mode: Mode;
  readonly reason: string;
}

export interface CallsPlan {
  readonly calls: readonly PlannedCalls[];
  readonly left: readonly UnplannedCalls[];
}

function urlOf(source: ClusterSettings, target: string, mode: Mode): string {
  const service = mirrorName(echoServices[mode], mode === "federated" ? mode : target);
  return `http://${service}.${callsNamespace}.svc.${source.clusterDomain}/`;
}

/** Modes in which a cluster's services can be exported: those that links to it carry. */
export function exportedModes(cluster: string, links: readonly LinkSettings[]): Mode[] {
  const modes = links.filter(({ target }) => target === cluster).flatMap(({ carries }) => carries);
  return [...new Set(modes)].sort();
}

/** The labels with which links take an echo Service. */
export function echoLabels(mode: Mode): Record<string, string> {
  return exportLabels([mode]);
}

/** Why a link can't be called over in a mode, where that is so. */
function reasonAgainst(
  { clients, target }: LinkSettings,
  mode: Mode,
  caller: string,
  absent: ReadonlyMap<string, string>,
  ends: readonly string[],
): string | undefined {
  const away = ends.find((end) => absent.has(end));
  if (away !== undefined) return absent.get(away);
  if (mode !== "gateway" || clients === "any" || admits(clients, caller)) return undefined;
  return (
    `the gateway of ${target} admits only ${clients.join(", ")}; ` +
    `with ${callsNamespace}/${callerAccount} in the link's clients it could be called`
  );
}

/** What to call over every link, but for clusters where nothing can run, which `absent` gives the reason of. */
export function planCalls(
  { clusters, links }: Pick<Settings, "clusters" | "links">,
  absent: ReadonlyMap<string, string>,
): CallsPlan {
  const calls: PlannedCalls[] = [];
  const left: UnplannedCalls[] = [];
  for (const link of links) {
    const source = clusters.find(({ name }) => name === link.source);
    const target = clusters.find(({ name }) => name === link.target);
    if (source === undefined || target === undefined) continue;
    const caller = identityOf(source, callsNamespace, callerAccount);
    for (const mode of link.carries) {
      const reason = reasonAgainst(link, mode, caller, absent, [source.name, target.name]);
      if (reason !== undefined) {
        left.push({ link, mode, reason });
        continue;
      }
      const name = `${link.name} ${mode}`;
      const members = mode === "federated" ? { members: [target.name] } : {};
      calls.push({
        link,
        mode,
        target: { name, url: urlOf(source, target.name, mode), ...members },
        identity: mode === "gateway" ? gatewayIdentity(target) : caller,
      });
    }
  }
  return { calls, left };
}
