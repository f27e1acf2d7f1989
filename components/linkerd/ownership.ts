import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import { multiclusterNamespace } from "../../settings/multicluster.ts";
import type { LinkerdSettings, ServiceSettings } from "../../settings/settings.ts";
import { accessEnvironment, type ClusterAccess } from "../cluster/cluster.ts";
import { commandLine } from "../cluster/programs.ts";
import { cniNamespace } from "./cni.ts";
import { vizNamespace } from "./viz.ts";

export interface OwnershipArgs {
  readonly linkerd: Pick<LinkerdSettings, "cni" | "viz">;
  readonly controlPlaneNamespace: string;
  /** Services of the cluster that are exported. */
  readonly services: readonly Pick<ServiceSettings, "namespace" | "name">[];
  readonly access: ClusterAccess;
}

/**
 * Makes the stack the owner of what it has taken over. Fields that Helm, kubectl or a state that is lost wrote belong to
 * them otherwise: a later update that changes one is refused with a conflict, and one that takes an export out leaves
 * its label behind. Comes after everything that is taken over; changes `managedFields` and nothing else.
 */
export class Ownership extends command.local.Command {
  constructor(name: string, args: OwnershipArgs, opts?: pulumi.CustomResourceOptions) {
    const { linkerd, controlPlaneNamespace } = args;
    const namespaces = [
      controlPlaneNamespace,
      multiclusterNamespace,
      ...(linkerd.viz ? [vizNamespace] : []),
      ...(linkerd.cni ? [cniNamespace] : []),
    ];
    const labels = [
      `linkerd.io/control-plane-ns=${controlPlaneNamespace}`,
      "linkerd.io/extension=multicluster",
      ...(linkerd.viz ? ["linkerd.io/extension=viz"] : []),
      ...(linkerd.cni ? ["linkerd.io/cni-resource=true"] : []),
    ];
    super(
      name,
      {
        create: `${commandLine("linkerd/ownership")} take`,
        environment: {
          MESH_NAMESPACES: namespaces.join("\n"),
          MESH_LABELS: labels.join("\n"),
          MESH_SERVICES: args.services.map((service) => `${service.namespace}/${service.name}`).join("\n"),
          ...accessEnvironment(args.access),
        },
        logging: "stderr",
      },
      opts,
    );
  }
}
