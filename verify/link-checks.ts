import { overlapCidr } from "cidr-tools";

import { areSame, certificatesOf, isTrusted } from "../facts/certificates.ts";
import type {
  Admission,
  ClusterFacts,
  CredentialsFacts,
  LinkFacts,
  LinkSpec,
  ServiceFacts,
} from "../facts/facts.ts";
import { remoteMembers, remoteName } from "../facts/labels.ts";
import {
  endpointsOf,
  federated,
  isDiscovered,
  isMirror,
  linkTo,
  mirrored,
  mirrorsFrom,
  serviceOf,
} from "../facts/select.ts";
import { mirrorName } from "../settings/mirror.ts";
import { gatewayIdentity, multiclusterNamespace } from "../settings/multicluster.ts";
import { linkerdVersion, needsFlatNetwork, type Mode } from "../settings/settings.ts";
import {
  onCluster,
  restartController,
  restore,
  simulatedPods,
  type Judgement,
  type LinkCheck,
  type LinkView,
  type SourceView,
  type Trouble,
} from "./check.ts";
import { deploymentTrouble, listed, some } from "./cluster-checks.ts";

const second = 1_000;

function secretName(target: string): string {
  return `cluster-credentials-${target}`;
}

function credentialsIn(
  { credentials }: ClusterFacts,
  namespace: string,
  target: string,
): CredentialsFacts | undefined {
  return credentials.find((one) => one.namespace === namespace && one.name === secretName(target));
}

/** The Secrets of both consumers that are there: the mirror controller's, and destination's. */
function bothCredentials({ source, from, link }: SourceView): CredentialsFacts[] {
  return [multiclusterNamespace, from.controlPlaneNamespace].flatMap(
    (namespace) => credentialsIn(source, namespace, link.target) ?? [],
  );
}

