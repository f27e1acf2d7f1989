import type { Manifest } from "./manifest.ts";
import type { RecordedResource } from "./recording.ts";

/** What is applied to a cluster, in this order. */
export const steps = [
  "01-namespaces",
  "02-definitions",
  "03-secrets",
  "04-cni",
  "05-control-plane",
  "06-multicluster",
  "07-viz",
  "08-access",
  "09-links",
  "10-services",
  "11-emojivoto",
] as const;

export type Step = (typeof steps)[number];

/** By the component that makes it. */
const stepsByComponent: Readonly<Record<string, Step>> = {
  "mesh:linkerd:Cni": "04-cni",
  "mesh:linkerd:ControlPlane": "05-control-plane",
  "mesh:linkerd:Multicluster": "06-multicluster",
  "mesh:linkerd:Viz": "07-viz",
  "mesh:link:RemoteAccess": "08-access",
  "mesh:link:GatewayAuthorization": "08-access",
  "mesh:link:Link": "09-links",
  "mesh:service:ExportedService": "10-services",
  "mesh:service:ServiceAuthorization": "10-services",
  "mesh:service:TrafficRoute": "10-services",
  "mesh:emojivoto:Emojivoto": "11-emojivoto",
};

/** Argo CD knows a step as a wave. */
export function inWave(step: Step, manifest: Manifest): Manifest {
  const annotations = {
    ...manifest.metadata.annotations,
    "argocd.argoproj.io/sync-wave": (steps.indexOf(step) + 1).toString(),
  };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

/** The step of an object that a resource is, or that a chart has. */
export function stepOf({ path }: Pick<RecordedResource, "path">, { kind }: Manifest): Step {
  if (kind === "Namespace") return "01-namespaces";
  if (kind === "CustomResourceDefinition") return "02-definitions";
  const ofComponent = path.map((type) => stepsByComponent[type]).find((step) => step !== undefined);
  // Links read what the other cluster's token is, which is there later than what pods mount.
  if (kind === "ExternalSecret" && ofComponent !== "09-links") return "03-secrets";
  return ofComponent ?? "02-definitions";
}

/** An object on a cluster, and the step in which it is applied. */
export interface PlacedManifest {
  readonly cluster: string;
  readonly step: Step;
  readonly manifest: Manifest;
  readonly resource: RecordedResource;
}
