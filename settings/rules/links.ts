import type { Problem } from "../problem.ts";
import type { ClusterSettings, LinkSettings, Settings } from "../settings.ts";
import { needsFlatNetwork } from "../settings.ts";

function gatewayProblems(link: LinkSettings, target: ClusterSettings): Problem[] {
  if (!link.carries.includes("gateway") || target.gateway.enabled) return [];
  return [
    {
      path: `clusters.${target.name}.gateway.enabled`,
      value: false,
      problem: `leaves the gateway link ${link.source} -> ${link.target} without a gateway`,
      remedy: "enable the gateway, or let the link carry pod-to-pod or federated instead",
    },
  ];
}

/** Destination only trusts endpoints whose control plane runs in a namespace named as its own. */
function namespaceProblems(link: LinkSettings, source: ClusterSettings, target: ClusterSettings): Problem[] {
  if (!needsFlatNetwork(link) || source.controlPlaneNamespace === target.controlPlaneNamespace) return [];
  return [
    {
      path: `clusters.${target.name}.controlPlaneNamespace`,
      value: target.controlPlaneNamespace,
      problem: `differs from ${source.name} (${source.controlPlaneNamespace}), but they are joined pod-to-pod`,
      remedy: "use one namespace name, or let the link carry only gateway",
    },
  ];
}

/** A gateway that is open to everyone doesn't look at where calls come from either. */
function egressProblems(link: LinkSettings, source: ClusterSettings): Problem[] {
  const isOpen = link.carries.includes("gateway") && link.clients === "any";
  if (!isOpen || source.egressNetworks.length === 0) return [];
  return [
    {
      path: `clusters.${source.name}.egressNetworks`,
      value: source.egressNetworks,
      problem: `are not looked at by the gateway of ${link.target}, which the link ${source.name} -> ${link.target} opens to any`,
      remedy: "remove them, or name the link's clients: */* is every workload of the source",
    },
  ];
}

function credentialProblems({ credentials, links }: Settings): Problem[] {
  const named = [
    ...Object.keys(credentials.renewals).map((link) => ({
      path: `links.credentials.renewals.${link}`,
      link,
    })),
    ...credentials.revoked.map((link) => ({ path: "links.credentials.revoked", link })),
  ];
  const names = links.map(({ name }) => name);
  return named
    .filter(({ link }) => !names.includes(link))
    .map(({ path, link }) => ({
      path,
      value: link,
      problem: "is not a link of this stack",
      remedy: names.length === 0 ? "remove it: there are no links" : `use one of ${names.join(", ")}`,
    }));
}

export function linkProblems(settings: Settings): Problem[] {
  const { clusters, links } = settings;
  const ofLinks = links.flatMap((link) => {
    const source = clusters.find(({ name }) => name === link.source);
    const target = clusters.find(({ name }) => name === link.target);
    if (source === undefined || target === undefined) return [];
    return [
      ...gatewayProblems(link, target),
      ...namespaceProblems(link, source, target),
      ...egressProblems(link, source),
    ];
  });
  return [...credentialProblems(settings), ...ofLinks];
}
