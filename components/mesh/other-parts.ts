import * as pulumi from "@pulumi/pulumi";

import { stackOf, type Part } from "../../settings/part.ts";
import type { Settings } from "../../settings/settings.ts";
import { remoteServiceAccount, type RemoteAccess } from "../link/remote-access.ts";
import type { Anchors } from "../trust/anchors.ts";

/** What a source cluster needs to read a target. */
export type Access = Pick<RemoteAccess, "token" | "certificateAuthority" | "serviceAccount">;

/** What the stack of one cluster says of it. */
export interface ClusterFacts {
  readonly apiServer: pulumi.Output<string>;
  readonly gatewayAddresses: pulumi.Output<string[]>;
  readonly identity: pulumi.Output<string>;
  /** Secret. */
  readonly kubeconfig: pulumi.Output<string>;
}

interface MeshOutput {
  readonly clusters: Readonly<Record<string, { readonly apiServer: string; readonly gateway: string[] }>>;
}

interface AccessOutput {
  readonly token: string;
  readonly certificateAuthority: string;
}

/** What clusters trust, from wherever it is made. */
export interface TrustedAnchors extends Pick<Anchors, "bundle" | "signer"> {
  /** PEM, by id. */
  readonly certificates: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  /** Undefined where another stack makes them, and says when they expire. */
  readonly expires: Anchors["expires"] | undefined;
}

/** The other stacks of a split environment. What is secret there stays secret here. */
export class OtherParts {
  private readonly base: string;
  private readonly references = new Map<string, pulumi.StackReference>();

  constructor(base: string) {
    this.base = base;
  }

  private stack(part: Part): pulumi.StackReference {
    const name = stackOf(this.base, part);
    const known = this.references.get(name);
    if (known !== undefined) return known;
    const path = [pulumi.getOrganization(), pulumi.getProject(), name].join("/");
    const reference = new pulumi.StackReference(name, { name: path });
    this.references.set(name, reference);
    return reference;
  }

  /** One entry of an output that has one for each name. */
  private entry<T>(part: Part, output: string, name: string): pulumi.Output<T> {
    const entries = this.stack(part).requireOutput(output) as pulumi.Output<
      Readonly<Record<string, unknown>>
    >;
    return entries.apply((known) => {
      if (known[name] !== undefined) return known[name];
      const stack = stackOf(this.base, part);
      throw new pulumi.RunError(
        `Stack ${stack} says nothing of ${name} in its output ${output}: update it first.`,
      );
    }) as pulumi.Output<T>;
  }

  /** The anchors, from the stack that makes them. */
  anchors({ trust }: Settings): TrustedAnchors {
    const reference = this.stack({ kind: "trust" });
    const signs = trust.givenAnchor === undefined || trust.givenAnchor.privateKey !== undefined;
    const signer = () => reference.requireOutput("trustSigner") as pulumi.Output<Record<string, string>>;
    return {
      bundle: reference.requireOutput("trustBundle") as pulumi.Output<string>,
      signer: signs
        ? {
            certificate: pulumi.unsecret(signer().apply(({ certificate = "" }) => certificate)),
            privateKey: signer().apply(({ privateKey = "" }) => privateKey),
          }
        : undefined,
      certificates: (
        reference.requireOutput("trust") as pulumi.Output<{ anchors: Record<string, string> }>
      ).apply(({ anchors }) => anchors),
      expires: undefined,
    };
  }

  cluster(name: string): ClusterFacts {
    const part = { kind: "cluster", cluster: name } as const;
    const mesh = this.stack(part).requireOutput("mesh") as pulumi.Output<MeshOutput>;
    return {
      apiServer: mesh.apply(({ clusters }) => clusters[name]?.apiServer ?? ""),
      gatewayAddresses: mesh.apply(({ clusters }) => clusters[name]?.gateway ?? []),
      identity: this.entry<string>(part, "identities", name),
      kubeconfig: this.entry<string>(part, "kubeconfigs", name),
    };
  }

  /** A source's access to a target, which the target's stack has made. */
  access(source: string, target: string): Access {
    const access = this.entry<AccessOutput>({ kind: "cluster", cluster: target }, "accesses", source);
    return {
      token: access.apply(({ token }) => token),
      certificateAuthority: pulumi.unsecret(access.apply((one) => one.certificateAuthority)),
      serviceAccount: remoteServiceAccount(source),
    };
  }
}
