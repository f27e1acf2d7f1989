import { createHash, type X509Certificate } from "node:crypto";

import { containsCidr } from "cidr-tools";
import semver from "semver";

import { areSame, certificatesOf, fingerprintsOf, isTrusted } from "../facts/certificates.ts";
import type { ClusterFacts, PodFacts, WebhookFacts } from "../facts/facts.ts";
import {
  discoveredFromLabel,
  localMembers,
  mirroredFromLabel,
  mirroredGatewayLabel,
  remoteMembers,
} from "../facts/labels.ts";
import { isMirror, serviceOf } from "../facts/select.ts";
import { exportLabels, mirrorName } from "../settings/mirror.ts";
import { multiclusterNamespace } from "../settings/multicluster.ts";
import { minimumKubernetes } from "../settings/rules/clusters.ts";
import { linkerdVersion } from "../settings/settings.ts";
import {
  onCluster,
  restore,
  simulatedPods,
  type ClusterCheck,
  type ClusterView,
  type Mesh,
  type Trouble,
} from "./check.ts";

const hour = 3_600_000;

/** Linkerd's identity accepts certificates whose clock is this far away (its `clockSkewAllowance`). */
const tolerance = 20_000;

const controlPlane = ["linkerd-destination", "linkerd-identity", "linkerd-proxy-injector"];

function some(condition: boolean, trouble: Trouble): Trouble[] {
  return condition ? [trouble] : [];
}

function deploymentTrouble({ deployments }: ClusterFacts, namespace: string, name: string): Trouble[] {
  const found = deployments.find((one) => one.namespace === namespace && one.name === name);
  const what = `Deployment ${namespace}/${name}`;
  if (found === undefined) return [{ problem: `${what} doesn't exist` }];
  if (found.wanted === 0) return [{ problem: `${what} is scaled to zero` }];
  if (found.available === 0) return [{ problem: `${what} has no available pod` }];
  return some(found.available < found.wanted, {
    problem: `${what} has ${found.available.toString()} of ${found.wanted.toString()} pods available`,
    isWarning: true,
  });
}

function daysUntil(end: Date, now: string): string {
  return `${Math.floor((end.getTime() - Date.parse(now)) / (24 * hour)).toString()} days`;
}

function nameOf({ subject }: X509Certificate): string {
  return /CN=(.*)/.exec(subject)?.[1] ?? subject;
}

function timeTrouble(what: string, { validFromDate, validToDate }: X509Certificate, now: string): Trouble[] {
  if (validToDate.getTime() <= Date.parse(now)) {
    return [{ problem: `${what} expired on ${validToDate.toISOString()}` }];
  }
  return some(validFromDate.getTime() > Date.parse(now) + tolerance, {
    problem: `${what} is valid only from ${validFromDate.toISOString()}`,
  });
}

function endTrouble(what: string, certificate: X509Certificate, { facts, mesh }: ClusterView): Trouble[] {
  const { validToDate } = certificate;
  const left = validToDate.getTime() - Date.parse(facts.now);
  return some(left > 0 && left <= mesh.settings.trust.warning * hour, {
    problem: `${what} expires in ${daysUntil(validToDate, facts.now)}, on ${validToDate.toISOString()}`,
    isWarning: true,
  });
}

/** Anchors of the last update that went through, PEM; undefined where it left none. */
function deployedAnchors({ deployed: { trust, anchors } }: Mesh): string | undefined {
  const found = (trust?.trusted ?? []).flatMap((id) => anchors[id] ?? []);
  return found.length === 0 ? undefined : found.join("\n");
}

function hasP256({ publicKey }: X509Certificate): boolean {
  return publicKey.asymmetricKeyType === "ec" && publicKey.asymmetricKeyDetails?.namedCurve === "prime256v1";
}

function issuerTrouble({ facts }: ClusterView): Trouble[] {
  const [issuer] = certificatesOf(facts.issuer);
  if (issuer === undefined) {
    return [{ problem: "Secret linkerd-identity-issuer has no certificate that can be read" }];
  }
  const found = timeTrouble(`the issuer ${nameOf(issuer)}`, issuer, facts.now);
  if (!issuer.ca) found.push({ problem: `the issuer ${nameOf(issuer)} is not a CA certificate` });
  if (!hasP256(issuer)) {
    found.push({ problem: `the issuer's key is not ECDSA P-256, the only one that linkerd check accepts` });
  }
  if (!isTrusted(issuer, certificatesOf(facts.roots))) {
    found.push({
      problem: "no anchor in linkerd-identity-trust-roots has signed the issuer in linkerd-identity-issuer",
    });
  }
  return found;
}

