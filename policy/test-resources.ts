/** Resources for tests of policies, and what a policy says of them when the engine asks it. */
import type {
  PolicyProviderResource,
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import * as proxy from "@pulumi/policy/proxy.js";

import type { Graph, Registered } from "../tests/record.ts";

/** What the SDK puts around properties, so that touching an unknown one in a preview can be told. */
const { unknownCheckingProxy, unknownStringValue: unknown } = proxy as unknown as {
  unknownCheckingProxy: (props: object) => Record<string, unknown>;
  unknownStringValue: string;
};

export { unknown };

export interface ResourceArgs {
  /** Types of all that it is a part of, outermost first, and its own. */
  readonly types: readonly string[];
  readonly name: string;
  readonly props?: Record<string, unknown>;
  readonly provider?: string;
  readonly protect?: boolean;
  readonly parent?: PolicyResource;
  readonly propertyDependencies?: Record<string, PolicyResource[]>;
}

function providerNamed(name: string): PolicyProviderResource {
  const type = "pulumi:providers:kubernetes";
  return { type, name, urn: `urn:pulumi:test::mesh::${type}::${name}`, props: {} };
}

export function resource({ types, name, protect = false, ...args }: ResourceArgs): PolicyResource {
  const type = types.at(-1) ?? "";
  return {
    type,
    name,
    urn: `urn:pulumi:test::mesh::${types.join("$")}::${name}`,
    props: unknownCheckingProxy(args.props ?? {}),
    opts: {
      protect,
      ignoreChanges: [],
      aliases: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      additionalSecretOutputs: [],
    },
    ...(args.provider === undefined ? {} : { provider: providerNamed(args.provider) }),
    ...(args.parent === undefined ? {} : { parent: args.parent }),
    dependencies: [],
    propertyDependencies: args.propertyDependencies ?? {},
    isType: () => false,
    asType: () => undefined,
  };
}

/** Everything that a program registered, as the engine hands it to policies. */
export function resourcesOf(graph: Graph): PolicyResource[] {
  const registered = new Set(graph.urns);
  const known = new Map<string, PolicyResource>();
  const toResource = (given: Registered): PolicyResource => {
    const { urn, type, name, inputs, provider, parent, protect, propertyDependencies } = given;
    const before = known.get(urn);
    if (before !== undefined) return before;
    const find = (other: string) => toResource(graph.withUrn(other));
    // What a program only reads, such as another stack, isn't registered.
    const made = (urns: readonly string[]) => urns.filter((other) => registered.has(other)).map(find);
    const one = {
      ...resource({
        types: [type],
        name,
        props: { ...inputs },
        protect,
        ...(provider === undefined ? {} : { provider: graph.withUrn(provider).name }),
        ...(parent === undefined ? {} : { parent: find(parent) }),
        propertyDependencies: Object.fromEntries(
          Object.entries(propertyDependencies).map(([property, urns]) => [property, made(urns)]),
        ),
      }),
      urn,
    };
    known.set(urn, one);
    return one;
  };
  return graph.resources.map(toResource);
}

function notApplicable(): never {
  throw new Error("Every policy here looks for itself whether it applies.");
}

/** What the policy reports, each with the resource's name in front. */
export async function violations(
  policy: ResourceValidationPolicy | StackValidationPolicy,
  resources: readonly PolicyResource[],
  config: object = {},
): Promise<string[]> {
  const found: string[] = [];
  const common = {
    stackTags: new Map<string, string>(),
    getConfig: (() => config) as ResourceValidationArgs["getConfig"],
    notApplicable,
  };
  const nameOf = (urn: string | undefined) => urn?.split("::")[3] ?? "the stack";
  if ("validateStack" in policy) {
    await policy.validateStack({ ...common, resources: [...resources] }, (message, urn) => {
      found.push(`${nameOf(urn)}: ${message}`);
    });
    return found;
  }
  const { validateResource } = policy;
  if (typeof validateResource !== "function") throw new Error(`${policy.name} validates nothing.`);
  for (const one of resources) {
    const args: ResourceValidationArgs = { ...one, ...common, asType: () => undefined };
    await validateResource(args, (message) => found.push(`${one.name}: ${message}`));
  }
  return found;
}
