import { execFileSync } from "node:child_process";

import { findProgram } from "../components/cluster/programs.ts";
import type { Pair } from "../settings/test-certificates.ts";
import type { TestCluster } from "./clusters.ts";

const group = "external-secrets.io";

/** A definition that takes any object: External Secrets itself isn't here. */
function definition(kind: string, plural: string, version: string) {
  const schema = {
    openAPIV3Schema: {
      type: "object",
      properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
    },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  };
}

interface Reference {
  readonly key: string;
  readonly property: string;
}

interface ExternalSecret {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly target: {
      readonly name: string;
      readonly immutable?: boolean;
      readonly template: {
        readonly type?: string;
        readonly metadata?: object;
        readonly data?: Readonly<Record<string, string>>;
      };
    };
    readonly data: readonly { readonly secretKey: string; readonly remoteRef: Reference }[];
  };
}

interface PushSecret {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly selector: { readonly secret: { readonly name: string } };
    readonly data: readonly {
      readonly match: {
        readonly secretKey: string;
        readonly remoteRef: { remoteKey: string; property: string };
      };
    }[];
  };
}

/** Runs kubectl on a cluster, with objects on its standard input. */
export function kubectl(cluster: TestCluster, args: readonly string[], input?: unknown): string {
  const all = ["--kubeconfig", cluster.kubeconfigPath, ...args];
  return execFileSync(findProgram("kubectl") ?? "kubectl", all, {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });
}

function list<T>(cluster: TestCluster, resource: string): T[] {
  return (JSON.parse(kubectl(cluster, ["get", resource, "-A", "-o", "json"])) as { items: T[] }).items;
}

/** What External Secrets makes of a template, as far as the rendered manifests use it. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(
    /\{\{ (?:index \. "([^"]+)"|\.(\w+))( \| b64enc)? \}\}/g,
    (_all, quoted: string | undefined, plain: string | undefined, encoded: string | undefined) => {
      const value = values[quoted ?? plain ?? ""] ?? "";
      return encoded === undefined ? value : Buffer.from(value).toString("base64");
    },
  );
}

/** A secret store, with what External Secrets does between it and the clusters. */
export class SecretStore {
  private readonly values = new Map<string, Record<string, string>>();

  install(cluster: TestCluster): void {
    for (const object of [
      definition("ExternalSecret", "externalsecrets", "v1"),
      definition("PushSecret", "pushsecrets", "v1alpha1"),
    ]) {
      kubectl(cluster, ["apply", "--server-side", "-f", "-"], object);
    }
  }

  put(key: string, values: Record<string, string>): void {
    this.values.set(key, { ...this.values.get(key), ...values });
  }

  putPair(key: string, { certificate, privateKey }: Pair): void {
    this.put(key, { "tls.crt": certificate, "tls.key": privateKey });
  }

  /** Puts into the store what the cluster's PushSecrets name. */
  push(cluster: TestCluster): void {
    for (const { metadata, spec } of list<PushSecret>(cluster, "pushsecrets")) {
      const args = ["-n", metadata.namespace, "get", "secret", spec.selector.secret.name, "-o", "json"];
      const { data } = JSON.parse(kubectl(cluster, args)) as { data: Record<string, string> };
      for (const { match } of spec.data) {
        const value = Buffer.from(data[match.secretKey] ?? "", "base64").toString();
        this.put(match.remoteRef.remoteKey, { [match.remoteRef.property]: value });
      }
    }
  }

  /** Makes the Secrets that the cluster's ExternalSecrets name; fails where the store lacks a value. */
  pull(cluster: TestCluster): void {
    for (const { metadata, spec } of list<ExternalSecret>(cluster, "externalsecrets")) {
      const values = Object.fromEntries(
        spec.data.map(({ secretKey, remoteRef: { key, property } }) => {
          const value = this.values.get(key)?.[property];
          if (value === undefined) throw new Error(`the store has no ${property} under ${key}`);
          return [secretKey, value];
        }),
      );
      const { template, immutable, name } = spec.target;
      const data = Object.entries(template.data ?? values).map(([key, text]) => [
        key,
        template.data === undefined ? text : fill(text, values),
      ]);
      kubectl(cluster, ["apply", "--server-side", "-f", "-"], {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: metadata.namespace, ...template.metadata },
        ...(template.type === undefined ? {} : { type: template.type }),
        ...(immutable === true ? { immutable } : {}),
        stringData: Object.fromEntries(data) as Record<string, string>,
      });
    }
  }
}