function webhookTrouble(
  { name, namespace, service, authorities, certificate }: WebhookFacts,
  now: string,
): Trouble[] {
  const host = `${service}.${namespace}.svc`;
  const [served] = certificatesOf(certificate);
  if (served === undefined) {
    return [{ problem: `Secret ${namespace}/${service}-k8s-tls has no certificate for ${name}` }];
  }
  const found = timeTrouble(`the certificate of ${host}`, served, now);
  if (!isTrusted(served, certificatesOf(authorities))) {
    found.push({
      problem: `the API server doesn't trust ${host}: caBundle of ${name} has not signed its certificate`,
    });
  }
  if (served.checkHost(host) === undefined) {
    found.push({ problem: `the certificate in ${namespace}/${service}-k8s-tls is not for ${host}` });
  }
  return found;
}

function listed(names: readonly string[], most = 5): string {
  const all = [...new Set(names)].sort();
  const shown = all.slice(0, most).join(", ");
  return all.length > most ? `${shown} and ${(all.length - most).toString()} more` : shown;
}

function workloads(pods: readonly PodFacts[]): string {
  return listed(pods.map(({ namespace, owner }) => `${namespace}/${owner}`));
}

/** Pods whose proxy runs, and which anchors it was started with. */
function staleProxies({ facts, mesh }: ClusterView): Trouble[] {
  const { roots = "", pods } = facts;
  const hash = createHash("sha256").update(roots.trim()).digest("hex");
  const differing = pods.filter(({ proxy, annotations }) => {
    if (proxy === undefined) return false;
    if (proxy.anchors !== undefined) return !areSame(proxy.anchors, roots);
    // Pods of the control plane read the ConfigMap when they start; the chart notes which one that was.
    const noted = annotations["linkerd.io/trust-root-sha256"];
    return noted !== undefined && noted !== hash;
  });
  const issuers = [...mesh.clusters.values()].flatMap(({ issuer }) => certificatesOf(issuer));
  const isCutOff = ({ proxy }: PodFacts) =>
    proxy?.anchors !== undefined &&
    issuers.some((issuer) => !isTrusted(issuer, certificatesOf(proxy.anchors)));
  const cutOff = differing.filter(isCutOff);
  const others = differing.filter((pod) => !cutOff.includes(pod));
  return [
    ...some(cutOff.length > 0, {
      problem: `running proxies refuse certificates of this mesh, as they lack the anchor behind them: ${workloads(cutOff)}`,
    }),
    ...some(others.length > 0, {
      problem: `running proxies have other anchors than linkerd-identity-trust-roots: ${workloads(others)}`,
      isWarning: true,
    }),
  ];
}

function tagOf(image: string): string {
  return /:([^:/@]+)(@.*)?$/.exec(image)?.[1] ?? "";
}

function gatewayTrouble({ facts, settings, mesh }: ClusterView): Trouble[] {
  const isUsed = mesh.settings.links.some(
    ({ target, carries }) => target === settings.name && carries.includes("gateway"),
  );
  if (!settings.gateway.enabled || !isUsed) return [];
  const service = facts.services.find(
    ({ namespace, annotations }) =>
      namespace === multiclusterNamespace && "mirror.linkerd.io/gateway-identity" in annotations,
  );
  if (service === undefined) return [{ problem: "there is no gateway Service in linkerd-multicluster" }];
  return [
    ...deploymentTrouble(facts, multiclusterNamespace, service.name),
    ...some(settings.gateway.addresses.length === 0 && service.addresses.length === 0, {
      problem: `Service ${service.name} has no load balancer address`,
      cause: "No load balancer has taken the Service.",
      fix: "Install one on the cluster, or declare how the gateway is reached in clusters.*.gateway.addresses.",
    }),
  ];
}

