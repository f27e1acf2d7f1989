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

/** What a stack says of its part. */
interface PartOutputs {
  readonly mesh?: MeshOutput;
  readonly trust?: { readonly anchors: Readonly<Record<string, string>> };
  readonly kubeconfigs?: Readonly<Record<string, string>>;
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

  /** One thing that a part's stack says. A preview goes on without what it says only after its first update. */
  private find<Key extends keyof PartOutputs, T>(
    part: Part,
    [output, what]: readonly [Key, string],
    find: (said: NonNullable<PartOutputs[Key]>) => T | undefined,
  ): pulumi.Output<T> {
    const stack = stackOf(this.base, part);
    return pulumi.output(this.stack(part).getOutput(output)).apply((said: PartOutputs[Key]): T => {
      const found = said === undefined ? undefined : find(said);
      if (found !== undefined) return found;
      if (pulumi.runtime.isDryRun()) return pulumi.unknown as T;
      throw new pulumi.RunError(`Stack ${stack} doesn't say ${what}: update it first.`);
    });
  }

  /** It may be beside secrets; what isn't one itself is public. */
  private ask<T>(part: Part, what: string, find: (mesh: MeshOutput) => T | undefined): pulumi.Output<T> {
    return pulumi.unsecret(this.find(part, ["mesh", what], find));
  }

  /** The anchors, from the stack that makes them. */
  anchors({ trust }: Settings): TrustedAnchors {
    const part = { kind: "trust" } as const;
    const signs = trust.givenAnchor === undefined || trust.givenAnchor.privateKey !== undefined;
    const signer = () => this.ask(part, "who signs", ({ parts }) => parts?.trustSigner);
    return {
      bundle: this.ask(part, "what is trusted", ({ parts }) => parts?.trustBundle),
      signer: signs
        ? {
            certificate: signer().apply(({ certificate }) => certificate),
            privateKey: pulumi.secret(signer().apply(({ privateKey }) => privateKey)),
          }
        : undefined,
      certificates: this.find(part, ["trust", "which anchors there are"], ({ anchors }) => anchors),
      expires: undefined,
    };
  }

  cluster(name: string): ClusterFacts {
    const part = { kind: "cluster", cluster: name } as const;
    const kubeconfig = this.find(part, ["kubeconfigs", "how it is reached"], (known) => known[name]);
    return {
      apiServer: this.ask(part, "where its API server is", ({ clusters }) => clusters[name]?.apiServer),
      identity: this.ask(part, "which cluster it is", ({ parts }) => parts?.identities?.[name]),
      kubeconfig: pulumi.secret(kubeconfig),
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
