import type * as pulumi from "@pulumi/pulumi";

import { createMesh } from "../components/mesh/create-mesh.ts";
import { parseDeployed } from "../settings/deployed.ts";
import { plannedRenewals } from "../settings/planned.ts";
import { desiredTrust } from "../settings/rotation.ts";
import type { ClusterSettings, ManifestSettings, Settings } from "../settings/settings.ts";
import { answer } from "./answers.ts";
import type { Manifest } from "./manifest.ts";
import { ownReference, toBase64, type References } from "./references.ts";
import { tokenReferences, tokenType } from "./secrets.ts";
import { runWithoutEngine, unwrap } from "./stand-in.ts";

/** A resource as the components make it, on one of the clusters. */
export interface RecordedResource {
  readonly type: string;
  /** Types of all that it is a part of, outermost first. */
  readonly path: readonly string[];
  readonly cluster: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly transforms: readonly pulumi.ResourceTransform[];
  /** Inputs of the component that it is a part of. */
  readonly parentInputs: Readonly<Record<string, unknown>>;
}

type Plain = Record<string, unknown>;

/** The settings without what only an update needs: nobody is asked, and every issuer is in the store. */
function withoutAccess(settings: Settings): Settings {
  const issuer = { certificate: ownReference, privateKey: ownReference };
  const clusters = settings.clusters.map((cluster): ClusterSettings => {
    // Only links need it, and the rules have refused a link to a cluster without.
    const known = { issuer, apiServer: cluster.apiServer ?? "https://nobody.links.here" };
    return cluster.source === "existing"
      ? { ...cluster, ...known, kubeconfig: { from: "secret", kubeconfig: "" } }
      : { ...cluster, ...known };
  });
  return { ...settings, clusters };
}

function nameOf(urn: string): string {
  return urn.split("::")[3] ?? "";
}

/** Runs the components for `settings` without engine and clusters; what they make on each cluster. */
export async function recordMesh(
  settings: Settings,
  manifests: ManifestSettings,
  references: References,
): Promise<RecordedResource[]> {
  const { environment } = settings;
  const recorded = new Map<string, RecordedResource & { readonly parent: string }>();
  const clusterOf = (provider: string, parent: string): string =>
    provider === "" ? (recorded.get(parent)?.cluster ?? "") : nameOf(provider);

  const newResource: pulumi.runtime.Mocks["newResource"] = ({ type, name, inputs, provider = "" }) => {
    const given = inputs as Plain;
    const state = { ...given, ...answer(type, given, manifests.webhookAuthority ?? "") };
    if (given["type"] !== tokenType) return { id: `${name}-id`, state };
    const secret = { metadata: unwrap(given["metadata"]) as Manifest["metadata"] };
    const place = { environment, cluster: nameOf(provider), settings: manifests };
    const { token, certificateAuthority } = tokenReferences(secret, place);
    const data = {
      token: toBase64(references.mark(token)),
      "ca.crt": toBase64(references.mark(certificateAuthority)),
    };
    return { id: `${name}-id`, state: { ...state, data } };
  };

  // Nothing is deployed that could be due: what is made anew is what the settings ask for.
  const renewals = plannedRenewals(parseDeployed({}), settings, new Date());
  await runWithoutEngine(
    () => {
      createMesh(withoutAccess(settings), { planned: { ...desiredTrust(settings), ...renewals } });
    },
    {
      mocks: {
        newResource,
        call: ({ token }) => {
          throw new Error(`Nothing answers ${token}.`);
        },
      },
      project: "mesh",
      stack: environment,
      onResource: (request, urn, transforms) => {
        recorded.set(urn, {
          type: request.getType(),
          path: (urn.split("::")[2] ?? "").split("$").slice(0, -1),
          parent: request.getParent(),
          cluster: clusterOf(request.getProvider(), request.getParent()),
          inputs: unwrap(request.getObject()?.toJavaScript() ?? {}) as Plain,
          transforms,
          parentInputs: recorded.get(request.getParent())?.inputs ?? {},
        });
      },
    },
  );
  return [...recorded.values()].filter(({ type }) => type.startsWith("kubernetes:"));
}
