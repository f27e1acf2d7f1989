import { multiclusterNamespace } from "../../settings/multicluster.ts";
import type { Mode } from "../../settings/settings.ts";
import { onCluster, restore, type Trouble } from "../check.ts";
import type { MadeCalls } from "./make-calls.ts";
import type { PlannedCalls } from "./plan.ts";
import type { Outcome } from "./program.ts";

/** What came of the calls over a link in one mode. */
export interface CallsResult {
  readonly mode: Mode;
  readonly sent: number;
  readonly answered: number;
  /** Milliseconds. */
  readonly median: number;
  readonly slowest: number;
  /** As whom the called pods saw the caller. */
  readonly identities: readonly string[];
  /** Clusters that answered. */
  readonly clusters: readonly string[];
  /** Members of a federated service that should have, and didn't. */
  readonly missing: readonly string[];
}

/** The checks that calls make, explained like the others. */
export const callsChecks = [
  {
    id: "calls-pods",
    holds: "With `--calls`: pods that call and answer start in the cluster, each with a proxy, and go again.",
    cause:
      "Their image can't be fetched, a policy of the cluster refuses them, or the injector or identity doesn't work.",
    fix: "See what the problem says. Another image is given by --image; what else is wrong in the cluster comes first.",
  },
  {
    id: "calls",
    holds:
      "With `--calls`: calls from pods of the source are answered by the target, in every mode that the link carries.",
    cause:
      "Connections are opened, but proxies end them: the gateway refuses the caller, anchors differ, or the gateway is held for dead.",
    fix: `What else is found of the link and both clusters comes first; then see the proxies' logs: ${onCluster} -n ${multiclusterNamespace} logs deploy/linkerd-gateway -c linkerd-proxy.`,
  },
  {
    id: "calls-identity",
    holds:
      "With `--calls`: the called pods see the gateway's identity of their own cluster, or pod-to-pod the caller's own.",
    cause: "Something between the clusters ends the proxies' connections and opens others.",
    fix: "Let connections between the clusters through as they are: without a proxy that isn't Linkerd's.",
  },
] as const;

export type CallsCheck = (typeof callsChecks)[number];

function sentIn({ answered, failures }: Outcome): number {
  return answered + Object.values(failures).reduce((sum, count) => sum + count, 0);
}

function missingIn({ target }: PlannedCalls, { clusters }: Outcome): string[] {
  return target.members?.filter((member) => !clusters.includes(member)) ?? [];
}

function mostOften(failures: Outcome["failures"]): string {
  const [first] = Object.entries(failures).sort(([, one], [, other]) => other - one);
  return first?.[0] ?? "";
}

/** What stands between the caller and the address that calls go to. */
function networkTrouble(
  { link: { source, target }, mode }: PlannedCalls,
  address: string,
  outcome: string,
): Trouble {
  const whose = mode === "gateway" ? `${target}'s gateway` : `a pod of ${target}`;
  const problem = `${mode} calls fail: pods of ${source} can't connect to ${whose} at ${address} (${outcome})`;
  if (outcome === "ECONNREFUSED") {
    return {
      problem,
      cause:
        mode === "gateway"
          ? "The address is there, but nothing listens: the gateway's pods are stopped, or its load balancer knows none."
          : "The address is there, but nothing listens: the pod's proxy has ended, or another host has the address.",
      fix:
        mode === "gateway"
          ? `Start the gateway: npm run kubectl -- STACK TARGET -n ${multiclusterNamespace} get pods,services.`
          : "See the target's pods, and that the clusters' pod networks don't overlap.",
    };
  }
  return {
    problem,
    cause:
      mode === "gateway"
        ? "There is no route to the gateway's address, or a firewall, security group or network policy is in the way."
        : "There is no route between the pod networks, or a firewall, security group or network policy is in the way.",
    fix:
      mode === "gateway"
        ? `Let pods and nodes of CLUSTER reach the address.`
        : "Add the routes between the nodes of both clusters, or let the link carry gateway only.",
  };
}

function refusalTrouble({ link: { target }, mode }: PlannedCalls, failure: string): Trouble {
  const who = mode === "gateway" ? `${target}'s gateway refuses` : `a policy of ${target} refuses`;
  return {
    problem: `${mode} calls fail: ${who} the caller (${failure})`,
    cause:
      "A Server, AuthorizationPolicy or MeshTLSAuthentication was changed, or somebody's own is in the way.",
    fix: `${restore} restores those of the stack; others are listed by npm run kubectl -- STACK TARGET get servers,authorizationpolicies -A.`,
  };
}

function failureTrouble(calls: PlannedCalls, outcome: Outcome, made: MadeCalls): Trouble {
  const { link, mode, target } = calls;
  const failure = mostOften(outcome.failures);
  const address = made.addresses.get(target.name);
  const connection = made.reached.get(link.source)?.[address ?? ""];
  if (address !== undefined && connection !== undefined && connection !== "connected") {
    return networkTrouble(calls, address, connection);
  }
  if (failure === "ENOTFOUND" || failure === "EAI_AGAIN") {
    return {
      problem: `${mode} calls fail: the mirror of an exported service doesn't come to ${link.source} (${failure})`,
      cause:
        "The link's mirror controller doesn't run, doesn't reach the target's API server, or may not read it.",
      fix: `See what it says: ${onCluster} -n ${multiclusterNamespace} logs deploy/controller-TARGET.`,
    };
  }
  if (failure.startsWith("403")) return refusalTrouble(calls, failure);
  const sent = sentIn(outcome).toString();
  const failed = (sentIn(outcome) - outcome.answered).toString();
  return { problem: `${failed} of ${sent} ${mode} calls fail: ${failure}` };
}

/** A member of a federated service that nobody gets to. */
function missingTrouble(calls: PlannedCalls, outcome: Outcome, made: MadeCalls): Trouble {
  const { link, mode, target } = calls;
  const address = made.addresses.get(target.name) ?? "";
  const connection = made.reached.get(link.source)?.[address] ?? "connected";
  if (connection !== "connected") return networkTrouble(calls, address, connection);
  return {
    problem: `${mode} calls are never answered by ${link.target}, only by ${outcome.clusters.join(", ")}`,
    cause:
      "The target's service hasn't joined the federated one: the mirror controller doesn't run, or lost a race.",
    fix: `See what it says: ${onCluster} -n ${multiclusterNamespace} logs deploy/controller-TARGET.`,
  };
}

/** What is wrong with the calls in one mode, by check. */
export function judgeCalls(
  calls: PlannedCalls,
  outcome: Outcome,
  made: MadeCalls,
): Record<"calls" | "calls-identity", Trouble[]> {
  const { mode, identity } = calls;
  const missing = missingIn(calls, outcome);
  const troubles: Trouble[] = [];
  if (Object.keys(outcome.failures).length > 0) troubles.push(failureTrouble(calls, outcome, made));
  else if (missing.length > 0) {
    troubles.push(missingTrouble(calls, outcome, made));
  }
  const strangers = outcome.identities.filter((seen) => seen !== identity);
  const identityTroubles = strangers.map((seen) => ({
    problem: `${mode} calls come as ${seen === "" ? "nobody, outside the mesh" : seen} instead of ${identity}`,
  }));
  return { calls: troubles, "calls-identity": identityTroubles };
}

export function resultOf(calls: PlannedCalls, outcome: Outcome): CallsResult {
  const { answered, median, slowest, identities, clusters } = outcome;
  const missing = missingIn(calls, outcome);
  return {
    mode: calls.mode,
    sent: sentIn(outcome),
    answered,
    median,
    slowest,
    identities,
    clusters,
    missing,
  };
}
