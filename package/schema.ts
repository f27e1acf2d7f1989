import { settingsJsonSchema, type JsonSchema } from "../docs/json-schema.ts";

/** As much of Pulumi's package schema as is written here (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/). */
interface TypeSpec {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: TypeSpec;
  readonly additionalProperties?: TypeSpec;
  readonly oneOf?: readonly TypeSpec[];
  readonly discriminator?: {
    readonly propertyName: string;
    readonly mapping: Readonly<Record<string, string>>;
  };
}

interface PropertySpec extends TypeSpec {
  readonly description?: string;
  readonly const?: unknown;
  readonly secret?: boolean;
}

interface ObjectSpec {
  readonly type: "object";
  readonly description?: string;
  readonly properties: Readonly<Record<string, PropertySpec>>;
  readonly required: readonly string[];
}

const name = "linkerd-mesh";
const any: TypeSpec = { $ref: "pulumi.json#/Any" };
const simple = ["string", "boolean", "integer", "number"];

function pascal(words: readonly string[]): string {
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** What one of a list, or of a map, is called. */
function singular(path: readonly string[]): string[] {
  const last = path.at(-1) ?? "";
  return [...path.slice(0, -1), last.endsWith("ches") ? last.slice(0, -2) : last.replace(/s$/, "")];
}

/** By which property the kinds of a union are told apart: the one that is a constant in each. */
function discriminatorOf(kinds: readonly JsonSchema[]): string | undefined {
  const [first] = kinds;
  return Object.keys(first?.properties ?? {}).find((key) =>
    kinds.every(({ properties }) => typeof properties?.[key]?.const === "string"),
  );
}

/** Collects the object types as it goes through the settings. */
class Types {
  readonly specs: Record<string, ObjectSpec> = {};

  private object(schema: JsonSchema, path: readonly string[]): TypeSpec {
    const token = `${name}:index:${pascal(path)}`;
    this.specs[token] = {
      type: "object",
      ...(schema.description === undefined ? {} : { description: schema.description }),
      properties: this.properties(schema, path),
      required: this.required(schema),
    };
    return { $ref: `#/types/${token}` };
  }

  /** What has a default needn't be given. */
  private required({ required = [], properties = {} }: JsonSchema): string[] {
    return required.filter((key) => properties[key]?.default === undefined);
  }

  properties({ properties = {} }: JsonSchema, path: readonly string[]): Record<string, PropertySpec> {
    return Object.fromEntries(
      Object.entries(properties).map(([key, schema]) => [key, this.property(schema, [...path, key])]),
    );
  }

  private property(schema: JsonSchema, path: readonly string[]): PropertySpec {
    const { description, enum: values, default: fallback } = schema;
    const lines = [
      ...(description === undefined ? [] : [description]),
      ...(values === undefined
        ? []
        : [`One of ${values.map((value) => `\`${String(value)}\``).join(", ")}.`]),
      ...(fallback === undefined ? [] : [`Default: \`${JSON.stringify(fallback)}\`.`]),
    ];
    return {
      ...this.type(schema, path),
      ...(schema.const === undefined ? {} : { const: schema.const }),
      ...(lines.length === 0 ? {} : { description: lines.join("\n") }),
    };
  }

  private type(schema: JsonSchema, path: readonly string[]): TypeSpec {
    const { type, items, properties, additionalProperties, oneOf, anyOf = [], const: constant } = schema;
    const [first] = anyOf;
    if (first !== undefined && anyOf.every((other) => other.type === first.type))
      return this.type(first, path);
    if (oneOf !== undefined) return this.union(oneOf, path);
    if (typeof constant === "string") return { type: "string" };
    if (type !== undefined && simple.includes(type)) return { type };
    if (type === "array")
      return { type, items: items === undefined ? any : this.type(items, singular(path)) };
    if (properties !== undefined) return this.object(schema, path);
    if (typeof additionalProperties === "object") {
      return { type: "object", additionalProperties: this.type(additionalProperties, singular(path)) };
    }
    return any;
  }

  /** Kinds of one thing; anything where they aren't told apart by a property. */
  private union(kinds: readonly JsonSchema[], path: readonly string[]): TypeSpec {
    const propertyName = discriminatorOf(kinds);
    if (propertyName === undefined) return any;
    const named = kinds.map((kind) => {
      const value = String(kind.properties?.[propertyName]?.const);
      return [value, this.object(kind, [value, ...path])] as const;
    });
    return {
      oneOf: named.map(([, spec]) => spec),
      discriminator: {
        propertyName,
        mapping: Object.fromEntries(named.map(([value, { $ref = "" }]) => [value, $ref])),
      },
    };
  }
}

const kubeconfigs = { type: "object", additionalProperties: { type: "string" }, secret: true } as const;

/** The package as other languages see it, made of the settings' own descriptions. */
export function packageSchema(version: string, description: string) {
  const types = new Types();
  const { split: _, ...inputs } = types.properties(settingsJsonSchema(), []);
  return {
    name,
    displayName: "Linkerd mesh",
    version,
    description,
    license: "Apache-2.0",
    types: types.specs,
    resources: {
      [`${name}:index:Mesh`]: {
        isComponent: true,
        description:
          "A whole environment: clusters, trust, Linkerd, links, and what crosses them. One in a stack.\n\n" +
          "Its outputs must be the stack's, under the same names: the next update is compared with them, and refuses " +
          "what would break trust or links.",
        inputProperties: {
          ...inputs,
          kubeconfigs: {
            ...kubeconfigs,
            description:
              "Kubeconfigs of existing clusters, by cluster, which may be outputs of what makes the clusters; in place " +
              "of their `context`, `kubeconfig` or `stack`.",
          },
        },
        requiredInputs: ["environment", "clusters"],
        properties: {
          mesh: {
            ...any,
            description:
              "Clusters with their API servers and gateways, links, services with their mirrors, routes.",
          },
          trust: { ...any, description: "What of trust is deployed." },
          expires: {
            ...any,
            description: "When each certificate ends, and each token that is renewed by age.",
          },
          kubeconfigs: { ...kubeconfigs, description: "By cluster." },
        },
        required: ["mesh", "trust", "expires", "kubeconfigs"],
      },
    },
    language: {},
  };
}
