import * as pulumi from "@pulumi/pulumi";

import type * as k8s from "@pulumi/kubernetes";

import type { ExistingClusterSettings } from "../../settings/settings.ts";
import { clusterIdentity, clusterProvider, type Cluster, type ClusterAccess } from "./cluster.ts";
import { readContext, serverOf } from "./kubeconfig.ts";

export interface ExistingClusterArgs {
  readonly environment: string;
  readonly settings: ExistingClusterSettings;
  /** Taken instead of the settings' own. */
  readonly kubeconfig?: pulumi.Input<string> | undefined;
}

/** A cluster that others made: nothing of it is created, nothing deleted. */
export class ExistingCluster extends pulumi.ComponentResource implements Cluster {
  readonly settings: ExistingClusterSettings;
  readonly provider: k8s.Provider;
  readonly apiServer: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly access: ClusterAccess;
  readonly identity: pulumi.Output<string>;
  readonly deletedWith = undefined;

  constructor(
    name: string,
    { environment, settings, kubeconfig }: ExistingClusterArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:cluster:ExistingCluster", name, {}, opts);

    this.settings = settings;
    this.identity = clusterIdentity(environment, settings.name);
    const { kubeconfig: source } = settings;
    if (source.from === "context") {
      const { kubeconfig: found, server } = readContext(source.context, source.path);
      this.kubeconfig = pulumi.secret(found);
      this.apiServer = pulumi.output(settings.apiServer ?? server);
      this.access = { context: source.context, path: source.path };
      // The provider reads the file itself, so that a person's credentials don't enter the state.
      this.provider = clusterProvider(
        name,
        {
          identity: this.identity,
          adopt: settings.adopt,
          context: source.context,
          ...(source.path === undefined ? {} : { kubeconfig: source.path }),
        },
        { parent: this },
      );
    } else {
      this.kubeconfig =
        source.from === "secret"
          ? pulumi.secret(kubeconfig ?? source.kubeconfig)
          : this.kubeconfigOf(`${name}-stack`, source.stack, source.output);
      this.apiServer =
        settings.apiServer === undefined
          ? pulumi.unsecret(this.kubeconfig).apply(serverOf)
          : pulumi.output(settings.apiServer);
      this.access = { kubeconfig: this.kubeconfig };
      this.provider = clusterProvider(
        name,
        { identity: this.identity, adopt: settings.adopt, kubeconfig: this.kubeconfig },
        { parent: this },
      );
    }
    this.registerOutputs({ apiServer: this.apiServer });
  }

  /** Another stack's output, or with dots what is inside of it: `kubeconfigs.cluster1`. */
  private kubeconfigOf(name: string, stack: string, path: string): pulumi.Output<string> {
    const [output = "", ...keys] = path.split(".");
    const reference = new pulumi.StackReference(name, { name: stack }, { parent: this });
    return pulumi.secret(
      reference.requireOutput(output).apply((value: unknown) => {
        const kubeconfig = keys.reduce<unknown>(
          (inner, key) => (inner as Record<string, unknown>)[key],
          value,
        );
        if (typeof kubeconfig === "string") return kubeconfig;
        throw new pulumi.RunError(`Stack ${stack} has no kubeconfig at its output ${path}.`);
      }),
    );
  }
}
