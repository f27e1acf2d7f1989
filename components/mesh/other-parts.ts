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
  readonly identity: pulumi.Output<string>;
  /** Secret. */
  readonly kubeconfig: pulumi.Output<string>;
}

interface MeshOutput {
  readonly clusters: Readonly<Record<string, { readonly apiServer?: string; readonly gateway?: string[] }>>;
  readonly parts?: {
    readonly trustBundle?: string;
    readonly trustSigner?: { readonly certificate: string; readonly privateKey: string };
    readonly identities?: Readonly<Record<string, string>>;
    readonly accesses?: Readonly<
      Record<string, { readonly token: string; readonly certificateAuthority: string }>
    >;
  };
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

  private readonly opts: pulumi.CustomResourceOptions;

  constructor(base: string, opts: pulumi.CustomResourceOptions = {}) {
    this.base = base;
    this.opts = opts;
  }

  private stack(part: Part): pulumi.StackReference {
    const name = stackOf(this.base, part);
    const known = this.references.get(name);
    if (known !== undefined) return known;
    const path = [pulumi.getOrganization(), pulumi.getProject(), name].join("/");
    const reference = new pulumi.StackReference(name, { name: path }, this.opts);
    this.references.set(name, reference);
    return reference;
  }

  /** One thing that a part's stack says. It may be beside secrets; what isn't one itself is public. */
  private ask<T>(part: Part, what: string, find: (mesh: MeshOutput) => T | undefined): pulumi.Output<T> {
    const stack = stackOf(this.base, part);
    const mesh = pulumi.unsecret(this.stack(part).getOutput("mesh")) as pulumi.Output<MeshOutput | undefined>;
    return mesh.apply((known) => {
      const found = known && find(known);
      if (found !== undefined) return found;
      throw new pulumi.RunError(`Stack ${stack} doesn't say ${what}: update it first.`);
    }) as pulumi.Output<T>;
  }

  /** The anchors, from the stack that makes them. */
  anchors({ trust }: Settings): TrustedAnchors {
    const part = { kind: "trust" } as const;
    const signs = trust.givenAnchor === undefined || trust.givenAnchor.privateKey !== undefined;
    const signer = () => this.ask(part, "who signs", ({ parts }) => parts?.trustSigner);
    const certificates = this.stack(part).requireOutput("trust") as pulumi.Output<{
      anchors: Record<string, string>;
    }>;
    return {
      bundle: this.ask(part, "what is trusted", ({ parts }) => parts?.trustBundle),
      signer: signs
        ? {
            certificate: signer().apply(({ certificate }) => certificate),
            privateKey: pulumi.secret(signer().apply(({ privateKey }) => privateKey)),
          }
        : undefined,
      certificates: certificates.apply(({ anchors }) => anchors),
      expires: undefined,
    };
  }

  cluster(name: string): ClusterFacts {
    const part = { kind: "cluster", cluster: name } as const;
    const kubeconfigs = this.stack(part).requireOutput("kubeconfigs") as pulumi.Output<
      Record<string, string>
    >;
    return {
      apiServer: this.ask(part, "where its API server is", ({ clusters }) => clusters[name]?.apiServer),
      identity: this.ask(part, "which cluster it is", ({ parts }) => parts?.identities?.[name]),
      kubeconfig: pulumi.secret(kubeconfigs.apply((known) => known[name] ?? "")),
    };
  }

  /** As the clusters linked with it reach it: a link asks one part of its target for all that it needs. */
  apiServer(name: string): pulumi.Output<string> {
    const part = { kind: "multicluster", cluster: name } as const;
    return this.ask(part, "where its API server is", ({ clusters }) => clusters[name]?.apiServer);
  }

  gatewayAddresses(name: string): pulumi.Output<string[]> {
    const part = { kind: "multicluster", cluster: name } as const;
    return this.ask(part, "where its gateway is", ({ clusters }) => clusters[name]?.gateway);
  }

  /** A source's access to a target, which is made with the target's extension. */
  access(source: string, target: string): Access {
    const part = { kind: "multicluster", cluster: target } as const;
    const access = this.ask(part, `how ${source} reads it`, ({ parts }) => parts?.accesses?.[source]);
    return {
      token: pulumi.secret(access.apply(({ token }) => token)),
      certificateAuthority: access.apply(({ certificateAuthority }) => certificateAuthority),
      serviceAccount: remoteServiceAccount(source),
    };
  }
}