function leftovers({ facts, settings, mesh }: ClusterView): Trouble[] {
  // A Link that the stack wants and that is missing is found as such, and its mirrors are no leftovers.
  const wanted = mesh.settings.links.filter(({ source }) => source === settings.name);
  const linked = (name: string) =>
    facts.links.some(({ spec }) => spec.targetClusterName === name) ||
    wanted.some(({ target }) => target === name);
  const mirrors = facts.services.filter(
    (service) =>
      isMirror(service) &&
      !(mirroredGatewayLabel in service.labels) &&
      service.labels[mirroredFromLabel] !== undefined &&
      !linked(service.labels[mirroredFromLabel]),
  );
  const members = facts.services.flatMap(({ namespace, name, annotations }) =>
    (annotations[remoteMembers] ?? "")
      .split(",")
      .filter((entry) => entry !== "" && !linked(entry.split("@")[1] ?? ""))
      .map((entry) => `${entry} in ${namespace}/${name}`),
  );
  const secrets = facts.credentials.filter(({ labels }) => {
    const cluster = labels["multicluster.linkerd.io/cluster-name"];
    return cluster !== undefined && !linked(cluster);
  });
  return [
    ...some(mirrors.length > 0, {
      problem: `mirrors of clusters to which there is no Link: ${listed(mirrors.map(({ namespace, name }) => `${namespace}/${name}`))}`,
    }),
    ...some(members.length > 0, {
      problem: `federated services have members of clusters to which there is no Link: ${listed(members)}`,
    }),
    ...some(secrets.length > 0, {
      problem: `destination still reads clusters to which there is no Link, by Secret ${listed(secrets.map(({ namespace, name }) => `${namespace}/${name}`))}`,
      fix: "Delete that Secret.",
      isWarning: true,
    }),
  ];
}

function unknownLinks({ facts, settings, mesh }: ClusterView): Trouble[] {
  const known = mesh.settings.links
    .filter(({ source }) => source === settings.name)
    .map(({ target }) => target);
  const others = facts.links.filter(({ name }) => !known.includes(name)).map(({ name }) => name);
  return some(others.length > 0, {
    problem: `Links that the stack doesn't know: ${listed(others)}`,
    isWarning: true,
  });
}

function exportTroubles({ facts, settings, mesh }: ClusterView): Trouble[] {
  return mesh.settings.services
    .filter(({ cluster }) => cluster === settings.name)
    .flatMap(({ namespace, name, modes, path }) => {
      const service = serviceOf(facts, namespace, name);
      if (service === undefined) {
        return [
          {
            problem: `Service ${namespace}/${name} doesn't exist, but ${path} exports it`,
            cause: "Its owner deleted it, or it was never there.",
            fix: "Deploy the Service, or take the export out of the stack file.",
          },
        ];
      }
      const missing = Object.entries(exportLabels(modes)).filter(
        ([key, value]) => service.labels[key] !== value,
      );
      return some(missing.length > 0, {
        problem: `Service ${namespace}/${name} has lost ${missing.map(([key, value]) => `${key}=${value}`).join(", ")}`,
      });
    });
}

function localMemberTroubles({ facts, settings, mesh }: ClusterView): Trouble[] {
  return mesh.settings.services
    .filter(({ cluster, modes }) => cluster === settings.name && modes.includes("federated"))
    .flatMap(({ namespace, name }) => {
      // What isn't exported any more is another check's matter.
      if (serviceOf(facts, namespace, name)?.labels["mirror.linkerd.io/federated"] !== "member") return [];
      const federated = serviceOf(facts, namespace, mirrorName(name, "federated"));
      const joined = federated?.annotations[localMembers];
      return some(joined !== name, {
        problem:
          federated === undefined
            ? `Service ${namespace}/${name}-federated doesn't exist beside ${namespace}/${name}`
            : `${namespace}/${name} has not joined ${namespace}/${name}-federated on its own cluster`,
      });
    });
}

/** Nobody runs the local mirror where pods are simulated, unless somebody does so as a process. */
function isLocalMirrorSimulated({ leases, isSimulated }: ClusterFacts): boolean {
  return isSimulated && !leases.some(({ name }) => name === "local-service-mirror-write");
}

function routeTroubles({ facts, settings, mesh }: ClusterView): Trouble[] {
  return mesh.settings.routes
    .filter(({ cluster }) => cluster === settings.name)
    .flatMap(({ namespace, name, service, kind, backends }): Trouble[] => {
      const route = facts.routes.find(
        (one) => one.kind === kind && one.namespace === namespace && one.name === name,
      );
      if (route === undefined) return [{ problem: `${kind} ${namespace}/${name} doesn't exist` }];
      const refused = route.conditions.filter(({ status }) => status === "False");
      const gone = backends.filter(
        ({ from, service: backend }) =>
          from === "local" && serviceOf(facts, namespace, backend) === undefined,
      );
      return [
        ...refused.map(({ type, reason = "", message = "" }) => ({
          problem:
            `Linkerd doesn't take ${kind} ${namespace}/${name}: ${type} is False, ${reason} ${message}`.trim(),
        })),
        ...some(gone.length > 0, {
          problem: `${kind} ${namespace}/${name} sends calls to ${listed(gone.map((one) => one.service))}, which doesn't exist`,
        }),
        ...some(facts.profiles.includes(`${namespace}/${service}`), {
          problem: `a ServiceProfile of ${namespace}/${service} wins over ${kind} ${namespace}/${name}, which has no effect`,
          cause: "Linkerd ignores routes of a Service that has a ServiceProfile.",
          fix: "Delete the ServiceProfile, or the route.",
          isWarning: true,
        }),
      ];
    });
}

