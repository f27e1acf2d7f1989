import { beforeAll, describe, expect, test, vi } from "vitest";

import { parseSettings } from "../settings/parse.ts";
import { SettingsError } from "../settings/problem.ts";
import { minimumKubernetes } from "../settings/rules/clusters.ts";
import { certify } from "../settings/test-certificates.ts";
import { configuration, existing, linkerd } from "../settings/test-examples.ts";
import { parseManifests } from "./charts.ts";
import type { Manifest } from "./manifest.ts";
import { renderManifests } from "./render.ts";
import { useStandInHelm } from "./test-helm.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

type Block = Record<string, unknown>;

const anchor = certify("root.linkerd.cluster.local");
const authority = certify("webhooks");

function target(number: number, more: Block = {}): Block {
  return existing(number, {
    apiServer: `https://api-${number.toString()}.example.com:6443`,
    gateway: { addresses: [`192.0.2.${number.toString()}`] },
    ...more,
  });
}

function manifests(more: Block = {}): Block {
  return { webhookAuthority: authority.certificate, secrets: { store: { name: "vault" } }, ...more };
}

const cart = {
  cluster: "west",
  namespace: "shop",
  name: "cart",
  export: ["gateway", "federated"],
  clients: ["east/shop/web"],
  ports: 80,
  selector: { app: "cart" },
};

function settings(more: Block = {}) {
  return parseSettings(
    configuration({
      clusters: { east: target(1), west: target(2) },
      trust: { anchor: { certificate: anchor.certificate } },
      links: { topology: "mesh", carries: ["gateway", "federated"] },
      services: [cart],
      routes: [
        { cluster: "east", namespace: "shop", service: "cart", port: 80, backends: [{ from: "west" }] },
      ],
      manifests: manifests(),
      ...more,
    }),
  );
}

async function refused(more: Block): Promise<string[]> {
  const error: unknown = await renderManifests(settings(more)).catch((reason: unknown) => reason);
  if (!(error instanceof SettingsError)) throw error;
  return error.problems.map(({ path }) => path);
}

let files: Map<string, string>;

beforeAll(async () => {
  const removeStandIn = await useStandInHelm();
  files = await renderManifests(settings());
  return removeStandIn;
});

function objects(step: string): Manifest[] {
  return parseManifests(files.get(`${step}/manifests.yaml`) ?? "");
}

function names(step: string): string[] {
  return objects(step).map(({ kind, metadata: { name, namespace } }) =>
    [kind, namespace === undefined ? name : `${namespace}/${name}`].join(" "),
  );
}

function find(step: string, kind: string, name: string): Manifest {
  const found = objects(step).find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`${step} has no ${kind} ${name}: ${names(step).join(", ")}`);
  return found;
}

