/**
 * Runs a program, or a part of one, against a stand-in for the engine, and keeps what the engine would have been told
 * of every resource. `setMocks` alone shows inputs; the request to the monitor also has the graph.
 *
 * And runs a `*.command.ts` program against a stand-in for an API server, and keeps what that was told to change.
 */
import { execFile } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { runWithoutEngine, unwrap, type RegisterRequest } from "../render/stand-in.ts";

/** A resource as the engine is told of it. References to other resources are URNs. */
export interface Registered {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string | undefined;
  readonly provider: string | undefined;
  /** Explicit and implicit ones; of a component, only explicit ones. */
  readonly dependencies: readonly string[];
  /** Which resources each input was made of. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** As given; `Graph.deletedWith` knows what the engine hands down. */
  readonly deletedWith: string | undefined;
  readonly protect: boolean;
  /** Inputs whose changes the engine passes over, `*` for all. */
  readonly ignoreChanges: readonly string[];
  readonly custom: boolean;
  /** Whether the provider makes its children, as for a chart. */
  readonly remote: boolean;
  /** Plain values, secrets unwrapped. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Paths of the inputs that are secret. */
  readonly secrets: readonly string[];
  /** The inputs as the state shows them: without the secret ones. */
  readonly shown: Readonly<Record<string, unknown>>;
  readonly replaceOnChanges: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly additionalSecretOutputs: readonly string[];
  /** Never run here: the mock monitor has no callbacks. A test can call them itself. */
  readonly transforms: readonly pulumi.ResourceTransform[];
}

/** Names of types, short enough to read in a test. */
export const types = {
  authorizationPolicy: "kubernetes:policy.linkerd.io/v1alpha1:AuthorizationPolicy",
  binding: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
  certificate: "tls:index/locallySignedCert:LocallySignedCert",
  chart: "kubernetes:helm.sh/v4:Chart",
  command: "command:local:Command",
  configMap: "kubernetes:core/v1:ConfigMap",
  deployment: "kubernetes:apps/v1:Deployment",
  httpRoute: "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
  kubernetesProvider: "pulumi:providers:kubernetes",
  link: "kubernetes:multicluster.linkerd.io/v1alpha3:Link",
  meshTlsAuthentication: "kubernetes:policy.linkerd.io/v1alpha1:MeshTLSAuthentication",
  namespace: "kubernetes:core/v1:Namespace",
  networkAuthentication: "kubernetes:policy.linkerd.io/v1alpha1:NetworkAuthentication",
  privateKey: "tls:index/privateKey:PrivateKey",
  release: "kubernetes:helm.sh/v3:Release",
  request: "tls:index/certRequest:CertRequest",
  role: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
  secret: "kubernetes:core/v1:Secret",
  selfSignedCertificate: "tls:index/selfSignedCert:SelfSignedCert",
  server: "kubernetes:policy.linkerd.io/v1beta3:Server",
  service: "kubernetes:core/v1:Service",
  serviceAccount: "kubernetes:core/v1:ServiceAccount",
  servicePatch: "kubernetes:core/v1:ServicePatch",
  stackReference: "pulumi:pulumi:StackReference",
} as const;

type Plain = Record<string, unknown>;

function isObject(value: unknown): value is Plain {
  return typeof value === "object" && value !== null;
}

function nameOf(urn: string): string {
  return urn.split("::")[3] ?? "";
}

function hasText(value: unknown, text: string): boolean {
  if (typeof value === "string") {
    return value.includes(text) || Buffer.from(value, "base64").toString().includes(text);
  }
  return isObject(value) && Object.values(value).some((item) => hasText(item, text));
}

/** Everything that a program registered, with the questions that tests ask of it. */
export class Graph {
  readonly resources: readonly Registered[];

  constructor(resources: readonly Registered[]) {
    this.resources = resources;
  }

  get urns(): string[] {
    return this.resources.map(({ urn }) => urn).sort();
  }

  get kubernetes(): Registered[] {
    return this.resources.filter(({ type }) => type.startsWith("kubernetes:"));
  }