function describe({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

const selectors: Readonly<Record<Mode, keyof LinkSpec>> = {
  gateway: "selector",
  "pod-to-pod": "remoteDiscoverySelector",
  federated: "federatedServiceSelector",
};

function linkTroubles({ source, link, to }: SourceView): Trouble[] {
  const object = linkTo(source, link.target);
  if (object === undefined)
    return [{ problem: `there is no Link ${link.target} in ${multiclusterNamespace}` }];
  const { spec } = object;
  const expected: [string, string | undefined, string][] = [
    ["targetClusterName", spec.targetClusterName, link.target],
    ["targetClusterDomain", spec.targetClusterDomain, to.clusterDomain],
    ["targetClusterLinkerdNamespace", spec.targetClusterLinkerdNamespace, to.controlPlaneNamespace],
    ["clusterCredentialsSecret", spec.clusterCredentialsSecret, secretName(link.target)],
  ];
  const unselected = link.carries.filter((mode) => spec[selectors[mode]] === undefined);
  return [
    ...expected.flatMap(([field, found, wanted]) =>
      some(found !== wanted, { problem: `its ${field} is ${found ?? "missing"}, not ${wanted}` }),
    ),
    ...some(unselected.length > 0, {
      problem: `it selects no services for ${unselected.join(", ")}, which the link is to carry`,
    }),
  ];
}

function controllerTroubles({ source, link }: SourceView): Trouble[] {
  const found = source.deployments.filter(
    ({ labels }) =>
      ["controller", "linkerd-service-mirror"].includes(labels["component"] ?? "") &&
      labels["mirror.linkerd.io/cluster-name"] === link.target,
  );
  if (found.length === 0) {
    return [{ problem: `the Link has no controller: there is no Deployment controller-${link.target}` }];
  }
  if (found.length > 1) {
    return [{ problem: `several controllers fight over the Link: ${listed(found.map(describe))}` }];
  }
  const legacy = found.filter(({ labels }) => labels["component"] !== "controller");
  return [
    ...found.flatMap(({ namespace, name }) => deploymentTrouble(source, namespace, name)),
    ...some(legacy.length > 0, {
      problem: `${listed(legacy.map(describe))} was made by linkerd multicluster link, which is deprecated`,
      isWarning: true,
    }),
  ];
}

function leaseOf({ leases }: ClusterFacts, target: string) {
  return leases.find(({ name }) => name === `service-mirror-write-${target}`);
}

function activity({ source, link }: SourceView): Judgement {
  const lease = leaseOf(source, link.target);
  if (lease === undefined || lease.holder === "") {
    if (source.isSimulated) return { skipped: simulatedPods };
    return [{ problem: `no controller has taken the lease service-mirror-write-${link.target}` }];
  }
  const age = Date.parse(source.now) - Date.parse(lease.renewed);
  // Twice its validity: a follower needs that long to take over.
  return some(age > 2 * lease.duration * second, {
    problem: `its controller ${lease.holder} last gave a sign of life ${Math.round(age / second).toString()} s ago`,
  });
}

function credentialsTroubles(view: SourceView): Trouble[] {
  const { source, from, to, link } = view;
  const namespaces: [string, string][] = [
    [multiclusterNamespace, "the mirror controller"],
    [from.controlPlaneNamespace, "destination"],
  ];
  const missing = namespaces.filter(
    ([namespace]) => credentialsIn(source, namespace, link.target) === undefined,
  );
  const destination = credentialsIn(source, from.controlPlaneNamespace, link.target);
  const marks: [string, string | undefined, string][] = [
    [
      "label multicluster.linkerd.io/cluster-name",
      destination?.labels["multicluster.linkerd.io/cluster-name"],
      link.target,
    ],
    [
      "annotation multicluster.linkerd.io/trust-domain",
      destination?.annotations["multicluster.linkerd.io/trust-domain"],
      to.trustDomain,
    ],
    [
      "annotation multicluster.linkerd.io/cluster-domain",
      destination?.annotations["multicluster.linkerd.io/cluster-domain"],
      to.clusterDomain,
    ],
  ];
  return [
    ...missing.map(([namespace, reader]) => ({
      problem: `${reader} has no credentials: there is no Secret ${namespace}/${secretName(link.target)} of type mirror.linkerd.io/remote-kubeconfig`,
    })),
    ...bothCredentials(view)
      .filter(({ server }) => server === undefined)
      .map((secret) => ({ problem: `Secret ${describe(secret)} holds no kubeconfig that can be read` })),
    ...(destination === undefined
      ? []
      : marks.flatMap(([mark, value, wanted]) =>
          some(value !== wanted, {
            problem: `destination doesn't use Secret ${describe(destination)}: its ${mark} is ${value ?? "missing"}, not ${wanted}`,
          }),
        )),
  ];
}

function sameCredentials(view: SourceView): Trouble[] {
  const [mirror, destination] = bothCredentials(view);
  return some(
    mirror !== undefined && destination !== undefined && mirror.fingerprint !== destination.fingerprint,
    {
      problem: `the Secrets ${secretName(view.link.target)} in ${mirror?.namespace ?? ""} and ${destination?.namespace ?? ""} differ`,
    },
  );
}

function admissionTrouble(
  secret: CredentialsFacts,
  admission: Admission | undefined,
  target: string,
): Trouble[] {
  if (admission === undefined) {
    return [{ problem: `Secret ${describe(secret)} holds no token for ${target}` }];
  }
  if (!admission.admitted) {
    return [{ problem: `${target} refuses the token in Secret ${describe(secret)}: ${admission.reason}` }];
  }
  return some(admission.missing.length > 0, {
    problem: `${target} knows the token in Secret ${describe(secret)}, but denies it: ${admission.missing.join(", ")}`,
    cause: `The ClusterRole or ClusterRoleBinding of the ServiceAccount on ${target} was removed or changed.`,
    fix: `${restore} restores them.`,
  });
}

/** Says it once where both Secrets are the same. */
function acceptance(view: LinkView): Trouble[] {
  const secrets = new Map(
    bothCredentials(view)
      .reverse()
      .map((secret) => [secret.fingerprint, secret]),
  );
  return [...secrets.values()].flatMap((secret) =>
    admissionTrouble(secret, view.source.admissions[describe(secret)], view.link.target),
  );
}

function isLater(one: string, other: string): boolean {
  return Date.parse(one) > (Date.parse(other) || 0);
}

/** The controller reads its Secret when it starts to lead, and when the Link's spec changes. */
function loadedByController({ source, link }: SourceView): Trouble[] {
  const secret = credentialsIn(source, multiclusterNamespace, link.target);
  const lease = leaseOf(source, link.target);
  const object = linkTo(source, link.target);
  if (secret === undefined || lease === undefined || object === undefined) return [];
  const holder = source.pods.find(
    ({ name, namespace }) => name === lease.holder && namespace === multiclusterNamespace,
  );
  const reads = [lease.acquired, object.changed, holder?.started ?? ""];
  return some(
    reads.every((read) => isLater(secret.changed, read)),
    {
      problem: `the controller still uses older credentials: Secret ${describe(secret)} is of ${secret.changed}, and it has read none since ${reads.sort().at(-1) ?? ""}`,
      fix: restartController,
    },
  );
}

/** Destination reads a Secret when it is made; a change in place passes it by, until it starts anew. */
function loadedByDestination({ source, from, link }: SourceView): Trouble[] {
  const secret = credentialsIn(source, from.controlPlaneNamespace, link.target);
  if (secret === undefined || !isLater(secret.changed, secret.created)) return [];
  const old = source.pods.filter(
    ({ namespace, owner, started }) =>
      namespace === from.controlPlaneNamespace &&
      owner === "Deployment linkerd-destination" &&
      isLater(secret.changed, started),
  );
  return some(old.length > 0, {
    problem: `destination still uses older credentials: Secret ${describe(secret)} was changed in place at ${secret.changed}`,
    fix: `${onCluster} -n ${from.controlPlaneNamespace} rollout restart deployment linkerd-destination`,
  });
}

function apiServerTroubles(view: LinkView): Trouble[] {
  const { link, target, to, mesh } = view;
  const known = to.apiServer ?? mesh.apiServers[link.target];
  return bothCredentials(view).flatMap((secret) => [
    ...some(known !== undefined && secret.server !== undefined && secret.server !== known, {
      problem: `Secret ${describe(secret)} names the API server ${secret.server ?? ""}, but ${link.target} is reached at ${known ?? ""}`,
    }),
    ...some(
      secret.authority !== undefined &&
        target.authority !== undefined &&
        secret.authority !== target.authority,
      {
        problem: `Secret ${describe(secret)} trusts another CA than the one of ${link.target}`,
      },
    ),
  ]);
}

function trustTroubles({ source, target, link }: LinkView): Trouble[] {
  const ends: [ClusterFacts, ClusterFacts][] = [
    [source, target],
    [target, source],
  ];
  const untrusted = ends.filter(([verifier, shown]) => {
    const [issuer] = certificatesOf(shown.issuer);
    return issuer !== undefined && !isTrusted(issuer, certificatesOf(verifier.roots));
  });
  if (untrusted.length > 0) {
    return untrusted.map(([verifier, shown]) => ({
      problem: `${verifier.name} doesn't trust ${shown.name}: none of its anchors has signed the issuer of ${shown.name}`,
    }));
  }
  return some(!areSame(source.roots, target.roots), {
    problem: `${link.source} and ${link.target} have different anchors, though each trusts the other's issuer`,
    isWarning: true,
  });
}

function addresses(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((address) => address !== "");
}

function gatewayService({ services }: ClusterFacts): ServiceFacts | undefined {
  return services.find(
    ({ namespace, annotations }) =>
      namespace === multiclusterNamespace && "mirror.linkerd.io/gateway-identity" in annotations,
  );
}

function addressTroubles({ source, target, to, link }: LinkView): Trouble[] {
  const named = addresses(linkTo(source, link.target)?.spec.gatewayAddress);
  const service = gatewayService(target);
  const real = to.gateway.addresses.length > 0 ? to.gateway.addresses : (service?.addresses ?? []);
  if (named.length === 0) return [{ problem: "the Link names no gateway address" }];
  // Whether the gateway has an address at all is judged on its cluster.
  if (real.length === 0) return [];
  const stale = named.filter((address) => !real.includes(address));
  return some(stale.length > 0, {
    problem: `the Link names the gateway ${stale.join(", ")}, but it is at ${real.join(", ")}`,
  });
}

function gatewayTroubles({ source, target, to, link }: LinkView): Trouble[] {
  const { gatewayPort, gatewayIdentity: identity } = linkTo(source, link.target)?.spec ?? {};
  const port = to.gateway.port.toString();
  const shown = gatewayService(target)?.annotations["mirror.linkerd.io/gateway-identity"];
  return [
    ...some(gatewayPort !== port, {
      problem: `the Link's gatewayPort is ${gatewayPort ?? "missing"}, not ${port}`,
    }),
    ...some(identity !== gatewayIdentity(to), {
      problem: `the Link expects a gateway with the identity ${identity ?? "none"}, not ${gatewayIdentity(to)}`,
    }),
    ...some(shown !== undefined && shown !== gatewayIdentity(to), {
      problem: `the gateway of ${link.target} says that its identity is ${shown ?? ""}, not ${gatewayIdentity(to)}`,
    }),
  ];
}

function probeTroubles({ source, to, link }: SourceView): Trouble[] {
  const { probeSpec } = linkTo(source, link.target)?.spec ?? {};
  const name = `probe-${link.target}`;
  const service = serviceOf(source, multiclusterNamespace, name);
  if (probeSpec?.port === undefined)
    return [{ problem: "the Link says nothing of how the gateway is probed" }];
  if (service === undefined) {
    return [
      {
        problem: `there is no Service ${multiclusterNamespace}/${name}, which the controller probes the gateway by`,
      },
    ];
  }
  const port = service.ports[0]?.port.toString() ?? "none";
  const wanted = to.gateway.probePort.toString();
  return [
    ...some(probeSpec.port !== port, {
      problem: `the Link's probe port is ${probeSpec.port}, but Service ${multiclusterNamespace}/${name} listens on ${port}`,
    }),
    ...some(probeSpec.port === port && port !== wanted, {
      problem: `the gateway is probed on port ${port}, but listens for probes on ${wanted}`,
    }),
  ];
}

function aliveness({ source, target, link }: LinkView): Judgement {
  if (source.isSimulated || target.isSimulated) return { skipped: simulatedPods };
  const probe = endpointsOf(source, multiclusterNamespace, `probe-${link.target}`);
  const mirrors = mirrorsFrom(source, link.target).filter((mirror) => !isDiscovered(mirror));
  const dead = mirrors.filter(({ namespace, name }) => {
    const found = endpointsOf(source, namespace, name);
    return found !== undefined && found.ready.length === 0 && found.notReady.length > 0;
  });
  return [
    ...some(probe === undefined || probe.ready.length + probe.notReady.length === 0, {
      problem: `Service probe-${link.target} has no endpoints, so the gateway isn't probed`,
      cause: "The controller didn't resolve the gateway's address, or doesn't run.",
    }),
    ...some(dead.length > 0, {
      problem: `the gateway of ${link.target} doesn't answer ${link.source}'s probe: endpoints of ${listed(dead.map(describe))} are not ready`,
    }),
  ];
}

function policyOf({ policies }: ClusterFacts, kind: string, name: string) {
  return policies.find(
    (one) => one.kind === kind && one.namespace === multiclusterNamespace && one.name === name,
  );
}

function admittance({ target, link }: LinkView): Trouble[] {
  const name = `linkerd-gateway-from-${link.source}`;
  const wanted = link.clients === "any" ? ["*"] : link.clients;
  const identities = policyOf(target, "MeshTLSAuthentication", name)?.spec["identities"];
  const admitted = Array.isArray(identities) ? identities.map(String) : [];
  const shutOut = wanted.filter((identity) => !admitted.includes(identity));
  return [
    ...some(policyOf(target, "Server", "linkerd-gateway") === undefined, {
      problem: `Server linkerd-gateway doesn't exist on ${link.target}, so its gateway follows the default policy`,
      isWarning: true,
    }),
    ...some(policyOf(target, "AuthorizationPolicy", name) === undefined, {
      problem: `the gateway of ${link.target} admits nobody of ${link.source}: AuthorizationPolicy ${name} doesn't exist there`,
    }),
    ...some(shutOut.length > 0, {
      problem: `the gateway of ${link.target} doesn't admit ${shutOut.join(", ")}: MeshTLSAuthentication ${name} doesn't name them`,
    }),
  ];
}

function objectOf({ source, link }: SourceView): LinkFacts {
  const found = linkTo(source, link.target);
  // The check `link` comes first.
  if (found === undefined) throw new Error(`there is no Link ${link.target}`);
  return found;
}

/** Why the controller made no mirror, as it says itself. */
function statusOf({ mirrored: known }: LinkFacts, { namespace, name }: ServiceFacts): string | undefined {
  const conditions = known
    .filter((one) => one.namespace === namespace && one.name === name)
    .flatMap((one) => one.conditions);
  const refused = conditions.find(({ status }) => status === "False");
  return refused === undefined ? undefined : `${refused.reason ?? ""} ${refused.message ?? ""}`.trim();
}

function missingMirror(view: LinkView, service: ServiceFacts): Trouble[] {
  const { source, target, link } = view;
  const { namespace, name } = service;
  const mirror = `${namespace}/${mirrorName(name, link.target)}`;
  // A headless one waits for named pods (linkerd2 multicluster/service-mirror/cluster_watcher_headless.go).
  if (service.clusterIP === "None" && (target.behind[`${namespace}/${name}`] ?? 0) === 0) return [];
  if (!source.namespaces.some((one) => one.name === namespace)) {
    return [
      {
        problem: `${mirror} is missing, as ${link.source} has no namespace ${namespace}`,
        cause: "The namespace was deleted, or links.createNamespaces is false.",
        fix: `Create the namespace ${namespace} on ${link.source}; the mirror follows by itself.`,
      },
    ];
  }
  const said = statusOf(objectOf(view), service);
  return [
    {
      problem: `${mirror} is missing, though ${link.target} exports ${namespace}/${name}${said === undefined ? "" : `; the controller says: ${said}`}`,
    },
  ];
}

function mirrorTroubles(view: LinkView): Trouble[] {
  const { source, target, link } = view;
  return mirrored(objectOf(view), target).flatMap((service) => {
    const { namespace, name, ports } = service;
    const mirror = serviceOf(source, namespace, mirrorName(name, link.target));
    if (mirror === undefined) return missingMirror(view, service);
    if (!isMirror(mirror)) {
      return [
        {
          problem: `${describe(mirror)} stands where the mirror of ${namespace}/${name} should be, and isn't one`,
          cause: "Somebody's own Service has the mirror's name.",
          fix: "Rename that Service.",
        },
      ];
    }
    const text = (all: ServiceFacts["ports"]) =>
      all
        .map(({ port }) => port)
        .sort((one, other) => one - other)
        .join(", ");
    return some(text(mirror.ports) !== text(ports), {
      problem: `${describe(mirror)} has the ports ${text(mirror.ports)}, but ${namespace}/${name} on ${link.target} has ${text(ports)}`,
    });
  });
}

function endpointTroubles(view: LinkView): Trouble[] {
  const { source, target, link } = view;
  return mirrored(objectOf(view), target).flatMap(({ namespace, name }) => {
    const mirror = serviceOf(source, namespace, mirrorName(name, link.target));
    if (mirror === undefined || !isMirror(mirror) || isDiscovered(mirror)) return [];
    const found = endpointsOf(source, namespace, mirror.name);
    if (found !== undefined && found.ready.length + found.notReady.length > 0) return [];
    return [
      (target.behind[`${namespace}/${name}`] ?? 0) === 0
        ? {
            problem: `${describe(mirror)} has no endpoints, as ${namespace}/${name} on ${link.target} has no ready pods`,
            cause: `The application doesn't run on ${link.target}.`,
            fix: `Look at the pods behind ${namespace}/${name} on ${link.target}.`,
            isWarning: true,
          }
        : {
            problem: `${describe(mirror)} has no endpoints, though ${namespace}/${name} on ${link.target} has ready pods`,
          },
    ];
  });
}

function unexported(view: LinkView): Trouble[] {
  const { source, target, link } = view;
  const exported = mirrored(objectOf(view), target);
  const stale = mirrorsFrom(source, link.target).filter(({ namespace, name, annotations }) => {
    const [origin = "", originNamespace = ""] = (annotations[remoteName] ?? "").split(".");
    const wanted = origin === "" ? name.slice(0, -link.target.length - 1) : origin;
    const where = originNamespace === "" ? namespace : originNamespace;
    return !exported.some((one) => one.name === wanted && one.namespace === where);
  });
  return some(stale.length > 0, {
    problem: `mirrors of services that ${link.target} doesn't export: ${listed(stale.map(describe))}`,
  });
}

function memberTroubles(view: LinkView): Trouble[] {
  const { source, target, link } = view;
  return federated(objectOf(view), target).flatMap(({ namespace, name }) => {
    const service = serviceOf(source, namespace, mirrorName(name, "federated"));
    if (service === undefined) {
      return [{ problem: `${namespace}/${name}-federated doesn't exist on ${link.source}` }];
    }
    const members = (service.annotations[remoteMembers] ?? "").split(",");
    return some(!members.includes(`${name}@${link.target}`), {
      problem: `${describe(service)} on ${link.source} has no member of ${link.target}`,
    });
  });
}

function overlap({ source, target, link }: LinkView): Trouble[] {
  const [ours, theirs] = [source, target].map(({ nodes }) => nodes.flatMap(({ podNetworks }) => podNetworks));
  const shared = (theirs ?? []).filter(
    (network) => (ours ?? []).length > 0 && overlapCidr(ours ?? [], network),
  );
  return some(shared.length > 0, {
    problem: `pods of ${link.source} and ${link.target} share addresses: ${listed(shared)}`,
  });
}

function versionTroubles(view: SourceView): Trouble[] {
  const wanted = `linkerd/cli ${linkerdVersion(view.from.version)}`;
  const found = objectOf(view).annotations["linkerd.io/created-by"];
  return some(found !== wanted, {
    problem: `the Link says that ${found ?? "nobody"} made it, not ${wanted}`,
    isWarning: true,
  });
}

function ifGateway<View extends SourceView>(judge: (view: View) => Judgement): (view: View) => Judgement {
  return (view) => (view.link.carries.includes("gateway") ? judge(view) : []);
}

function ifFlat<View extends SourceView>(judge: (view: View) => Judgement): (view: View) => Judgement {
  return (view) => (needsFlatNetwork(view.link) ? judge(view) : []);
}

/** What is mirrored is only worth a look where something mirrors. */
const mirroring = ["source:extension", "link", "controller", "controller-active"];

/** In the order in which they are worth reading. */
export const linkChecks: readonly LinkCheck[] = [
  {
    id: "link",
    side: "source",
    holds: "The Link is there, names its target, and selects services for all that the link is to carry.",
    cause: "The Link was deleted or changed by hand.",
    fix: `${restore} restores it.`,
    after: ["source:extension"],
    judge: linkTroubles,
  },
  {
    id: "controller",
    side: "source",
    holds: "The Link has one controller, and a pod of it is available.",
    cause:
      "The controller's Deployment was deleted or scaled down, or its pod doesn't start. Mirrors stay as they are and grow old.",
    fix: `${restore} restores the Deployment; ${onCluster} -n linkerd-multicluster get events says why pods don't start.`,
    after: ["source:extension"],
    judge: controllerTroubles,
  },
  {
    id: "controller-active",
    side: "source",
    holds: "A controller leads: it keeps renewing its lease.",
    cause: "The controller hangs, or can't write its lease. A Deployment can look available all the while.",
    fix: `Read its log: ${onCluster} -n linkerd-multicluster logs deployment/controller-TARGET -c controller. Then: ${restartController}`,
    after: ["source:extension", "controller"],
    judge: activity,
  },
  {
    id: "controller-permissions",
    side: "source",
    holds: "The controller may do on its own cluster what it has to.",
    cause: "Its role or role binding was removed.",
    fix: `${restore} restores them.`,
    after: ["source:extension", "controller"],
    judge: ({ source, link }) => {
      const denied = source.denied[link.target] ?? [];
      return some(denied.length > 0, {
        problem: `${link.source} denies the controller: ${denied.join(", ")}`,
      });
    },
  },
  {
    id: "credentials",
    side: "source",
    holds:
      "Both Secrets with the target's credentials are there, for the mirror controller and for destination, marked as Linkerd wants.",
    cause: "A Secret was deleted, or made by hand without its type, label or annotations.",
    fix: `${restore} restores them.`,
    after: ["source:extension"],
    judge: credentialsTroubles,
  },
  {
    id: "credentials-same",
    side: "source",
    holds: "Both Secrets hold the same credentials.",
    cause:
      "One was changed and the other not: mirrors appear, but their pods aren't found, or the other way round.",
    fix: `${restore} restores both.`,
    after: ["credentials"],
    judge: sameCredentials,
  },
  {
    id: "credentials-accepted",
    side: "both",
    holds: "The target's API server takes the token in the Secrets, and lets it read what Linkerd reads.",
    cause: "The token, or its ServiceAccount on the target, was deleted.",
    fix: `${restore} makes a new token, and the Secrets anew.`,
    after: ["credentials"],
    judge: acceptance,
  },
  {
    id: "credentials-loaded",
    side: "source",
    holds: "The controller and destination have read the credentials that the Secrets hold now.",
    cause: "Neither looks at its Secret again after it has read it.",
    fix: "Restart the one that is named.",
    after: ["controller", "controller-active", "credentials"],
    judge: (view) => [...loadedByController(view), ...loadedByDestination(view)],
  },
  {
    id: "api-server",
    side: "both",
    holds: "The Secrets name the target's API server as other clusters reach it, and its CA.",
    cause: "The API server got another address or CA after the link was made.",
    fix: `Correct clusters.TARGET.apiServer if it is given; then ${restore}`,
    after: ["credentials"],
    judge: apiServerTroubles,
  },
  {
    id: "trust",
    side: "both",
    holds: "Each of both clusters has the anchor that signed the other's issuer.",
    cause: "One of them has anchors or an issuer that aren't the stack's.",
    fix: `${restore} restores both; docs/trust.md says how anchors are changed.`,
    after: ["source:anchors-deployed", "target:anchors-deployed", "source:issuer", "target:issuer"],
    judge: trustTroubles,
  },
  {
    id: "gateway-address",
    side: "both",
    holds: "The Link names the address that the target's gateway has now.",
    cause: "The load balancer was made anew and got another address. Nothing tells the Link.",
    fix: restore,
    after: ["link", "target:gateway"],
    judge: ifGateway(addressTroubles),
  },
  {
    id: "gateway-settings",
    side: "both",
    holds: "The Link's gateway port and identity are the gateway's.",
    cause: "The Link was changed by hand, or the target's trust domain or gateway changed without it.",
    fix: restore,
    after: ["link", "target:gateway"],
    judge: ifGateway(gatewayTroubles),
  },
  {
    id: "probe-port",
    side: "source",
    holds: "The Link's probe port is the one of the Service by which the controller probes.",
    cause:
      "One of both was changed. The probe then fails, and the mirrors' endpoints are taken away from callers.",
    fix: `${restore} restores both.`,
    after: ["link"],
    judge: ifGateway(probeTroubles),
  },
  {
    id: "gateway-alive",
    side: "both",
    holds: "The gateway answers the controller's probe.",
    cause: "The gateway is down, or no packet gets to its address and ports from pods of the source.",
    fix: "See that the gateway runs; then try its address from a pod of the source: ports 4143 and 4191.",
    after: ["link", "controller", "controller-active", "target:gateway", "gateway-address", "probe-port"],
    judge: ifGateway(aliveness),
  },
  {
    id: "gateway-admits",
    side: "both",
    holds: "The target's gateway admits the workloads of the source that the stack names.",
    cause: "A policy was deleted or changed on the target. The gateway ends their connections.",
    fix: `${restore} restores it.`,
    after: ["target:gateway"],
    judge: ifGateway(admittance),
  },
  {
    id: "mirrors",
    side: "both",
    holds: "Every exported service that the link takes has its mirror, with the same ports.",
    cause: "The controller failed to make it; after three tries it waits for the next change.",
    fix: `Read its log: ${onCluster} -n linkerd-multicluster logs deployment/controller-TARGET -c controller. Then: ${restartController}`,
    after: mirroring,
    judge: mirrorTroubles,
  },
  {
    id: "mirror-endpoints",
    side: "both",
    holds: "Mirrors of gateway exports have endpoints.",
    cause: "Somebody deleted the Endpoints, or the controller can't resolve the gateway's address.",
    fix: restartController,
    after: mirroring,
    judge: ifGateway(endpointTroubles),
  },
  {
    id: "mirror-exports",
    side: "both",
    holds: "Every mirror's service is still exported.",
    cause: "It was un-exported while the controller didn't run.",
    fix: `${restartController}: it clears up when it starts.`,
    after: mirroring,
    judge: unexported,
  },
  {
    id: "federated-members",
    side: "both",
    holds: "Federated services have the target's members.",
    cause:
      "Two members joined at the same moment, and the loser stayed out; or somebody changed the Service.",
    fix: restartController,
    after: mirroring,
    judge: ifFlat(memberTroubles),
  },
  {
    id: "pod-networks",
    side: "both",
    holds: "Pods of both clusters have addresses of their own, where they call each other directly.",
    cause: "Clusters were made with the same pod network.",
    fix: "Link them by gateway only, or make one of them anew with another network.",
    judge: ifFlat(overlap),
  },
  {
    id: "link-version",
    side: "source",
    holds: "The Link was made for the version that the stack asks for.",
    cause: "An upgrade stopped half way, or the Link was made by hand.",
    fix: restore,
    after: ["link"],
    judge: versionTroubles,
  },
];