describe("a cluster's manifests", () => {
  test("are steps in the order in which they are applied", () => {
    expect([...files.keys()].filter((file) => file.startsWith("east/"))).toEqual(
      [
        "01-namespaces",
        "02-definitions",
        "03-secrets",
        "05-control-plane",
        "06-multicluster",
        "07-viz",
        "08-access",
        "09-links",
        "10-services",
      ].map((step) => `east/${step}/manifests.yaml`),
    );
    expect(names("east/01-namespaces")).toEqual([
      "Namespace linkerd",
      "Namespace linkerd-multicluster",
      "Namespace linkerd-viz",
    ]);
    expect(find("east/09-links", "Link", "west").metadata.annotations).toMatchObject({
      "argocd.argoproj.io/sync-wave": "9",
    });
  });

  test("have definitions of every chart before the first object of them", () => {
    expect(
      names("east/02-definitions").filter((name) => name.startsWith("CustomResourceDefinition")),
    ).toEqual([
      "CustomResourceDefinition linkerd-control-plane",
      "CustomResourceDefinition linkerd-crds",
      "CustomResourceDefinition linkerd-multicluster",
      "CustomResourceDefinition linkerd-viz",
    ]);
  });

  test("have late values in the charts' objects, and nothing that only the engine reads", () => {
    const { data, metadata } = find("east/05-control-plane", "ConfigMap", "linkerd-control-plane");
    expect(data).toEqual({
      archive: "linkerd-control-plane-2026.8.3.tgz",
      kubernetes: minimumKubernetes,
      late: expect.stringContaining(anchor.certificate.trim().replaceAll("\n", "\\n")) as string,
    });
    expect(metadata.annotations).not.toHaveProperty(["pulumi.com/skipAwait"]);
    expect([...files.values()].join("\n")).not.toMatch(/pulumi\.com\/(skip|wait)/);
  });

  test("close the gateway as an update does", () => {
    expect(find("west/06-multicluster", "MeshTLSAuthentication", "any-meshed")["spec"]).toEqual({
      identities: ["linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local"],
    });
  });

  test("let a ServiceAccount come before its token, and a Server after who is let in", () => {
    const kinds = (step: string) => [...new Set(objects(step).map(({ kind }) => kind))];
    expect(kinds("east/08-access")).toEqual([
      "ServiceAccount",
      "ClusterRole",
      "ClusterRoleBinding",
      "Secret",
      "PushSecret",
      "AuthorizationPolicy",
      "MeshTLSAuthentication",
    ]);
    expect(kinds("west/10-services").at(-1)).toBe("Server");
  });

  test("put labels on a service of others, which is never pruned with them", () => {
    expect(find("west/10-services", "Service", "cart")).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "cart",
        namespace: "shop",
        labels: { "mirror.linkerd.io/exported": "true", "mirror.linkerd.io/federated": "member" },
        annotations: {
          "argocd.argoproj.io/sync-options": "Prune=false,ServerSideApply=true",
          "kustomize.toolkit.fluxcd.io/prune": "disabled",
          "kustomize.toolkit.fluxcd.io/ssa": "Merge",
        },
      },
    });
    expect(find("west/10-services", "Server", "cart-80")["spec"]).toMatchObject({
      podSelector: { matchLabels: { app: "cart" } },
    });
  });

  test("don't change when they are rendered again, whatever order the stack file has", async () => {
    const again = await renderManifests(settings({ clusters: { west: target(2), east: target(1) } }));
    expect([...again]).toEqual([...files]);
  });
});

