/** The component provider: how programs in other languages, and in YAML, make a Mesh. */
import { readFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { main, type ConstructResult, type Provider } from "@pulumi/pulumi/provider/index.js";

import { Mesh, type Kubeconfigs, type MeshArgs } from "../components/mesh/mesh.ts";

/** Where the build puts it. */
const schema = readFileSync(path.resolve(import.meta.dirname, "../plugin/schema.json"), "utf8");

/** Every value inside. @throws pulumi.RunError for one that only an update will know. */
async function known<T>(value: pulumi.Input<T>, what: string): Promise<pulumi.Unwrap<T>> {
  const output = pulumi.output(value) as pulumi.Output<pulumi.Unwrap<T>> & {
    readonly isKnown: Promise<boolean>;
    promise(): Promise<pulumi.Unwrap<T>>;
  };
  if (await output.isKnown) return output.promise();
  throw new pulumi.RunError(`${what} must be known before anything is made, since it decides what is.`);
}

/** One by one, so that those that aren't known yet hold up nothing else. */
async function separate(
  kubeconfigs: Kubeconfigs | pulumi.Output<Readonly<Record<string, string>>>,
): Promise<Kubeconfigs> {
  if (!pulumi.Output.isInstance(kubeconfigs)) return kubeconfigs;
  const names = Object.keys(await known(kubeconfigs, "kubeconfigs"));
  return Object.fromEntries(names.map((name) => [name, kubeconfigs.apply((all) => all[name] ?? "")]));
}

export class MeshProvider implements Provider {
  readonly version = (JSON.parse(schema) as { version: string }).version;

  getSchema(): Promise<string> {
    return Promise.resolve(schema);
  }

  async construct(
    name: string,
    type: string,
    { kubeconfigs = {}, ...inputs }: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<ConstructResult> {
    if (type !== Mesh.type) throw new Error(`There is no ${type}, only ${Mesh.type}.`);
    const settings = (await known(inputs, "A setting of a mesh")) as MeshArgs;
    const separated = await separate(kubeconfigs as Kubeconfigs);
    const made = new Mesh(name, { ...settings, kubeconfigs: separated }, options);
    const { urn, mesh, trust, expires, kubeconfigs: all } = made;
    return { urn, state: { mesh, trust, expires, kubeconfigs: all } };
  }
}

void main(new MeshProvider(), process.argv.slice(2));