  ofType(type: string): Registered[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  /** The one resource of that name. A cluster's provider has the cluster's name: there, say the type too. */
  named(name: string, type?: string): Registered {
    const found = this.resources.filter(
      (resource) => resource.name === name && (type === undefined || resource.type === type),
    );
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    const names = this.resources.map((resource) => resource.name).join(", ");
    throw new Error(`${found.length.toString()} resources are named ${name}. There are: ${names}`);
  }

  withUrn(urn: string | undefined): Registered {
    const found = this.resources.find((resource) => resource.urn === urn);
    if (found === undefined) throw new Error(`There is no resource ${urn ?? "without URN"}.`);
    return found;
  }

  /** Types of the direct children by name; of the resources without a parent when no name is given. */
  children(of?: string, type?: string): Record<string, string> {
    const parent = of === undefined ? undefined : this.named(of, type).urn;
    return Object.fromEntries(
      this.resources
        .filter((resource) => resource.parent === parent)
        .map((resource) => [resource.name, resource.type]),
    );
  }

  parent(name: string, type?: string): string {
    return nameOf(this.named(name, type).parent ?? "");
  }

  /** Name of the provider that makes the resource. */
  provider(name: string, type?: string): string {
    return nameOf(this.named(name, type).provider ?? "");
  }

  /** Names of the resources that must exist before it, explicit or not, sorted. */
  dependencies(name: string, type?: string): string[] {
    return this.named(name, type).dependencies.map(nameOf).sort();
  }

  /** Name of the resource with which it goes, its own or, as the engine does it, the one of what it is a part of. */
  deletedWith(name: string, type?: string): string | undefined {
    let resource = this.named(name, type);
    while (resource.deletedWith === undefined && resource.parent !== undefined) {
      resource = this.withUrn(resource.parent);
    }
    return resource.deletedWith === undefined ? undefined : nameOf(resource.deletedWith);
  }

  /** Names of the resources with `text` in an input, as it is or in base64. */
  containing(text: string): string[] {
    return this.resources.filter(({ inputs }) => hasText(inputs, text)).map(({ name }) => name);
  }

  /** Names of the resources with `text` in an input that isn't secret. */
  exposing(text: string): string[] {
    return this.resources.filter(({ shown }) => hasText(shown, text)).map(({ name }) => name);
  }

  /** What the engine waits for, step by step: a resource's dependencies, parent, provider and `deletedWith`. */
  private before({ dependencies, parent, provider, deletedWith }: Registered): string[] {
    return [...dependencies, parent, provider, deletedWith].filter((urn) => urn !== undefined);
  }

  /** The resource without a parent that a resource is a part of. */
  root(resource: Registered): Registered {
    return resource.parent === undefined ? resource : this.root(this.withUrn(resource.parent));
  }

  /** URNs of everything that must exist before a resource. */
  ancestors(urn: string): Set<string> {
    const seen = new Set<string>();
    const queue = [urn];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const before of this.before(this.withUrn(next))) {
        if (!seen.has(before)) queue.push(before);
        seen.add(before);
      }
    }
    return seen;
  }
}

export interface RecordOptions {
  /** What the provider answers for a resource, over `providerOutputs`; undefined to leave that. */
  readonly outputs?: (resource: {
    readonly type: string;
    readonly name: string;
    readonly inputs: Record<string, unknown>;
  }) => Record<string, unknown> | undefined;
  /** Whether it is a preview. */
  readonly preview?: boolean;
  /** What a provider's function returns. */
  readonly answers?: (token: string, inputs: Record<string, unknown>) => Record<string, unknown>;
}

export interface Recording<T> {
  /** What the program returned. */
  readonly result: T;
  readonly graph: Graph;
}

const { specialSigKey, specialSecretSig } = pulumi.runtime;

/** A value without what is secret in it. */
function withoutSecrets(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (value[specialSigKey] === specialSecretSig) return undefined;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item)]));
}

function secret(value: unknown): unknown {
  return { [specialSigKey]: specialSecretSig, value };
}

/** Makes secret what a resource's SDK declares as such, which is the engine's work. */
function markSecrets(state: Plain, names: readonly string[]): Plain {
  return Object.fromEntries(
    Object.entries(state).map(([key, value]) => {
      const isMarked = isObject(value) && value[specialSigKey] === specialSecretSig;
      return [key, names.includes(key) && !isMarked ? secret(value) : value];
    }),
  );
}

