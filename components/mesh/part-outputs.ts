import * as pulumi from "@pulumi/pulumi";

import type { MeshResources } from "./create-mesh.ts";

/** What the stacks of other parts read of this one; see OtherParts. */
export interface PartOutputs {
  readonly trustBundle?: pulumi.Output<string> | undefined;
  /** Secret. */
  readonly trustSigner?: pulumi.Output<unknown> | undefined;
  /** By cluster. */
  readonly identities?: Readonly<Record<string, pulumi.Output<string>>>;
  /** What each source needs to read the cluster; secret. */
  readonly accesses?: pulumi.Output<unknown>;
}

/** Outputs of the part that makes the anchors. */
export function trustOutputs({ anchors }: MeshResources): PartOutputs {
  const signer = anchors?.signer;
  return {
    trustBundle: anchors?.bundle,
    trustSigner: signer === undefined ? undefined : pulumi.secret(signer),
  };
}

/** Outputs of a part that makes clusters. */
export function clusterOutputs({ clusters }: MeshResources): PartOutputs {
  return {
    identities: Object.fromEntries([...clusters].map(([name, { identity }]) => [name, identity])),
  };
}

/** Outputs of a part that makes the extension of a cluster. */
export function multiclusterOutputs({ accesses }: MeshResources): PartOutputs {
  const read = accesses.map(
    ({ source, access: { token, certificateAuthority } }) =>
      [source, { token, certificateAuthority }] as const,
  );
  return { accesses: pulumi.secret(Object.fromEntries(read)) };
}