describe("secrets", () => {
  test("are never in a file", () => {
    const text = [...files.values()].join("\n");
    expect(text).not.toMatch(/PRIVATE KEY|LS0tLS1CRUdJTi|REFERENCE|ENCRYPTED/);
    const all = [...files].filter(([file]) => file.endsWith(".yaml"));
    const withData = all.flatMap(([, yaml]) => parseManifests(yaml)).filter(({ kind }) => kind === "Secret");
    expect(withData.map((secret) => [secret["type"], secret["data"], secret["stringData"]])).toEqual([
      ["kubernetes.io/service-account-token", undefined, undefined],
      ["kubernetes.io/service-account-token", undefined, undefined],
    ]);
  });

  test("of an issuer come from the store, certificate and key together, beside the anchors", () => {
    const key = "linkerd/test/east/linkerd/linkerd-identity-issuer";
    expect(find("east/03-secrets", "ExternalSecret", "linkerd-identity-issuer")["spec"]).toEqual({
      refreshInterval: "1h",
      secretStoreRef: { name: "vault", kind: "ClusterSecretStore" },
      target: {
        name: "linkerd-identity-issuer",
        creationPolicy: "Owner",
        template: {
          type: "kubernetes.io/tls",
          data: {
            "ca.crt": anchor.certificate.trim(),
            "tls.crt": '{{ index . "tls.crt" }}',
            "tls.key": '{{ index . "tls.key" }}',
          },
        },
      },
      data: ["tls.crt", "tls.key"].map((property) => ({
        secretKey: property,
        remoteRef: { key, property },
      })),
    });
  });

  test("of a link are made of the token that the target puts into the store", () => {
    const key = "linkerd/test/west/linkerd-multicluster/linkerd-service-mirror-remote-access-east-token";
    const pushed = find("west/08-access", "PushSecret", "linkerd-service-mirror-remote-access-east-token");
    expect(pushed["spec"]).toMatchObject({
      selector: { secret: { name: "linkerd-service-mirror-remote-access-east-token" } },
      data: [
        { match: { secretKey: "token", remoteRef: { remoteKey: key, property: "token" } } },
        { match: { secretKey: "ca.crt", remoteRef: { remoteKey: key, property: "ca" } } },
      ],
    });
    const credentials = objects("east/09-links").filter(({ kind }) => kind === "ExternalSecret");
    expect(credentials.map(({ metadata }) => metadata.namespace)).toEqual([
      "linkerd",
      "linkerd-multicluster",
    ]);
    for (const { spec } of credentials) {
      expect(spec).toMatchObject({
        target: { template: { type: "mirror.linkerd.io/remote-kubeconfig" } },
        data: [
          { secretKey: "token", remoteRef: { key, property: "token" } },
          { secretKey: "ca", remoteRef: { key, property: "ca" } },
        ],
      });
      const { template } = (spec as { target: { template: { data: Record<string, string> } } }).target;
      expect(template.data["kubeconfig"]).toContain("server: https://api-2.example.com:6443\n");
      expect(template.data["kubeconfig"]).toContain("certificate-authority-data: {{ .ca | b64enc }}\n");
      expect(template.data["kubeconfig"]).toContain("token: {{ .token }}\n");
    }
  });

  test("of a registry are one for all clusters, under keys that the store allows", async () => {
    const all = await renderManifests(
      settings({
        linkerd: linkerd({ pullSecrets: [{ name: "registry", dockerConfigJson: '{"auths":{}}' }] }),
        manifests: manifests({
          secrets: { store: { name: "team", kind: "SecretStore" }, prefix: "mesh", separator: "-" },
        }),
      }),
    );
    const text = [...all.values()].join("\n");
    expect(text).not.toContain("auths");
    expect(text.match(/key: mesh-\S*registry$/gm)).toEqual(Array(6).fill("key: mesh-test-registry"));
    expect(all.get("README.md")).toContain(
      "| `mesh-test-registry` | `.dockerconfigjson` | credentials of the image registry |",
    );
  });

  test("that somebody has to put there are listed with what they must be", () => {
    const list = files.get("README.md") ?? "";
    expect(list).toContain("ClusterSecretStore `vault`");
    expect(list).toContain(
      "| `linkerd/test/east/linkerd/linkerd-sp-validator-k8s-tls` | `tls.crt`, `tls.key` | serving certificate for " +
        "linkerd-sp-validator.linkerd.svc, signed by manifests.webhookAuthority; PKCS#8 key |",
    );
    expect(list).toContain(
      "identity.linkerd.cluster.local, signed by trust.anchor.certificate; ECDSA P-256 |",
    );
  });
});

describe("what an update would find out", () => {
  test("must be said, all of it at once", async () => {
    expect(
      await refused({
        clusters: { east: existing(1), west: existing(2) },
        trust: {},
        services: [{ ...cart, selector: undefined }],
        manifests: manifests({ webhookAuthority: undefined }),
      }),
    ).toEqual([
      "manifests.webhookAuthority",
      "trust.anchor.certificate",
      "clusters.east.apiServer",
      "clusters.east.gateway.addresses",
      "clusters.west.apiServer",
      "clusters.west.gateway.addresses",
      "services.0.selector",
    ]);
    expect(await refused({ manifests: undefined, trust: {} })).toEqual([
      "manifests",
      "trust.anchor.certificate",
    ]);
  });

  test("is only what is needed: a cluster that nobody links to needs no address", async () => {
    const all = await renderManifests(
      settings({
        clusters: { east: existing(1), west: target(2) },
        links: { oneWay: [{ source: "east", target: "west", carries: ["gateway"] }] },
        services: [],
        routes: [],
      }),
    );
    expect(all.has("east/08-access/manifests.yaml")).toBe(false);
    expect(all.has("west/09-links/manifests.yaml")).toBe(false);
  });

  test("an encrypted certificate can't stand in Git", async () => {
    const encrypted = "-----BEGIN ENCRYPTED-----\nmanifests.webhookAuthority";
    expect(await refused({ manifests: manifests({ webhookAuthority: encrypted }) })).toEqual([
      "manifests.webhookAuthority",
    ]);
  });
});