function networkTroubles({ facts, settings }: ClusterView): Trouble[] {
  const { config, nodes } = facts;
  if (config === undefined) return [];
  const networks = nodes.flatMap(({ podNetworks }) => podNetworks);
  const outside =
    config.networks.length === 0 ? [] : networks.filter((one) => !containsCidr([...config.networks], one));
  const other =
    settings.podNetworks.length === 0
      ? []
      : networks.filter((one) => !containsCidr([...settings.podNetworks], one));
  return [
    ...some(outside.length > 0, {
      problem: `pod networks of nodes are outside of clusterNetworks, so proxies don't discover them: ${listed(outside)}`,
    }),
    ...some(other.length > 0, {
      problem: `nodes have pod networks that podNetworks of the stack file doesn't name: ${listed(other)}`,
      isWarning: true,
    }),
  ];
}

function clockTrouble({ facts, mesh }: ClusterView): Trouble[] {
  const clocks = [...mesh.clusters.values()].map(({ clock }) => clock).sort((one, other) => one - other);
  const middle = clocks[Math.floor((clocks.length - 1) / 2)] ?? 0;
  const skew = Math.abs(facts.clock - middle);
  // Of two clusters that differ nobody knows which one is right: the one that is ahead is named.
  return some(skew > tolerance, {
    problem: `its clock is ${Math.round(skew / 1_000).toString()} s away from the other clusters'`,
  });
}

function extensionPods({ facts }: ClusterView): Trouble[] {
  const pods = facts.pods.filter(({ namespace }) => namespace === multiclusterNamespace);
  const bare = pods.filter(({ proxy }) => proxy === undefined);
  const unready = pods.filter(({ isReady, proxy }) => proxy !== undefined && !isReady);
  return [
    ...some(bare.length > 0, {
      problem: `no proxy was injected into ${workloads(bare)}`,
      cause: "The injector's webhook didn't answer when these pods were made.",
      fix: `Restart them: ${onCluster} -n linkerd-multicluster rollout restart deployment`,
    }),
    ...some(unready.length > 0, { problem: `pods are not ready: ${workloads(unready)}` }),
  ];
}

