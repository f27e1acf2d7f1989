import * as pulumi from "@pulumi/pulumi";

import { standIn } from "../../settings/encrypted.ts";
import { SettingsError } from "../../settings/problem.ts";
import { orRunError, toSettings } from "../../settings/read.ts";
import type { GivenSettings } from "../../settings/schema.ts";
import type { Settings } from "../../settings/settings.ts";
import { deployMesh, type MeshOutputs } from "./deploy-mesh.ts";

export type Kubeconfigs = Readonly<Record<string, pulumi.Input<string>>>;

/** The settings of a stack file, without their prefix: plain values, since they decide which resources there are. */
export interface MeshArgs extends Omit<GivenSettings, "split"> {
  /**
   * Kubeconfigs of existing clusters, by cluster, which may be outputs of what makes the clusters; in place of their
   * `context`, `kubeconfig` or `stack`.
   */
  readonly kubeconfigs?: Kubeconfigs;
}

function settingsOf(given: Readonly<Record<string, unknown>>, kubeconfigs: Kubeconfigs): Settings {
  const clusters = (given["clusters"] ?? {}) as Readonly<Record<string, object>>;
  const homeless = Object.keys(kubeconfigs).filter((name) => !(name in clusters));
  if (homeless.length > 0) {
    const names = Object.keys(clusters).join(", ");
    throw new SettingsError(
      homeless.map((name) => ({
        path: "kubeconfigs",
        value: name,
        problem: "is none of clusters",
        remedy: `list it there, or leave its kubeconfig out; there are ${names}`,
      })),
    );
  }
  const withKubeconfigs = Object.entries(clusters).map(([name, cluster]) => [
    name,
    name in kubeconfigs ? { ...cluster, kubeconfig: standIn(`kubeconfigs.${name}`) } : cluster,
  ]);
  return toSettings({ ...given, clusters: Object.fromEntries(withKubeconfigs) as unknown });
}

/**
 * A whole environment in a program of one's own: clusters, trust, Linkerd, links, and what crosses them. One in a stack.
 *
 * Its outputs `mesh`, `trust`, `expires` and `kubeconfigs` must be the stack's, under these names: the next update is
 * compared with them, and refuses what would break trust or links.
 */
export class Mesh extends pulumi.ComponentResource {
  static readonly type = "linkerd-mesh:index:Mesh";

  /** Clusters with their API servers and gateways, links, services with their mirrors, routes. */
  readonly mesh: pulumi.Output<unknown>;
  /** What of trust is deployed. */
  readonly trust: pulumi.Output<unknown>;
  /** When each certificate ends, and each token that is renewed by age, RFC 3339. */
  readonly expires: pulumi.Output<unknown>;
  /** By cluster; secret. */
  readonly kubeconfigs: pulumi.Output<unknown>;

  constructor(name: string, args: MeshArgs, opts?: pulumi.ComponentResourceOptions) {
    // The settings aren't kept in the state: there may be keys in them.
    super(Mesh.type, name, {}, opts);

    const { kubeconfigs = {}, ...given } = args;
    const place = { part: { kind: "whole" }, base: pulumi.getStack() } as const;
    const settings = orRunError(() => settingsOf(given, kubeconfigs));
    const outputs = deployMesh(settings, place, { kubeconfigs, parent: this });
    const output = (key: keyof MeshOutputs) => pulumi.output(outputs.then((all) => all[key]));
    this.mesh = output("mesh");
    this.trust = output("trust");
    this.expires = output("expires");
    this.kubeconfigs = output("kubeconfigs");
    this.registerOutputs({
      mesh: this.mesh,
      trust: this.trust,
      expires: this.expires,
      kubeconfigs: this.kubeconfigs,
    });
  }
}