/** A PEM block that says whose it is. */
export function pem(kind: string, name: string): string {
  return `-----BEGIN ${kind}-----\n${name}\n-----END ${kind}-----\n`;
}

/** A kubeconfig as k3d and KWOK print it; the client wants to be told that plain HTTP is meant. */
export function kubeconfigOf(name: string, server = `https://${name}.test:6443`): string {
  const trust = server.startsWith("http:") ? ", insecure-skip-tls-verify: true" : "";
  return [
    "apiVersion: v1",
    "kind: Config",
    `current-context: ${name}`,
    `clusters: [{ name: ${name}, cluster: { server: "${server}"${trust} } }]`,
    `contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name}-admin } }]`,
    `users: [{ name: ${name}-admin, user: { token: ${name}-token } }]`,
    "",
  ].join("\n");
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** What the real providers would add to the inputs, in a form that names the resource. */
function providerOutputs(type: string, name: string): Plain {
  switch (type) {
    case types.privateKey:
      return {
        privateKeyPem: pem("EC PRIVATE KEY", name),
        privateKeyPemPkcs8: pem("PRIVATE KEY", name),
      };
    case types.request:
      return { certRequestPem: pem("CERTIFICATE REQUEST", name) };
    case types.selfSignedCertificate:
    case types.certificate:
      return {
        certPem: pem("CERTIFICATE", name),
        validityStartTime: "2026-01-01T00:00:00Z",
        validityEndTime: `end of ${name}`,
      };
    case types.chart:
      return { resources: [] };
    case types.command:
      return { stdout: kubeconfigOf(name) };
    case types.servicePatch:
      return { spec: { selector: { app: name } } };
    default:
      return {};
  }
}

/** What the token controller writes into the Secret of a ServiceAccount. */
function tokenOutputs(name: string, inputs: Plain): Plain {
  return inputs["type"] === "kubernetes.io/service-account-token"
    ? {
        metadata: { ...(inputs["metadata"] as Plain), creationTimestamp: "2026-01-01T00:00:00Z" },
        data: { token: toBase64(`token of ${name}`), "ca.crt": toBase64(`authority of ${name}`) },
      }
    : {};
}

function toRegistered(
  request: RegisterRequest,
  urn: string,
  transforms: readonly pulumi.ResourceTransform[],
): Registered {
  const orUndefined = (text: string) => (text === "" ? undefined : text);
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((value, key) => {
    if (value.getUrnsList().length > 0) propertyDependencies[key] = value.getUrnsList();
  });
  const secrets: string[] = [];
  const given = request.getObject()?.toJavaScript() ?? {};
  const inputs = unwrap(given, "", secrets) as Plain;
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    parent: orUndefined(request.getParent()),
    // The reference to a provider is its URN and its id.
    provider: orUndefined(request.getProvider().split("::").slice(0, 4).join("::")),
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    deletedWith: orUndefined(request.getDeletedwith()),
    protect: request.getProtect() ?? false,
    ignoreChanges: request.getIgnorechangesList(),
    custom: request.getCustom(),
    remote: request.getRemote(),
    inputs,
    secrets,
    shown: withoutSecrets(given) as Plain,
    replaceOnChanges: request.getReplaceonchangesList(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    transforms,
  };
}

/** Runs `program` and waits until everything is registered. Two resources with one URN are an error, as they really are. */
export async function record<T>(
  program: () => T | Promise<T>,
  { outputs, answers, preview = false }: RecordOptions = {},
): Promise<Recording<T>> {
  const secretOutputs = new Map<string, readonly string[]>();
  const resources: Registered[] = [];
  const mocks: pulumi.runtime.Mocks = {
    newResource: ({ type, name, inputs: given }) => {
      const inputs = given as Plain;
      const state = {
        ...inputs,
        ...providerOutputs(type, name),
        ...tokenOutputs(name, inputs),
        ...outputs?.({ type, name, inputs: unwrap(inputs) as Plain }),
      };
      return { id: `${name}-id`, state: markSecrets(state, secretOutputs.get(`${type} ${name}`) ?? []) };
    },
    call: ({ token, inputs }) => {
      // A stack that was never updated has no outputs.
      if (answers === undefined && token === "pulumi:pulumi:readStackOutputs") return { outputs: {} };
      if (answers === undefined) throw new Error(`Nothing answers ${token}.`);
      return answers(token, unwrap(inputs) as Plain);
    },
  };
  const result = await runWithoutEngine(program, {
    mocks,
    project: "mesh",
    stack: "test",
    organization: "organization",
    preview,
    onResource: (request, urn, transforms) => {
      resources.push(toRegistered(request, urn, transforms));
      secretOutputs.set(
        `${request.getType()} ${request.getName()}`,
        request.getAdditionalsecretoutputsList(),
      );
    },
  });
  const graph = new Graph(resources);
  const twice = graph.urns.filter((urn, index, urns) => urn === urns[index - 1]);
  if (twice.length > 0) throw new Error(`Registered twice:\n  ${twice.join("\n  ")}`);
  return { result, graph };
}

/** The value of an output once it is known. */
export function valueOf<T>(output: pulumi.Input<T>): Promise<T> {
  return (pulumi.output(output) as unknown as { promise(): Promise<T> }).promise();
}

/** An object as an API server lists it. */
export interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** As much of an API server as the programs need. It knows the user of `kubeconfigOf` for its own name. */
export interface ApiServer {
  readonly kubeconfig: string;
  /** Objects by the path under which they are listed. */
  readonly lists: Record<string, readonly KubernetesObject[]>;
  /** Anything else that is asked for, by its path. */
  readonly objects: Record<string, object>;
  /** Paths of which there is no object, and such as may not be changed. */
  readonly missing: string[];
  readonly forbidden: string[];
  /** What was asked to be changed, such as `DELETE /api/v1/…`, in order. */
  readonly changes: string[];
  /** Bodies of the changes, by the same text. */
  readonly bodies: Record<string, unknown>;
  close(): Promise<void>;
}

/** `key=value`, `key` and `!key`, separated by commas. */
function isSelected({ metadata: { labels = {} } }: KubernetesObject, selector: string): boolean {
  return selector.split(",").every((term) => {
    if (term.startsWith("!")) return !(term.slice(1) in labels);
    const [key = "", value] = term.split("=");
    return value === undefined ? key in labels : labels[key] === value;
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export async function startApiServer(name: string): Promise<ApiServer> {
  const lists: ApiServer["lists"] = {};
  const objects: ApiServer["objects"] = {};
  const missing: string[] = [];
  const forbidden: string[] = [];
  const changes: string[] = [];
  const bodies: ApiServer["bodies"] = {};

  const answer = async (request: IncomingMessage): Promise<[code: number, body: object]> => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (request.headers.authorization !== `Bearer ${name}-token`) return [401, { message: "who are you?" }];
    const object = objects[pathname];
    if (request.method === "GET" && missing.includes(pathname)) return [404, { message: "not found" }];
    if (request.method === "GET" && object !== undefined) return [200, object];
    if (request.method === "GET") {
      const selector = searchParams.get("labelSelector");
      const items = lists[pathname] ?? [];
      return [200, { items: items.filter((item) => selector === null || isSelected(item, selector)) }];
    }
    const change = `${request.method ?? ""} ${pathname}`;
    const body = await bodyOf(request);
    changes.push(change);
    if (body !== "") bodies[change] = JSON.parse(body) as unknown;
    if (missing.includes(pathname)) return [404, { message: "not found" }];
    if (forbidden.includes(pathname)) return [403, { message: "no way" }];
    return [200, {}];
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void answer(request).then(([code, body]) => {
      const text = JSON.stringify(code === 200 ? body : { kind: "Status", code, ...body });
      response.writeHead(code, { "content-type": "application/json" }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: kubeconfigOf(name, `http://127.0.0.1:${port.toString()}`),
    lists,
    objects,
    missing,
    forbidden,
    changes,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a `*.command.ts` program as the engine does, but without this machine's kubeconfig. */
export function runProgram(
  file: string,
  action: string,
  environment: Readonly<Record<string, string>>,
  folder = path.resolve(import.meta.dirname, ".."),
): Promise<Finished> {
  const env = { PATH: process.env["PATH"], HOME: "/nonexistent", ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [file, action], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
