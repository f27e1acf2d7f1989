import type { ClusterFacts, EndpointsFacts, LabelSelector, LinkFacts, ServiceFacts } from "./facts.ts";
import { discoveredFromLabel, headlessMirrorLabel, mirroredFromLabel, mirroredLabel } from "./labels.ts";

type Labels = Readonly<Record<string, string>>;

function holds(
  { key, operator, values = [] }: NonNullable<LabelSelector["matchExpressions"]>[number],
  labels: Labels,
): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

/** Whether a Link's selector takes a Service. An empty one takes none (linkerd2 multicluster/service-mirror). */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  const wanted = Object.entries(matchLabels);
  if (wanted.length + matchExpressions.length === 0) return false;
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => holds(expression, labels))
  );
}

export function isMirror({ labels }: Pick<ServiceFacts, "labels">): boolean {
  return labels[mirroredLabel] === "true";
}

export function serviceOf(
  { services }: Pick<ClusterFacts, "services">,
  namespace: string,
  name: string,
): ServiceFacts | undefined {
  return services.find((one) => one.namespace === namespace && one.name === name);
}

export function endpointsOf(
  { endpoints }: Pick<ClusterFacts, "endpoints">,
  namespace: string,
  name: string,
): EndpointsFacts | undefined {
  return endpoints.find((one) => one.namespace === namespace && one.name === name);
}

export function linkTo({ links }: Pick<ClusterFacts, "links">, target: string): LinkFacts | undefined {
  return links.find(({ name }) => name === target);
}

/** Mirrors of one target that stand for a whole Service, by the label that the controller gives them. */
export function mirrorsFrom({ services }: Pick<ClusterFacts, "services">, target: string): ServiceFacts[] {
  return services.filter(
    (service) =>
      isMirror(service) &&
      service.labels[mirroredFromLabel] === target &&
      !(headlessMirrorLabel in service.labels),
  );
}

/** Whether calls to the mirror go straight to pods, so that it has no endpoints of its own. */
export function isDiscovered({ labels }: Pick<ServiceFacts, "labels">): boolean {
  return discoveredFromLabel in labels;
}

/** Services of the target that the Link takes, one for each that has a mirror of its own. */
export function mirrored({ spec }: LinkFacts, target: Pick<ClusterFacts, "services">): ServiceFacts[] {
  return target.services.filter(
    ({ labels }) => selects(spec.selector, labels) || selects(spec.remoteDiscoverySelector, labels),
  );
}

/** Services of the target that the Link lets join federated ones. */
export function federated({ spec }: LinkFacts, target: Pick<ClusterFacts, "services">): ServiceFacts[] {
  return target.services.filter(({ labels }) => selects(spec.federatedServiceSelector, labels));
}