/** In the order in which they are worth reading. */
export const clusterChecks: readonly ClusterCheck[] = [
  {
    id: "kubernetes-version",
    holds: `Kubernetes is ${minimumKubernetes} or newer, which Linkerd needs.`,
    cause: "The cluster was never upgraded.",
    fix: "Upgrade the cluster.",
    judge: ({ facts: { version } }) =>
      some(semver.lt(semver.coerce(version) ?? minimumKubernetes, minimumKubernetes), {
        problem: `it runs Kubernetes ${version}`,
      }),
  },
  {
    id: "clock",
    holds: "The API server's clock is within 20 s of the other clusters'.",
    cause:
      "The cluster's machines don't synchronize their clocks. Certificates are then refused as not valid yet, or expired.",
    fix: "Switch on time synchronization (chrony, systemd-timesyncd) on its machines.",
    judge: clockTrouble,
  },
  {
    id: "control-plane",
    holds: "linkerd-config is there, and destination, identity and injector have available pods.",
    cause: "Linkerd was removed, scaled down, or its pods don't start.",
    fix: `${onCluster} -n linkerd get pods,events says what is wrong with pods; ${restore} restores what was changed.`,
    judge: ({ facts, settings: { controlPlaneNamespace } }) => [
      ...some(facts.config === undefined, {
        problem: `ConfigMap ${controlPlaneNamespace}/linkerd-config doesn't exist or can't be read`,
      }),
      ...controlPlane.flatMap((name) => deploymentTrouble(facts, controlPlaneNamespace, name)),
    ],
  },
  {
    id: "control-plane-version",
    holds: "The control plane is of the version that the stack asks for.",
    cause: "An update was limited to some resources, failed half way, or somebody upgraded by hand.",
    fix: restore,
    after: ["control-plane"],
    judge: ({ facts, settings: { version } }) => {
      const wanted = linkerdVersion(version);
      const found = facts.config?.version ?? "";
      return some(found !== wanted, {
        problem: `it runs ${found || "an unknown version"}, not ${wanted}`,
        isWarning: true,
      });
    },
  },
  {
    id: "proxy-version",
    holds: "Running proxies are of the control plane's version.",
    cause: "Pods get a new proxy only when they start anew; these started before the last upgrade.",
    fix: `Restart what is named, such as: ${onCluster} -n NAMESPACE rollout restart deployment`,
    after: ["control-plane"],
    judge: ({ facts }) => {
      const meshed = facts.pods.filter(({ proxy }) => proxy !== undefined);
      const old = meshed.filter(({ proxy }) => tagOf(proxy?.image ?? "") !== facts.config?.version);
      return some(old.length > 0, {
        problem: `proxies of another version than ${facts.config?.version ?? ""}: ${workloads(old)}`,
        isWarning: true,
      });
    },
  },
  {
    id: "anchors-deployed",
    holds: "linkerd-identity-trust-roots has the anchors of the stack's last update.",
    cause: "Somebody changed the ConfigMap, or another Linkerd install overwrote it.",
    fix: `${restore} restores it. Then restart what started meanwhile: ${onCluster} -n NAMESPACE rollout restart deployment`,
    judge: ({ facts, mesh }) => {
      if (fingerprintsOf(facts.roots).length === 0) {
        return [{ problem: "ConfigMap linkerd-identity-trust-roots has no certificate that can be read" }];
      }
      const anchors = deployedAnchors(mesh);
      return some(anchors !== undefined && !areSame(facts.roots, anchors), {
        problem: "its linkerd-identity-trust-roots differ from the anchors of the stack",
      });
    },
  },
  {
    id: "anchors-agree",
    holds: "linkerd-config names the anchors that linkerd-identity-trust-roots has.",
    cause:
      "One of the two was changed by hand. Proxies get theirs from linkerd-identity-trust-roots; linkerd multicluster check compares linkerd-config.",
    fix: `${restore} restores both.`,
    after: ["control-plane"],
    judge: ({ facts }) =>
      some(!areSame(facts.config?.anchors, facts.roots), {
        problem: "linkerd-config and linkerd-identity-trust-roots have different anchors",
      }),
  },
  {
    id: "anchors-running",
    holds: "Running proxies trust the anchors that the cluster has now.",
    cause:
      "A proxy gets its anchors when its pod is made. These pods are older than the last change of the anchors.",
    fix: `Restart what is named, such as: ${onCluster} -n NAMESPACE rollout restart deployment. docs/trust.md has the whole order.`,
    after: ["anchors-deployed"],
    judge: staleProxies,
  },
  {
    id: "anchor-expiry",
    holds: "No anchor expires within trust.warning (60 days).",
    cause: "Its lifetime is nearly over.",
    fix: "Rotate the anchor: docs/trust.md.",
    judge: (view) =>
      certificatesOf(view.facts.roots).flatMap((anchor) => [
        ...timeTrouble(`the anchor ${nameOf(anchor)}`, anchor, view.facts.now),
        ...endTrouble(`the anchor ${nameOf(anchor)}`, anchor, view),
      ]),
  },
  {
    id: "issuer",
    holds: "The issuer is a valid CA certificate of P-256, signed by one of the cluster's anchors.",
    cause: "The Secret was replaced by one of another anchor, or its certificate is over.",
    fix: `${restore} restores it. If it has expired, set trust.issuerRenewals of this cluster to another value first.`,
    after: ["anchors-deployed"],
    judge: issuerTrouble,
  },
  {
    id: "issuer-expiry",
    holds: "The issuer doesn't expire within trust.warning (60 days).",
    cause: "Its lifetime is nearly over.",
    fix: "Set trust.issuerRenewals of this cluster to another value, then npm run up -- STACK.",
    judge: (view) =>
      certificatesOf(view.facts.issuer)
        .slice(0, 1)
        .flatMap((issuer) => endTrouble(`the issuer ${nameOf(issuer)}`, issuer, view)),
  },
  {
    id: "webhook-certificate",
    holds: "Every webhook's certificate is valid, for its host, and trusted by the API server.",
    cause:
      "The Secret or the webhook's configuration was changed. Pods then start without a proxy, or not at all.",
    fix: `${restore} restores both; docs/trust.md says how to make them anew.`,
    after: ["control-plane"],
    judge: ({ facts }) => facts.webhooks.flatMap((webhook) => webhookTrouble(webhook, facts.now)),
  },
  {
    id: "webhook-expiry",
    holds: "No webhook's certificate expires within trust.warning (60 days).",
    cause: "Its lifetime is nearly over.",
    fix: "Renew the webhook certificates: docs/trust.md.",
    judge: (view) =>
      view.facts.webhooks.flatMap(({ service, namespace, certificate }) =>
        certificatesOf(certificate)
          .slice(0, 1)
          .flatMap((one) => endTrouble(`the certificate of ${service}.${namespace}.svc`, one, view)),
      ),
  },
  {
    id: "extension",
    holds:
      "The multicluster extension is there: its labelled namespace, the Link definition, the local mirror.",
    cause: "The extension was removed, or scaled down.",
    fix: restore,
    judge: ({ facts }) => {
      const namespace = facts.namespaces.find(({ name }) => name === multiclusterNamespace);
      if (namespace === undefined) return [{ problem: `namespace ${multiclusterNamespace} doesn't exist` }];
      return [
        ...some(namespace.labels["linkerd.io/extension"] !== "multicluster", {
          problem: `namespace ${multiclusterNamespace} has lost its label linkerd.io/extension=multicluster`,
        }),
        ...some(!facts.linkVersions.includes("v1alpha3"), {
          problem: "the API server doesn't serve Links of version v1alpha3",
        }),
        ...deploymentTrouble(facts, multiclusterNamespace, "linkerd-local-service-mirror"),
      ];
    },
  },
  {
    id: "extension-pods",
    holds: "Pods of the extension have a proxy and are ready.",
    cause: "Their proxies get no certificate, or don't reach the control plane.",
    fix: `${onCluster} -n linkerd-multicluster describe pods; then read their linkerd-proxy's log.`,
    after: ["control-plane", "extension"],
    judge: (view) => (view.facts.isSimulated ? { skipped: simulatedPods } : extensionPods(view)),
  },
  {
    id: "gateway",
    holds: "The gateway, where a link to this cluster uses it, runs and has an address.",
    cause: "The gateway was scaled down, or its pods don't start.",
    fix: `${onCluster} -n linkerd-multicluster get deployment,service,events says what is wrong with pods; ${restore} restores what was changed.`,
    after: ["extension"],
    judge: gatewayTrouble,
  },
  {
    id: "exports",
    holds: "Services that the stack exports exist and have the labels by which links select them.",
    cause: "Whoever owns the Service applied it without the labels.",
    fix: `${restore} puts them back. If they go again, have the Service's owner keep labels that aren't theirs.`,
    judge: exportTroubles,
  },
  {
    id: "federated-local",
    holds: "Members of federated services have joined on their own cluster.",
    cause: "The local mirror lost a race with a link's controller, or doesn't run.",
    fix: `${onCluster} -n linkerd-multicluster rollout restart deployment linkerd-local-service-mirror`,
    after: ["extension", "exports"],
    judge: (view) =>
      isLocalMirrorSimulated(view.facts) ? { skipped: simulatedPods } : localMemberTroubles(view),
  },
  {
    id: "routes",
    holds: "Routes of the stack exist, are taken by Linkerd, and no ServiceProfile hides them.",
    cause: "A route or one of its backends was deleted or changed.",
    fix: `${restore} restores routes; deploy the Service that is missing.`,
    judge: routeTroubles,
  },
  {
    id: "leftovers",
    holds: "There is no mirror, federated member or credential of a cluster to which there is no Link.",
    cause: "A Link was deleted by hand; Linkerd leaves behind what it made. Callers of these get errors.",
    fix: "Delete what is named. A link that is taken out of the stack file leaves nothing behind.",
    after: ["extension"],
    judge: leftovers,
  },
  {
    id: "unknown-links",
    holds: "All Links are the stack's.",
    cause: "Somebody linked a cluster by hand, or by another stack.",
    fix: "Bring it into the stack file, or delete it with what it has mirrored.",
    after: ["extension"],
    judge: unknownLinks,
  },
  {
    id: "networks",
    holds: "Pod networks of the nodes are those of the stack file, and inside of Linkerd's clusterNetworks.",
    cause: "Nodes were added with another network, or the stack file is out of date.",
    fix: "Correct podNetworks in the stack file, then npm run up -- STACK.",
    judge: networkTroubles,
  },
];

export { deploymentTrouble, discoveredFromLabel, listed, some };
