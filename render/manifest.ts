import { stringify } from "yaml";

/** A Kubernetes object as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/**
 * What is applied before what, within one step: names before what uses them, as Helm does it. A token's Secret comes
 * after its ServiceAccount, without which it is deleted; a Server after the policies that let somebody in.
 */
const order = [
  "Namespace",
  "CustomResourceDefinition",
  "ServiceAccount",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
  "ConfigMap",
  "Secret",
  "ExternalSecret",
  "PushSecret",
  "Service",
];
const last = ["Link", "Server", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

function rank({ kind }: Manifest): number {
  if (last.includes(kind)) return order.length + 1 + last.indexOf(kind);
  const found = order.indexOf(kind);
  return found === -1 ? order.length : found;
}

/** What an object is told apart by. */
export function identityOf({ apiVersion, kind, metadata: { namespace = "", name } }: Manifest): string {
  return [kind, apiVersion, namespace, name].join(" ");
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  return manifests.toSorted(
    (one, other) => rank(one) - rank(other) || compareText(identityOf(one), identityOf(other)),
  );
}

function isOurs([key]: [string, unknown]): boolean {
  return key.startsWith("pulumi.com/");
}

/** Without what only the engine reads, and without what is empty. */
export function withoutEngineMarks(manifest: Manifest): Manifest {
  const { annotations = {}, labels = {}, ...metadata } = manifest.metadata;
  const kept = Object.fromEntries(Object.entries(annotations).filter((entry) => !isOurs(entry)));
  return {
    ...manifest,
    metadata: {
      ...metadata,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(kept).length === 0 ? {} : { annotations: kept }),
    },
  };
}

/** The text of a file: its objects in order, keys sorted at the top as people expect them. */
export function toText(manifests: readonly Manifest[]): string {
  const documents = inOrder(manifests).map(({ apiVersion, kind, metadata, ...rest }) =>
    stringify(
      { apiVersion, kind, metadata, ...rest },
      // Quotes whatever some parser of older YAML would take for something else.
      { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false },
    ),
  );
  return documents.map((document) => `---\n${document}`).join("");
}
