/**
 * A stand-in for the engine: runs a program, or a part of one, and hands on what the engine would have been told of each
 * resource. `setMocks` alone shows inputs; the request to the monitor also has the graph.
 */
import * as pulumi from "@pulumi/pulumi";
import callbacks from "@pulumi/pulumi/proto/callback_pb.js";

/** The request of the SDK to the monitor, as far as anybody here asks. */
export interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
  getDependenciesList(): string[];
  getPropertydependenciesMap(): {
    forEach(each: (value: { getUrnsList(): string[] }, key: string) => void): void;
  };
  getDeletedwith(): string;
  getProtect(): boolean | undefined;
  getIgnorechangesList(): string[];
  getCustom(): boolean;
  getRemote(): boolean;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getReplaceonchangesList(): string[];
  getDeletebeforereplace(): boolean;
  getAdditionalsecretoutputsList(): string[];
  getTransformsList(): { getToken(): string }[];
}

type Answer = (error: unknown, response: unknown) => void;

interface Monitor {
  newUrn(parent: string, type: string, name: string): string;
  registerResource(request: RegisterRequest, answer: Answer): Promise<void>;
}

interface Store {
  supportsTransforms: boolean;
  callbacks: unknown;
}

export interface StandInOptions {
  readonly mocks: pulumi.runtime.Mocks;
  readonly project: string;
  readonly stack: string;
  readonly organization?: string;
  /** Whether it is a preview: what a resource isn't said to have is unknown. */
  readonly preview?: boolean;
  /** Told of each resource before it is made. Transforms aren't run: the stand-in has no callbacks. */
  readonly onResource: (
    request: RegisterRequest,
    urn: string,
    transforms: readonly pulumi.ResourceTransform[],
  ) => void;
}

/** Takes the place of the server that the engine calls transforms at: without it, the SDK refuses them. */
function acceptTransforms(): pulumi.ResourceTransform[] {
  const transforms: pulumi.ResourceTransform[] = [];
  const { globalStore } = globalThis as unknown as { globalStore: Store };
  globalStore.supportsTransforms = true;
  globalStore.callbacks = {
    registerTransform: (transform: pulumi.ResourceTransform) => {
      const callback = new callbacks.Callback();
      callback.setToken((transforms.push(transform) - 1).toString());
      return Promise.resolve(callback);
    },
    awaitStackRegistrations: () => Promise.resolve(),
    shutdown: () => undefined,
  };
  return transforms;
}

/** Runs without stacks in errors. The SDK keeps one for each of its promises: most of the time, if it could. */
export async function withoutStacks<T>(run: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Runs `program` without the engine and waits until everything is registered. */
export async function runWithoutEngine<T>(
  program: () => T | Promise<T>,
  { mocks, project, stack, organization, preview = false, onResource }: StandInOptions,
): Promise<T> {
  await pulumi.runtime.setMocks(mocks, project, stack, preview, organization);
  const transforms = acceptTransforms();
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  // As the engine does it: with the types of all that a resource is a part of, not only of its parent.
  monitor.newUrn = (parent, type, name) => {
    const whole = parent === "" ? type : `${parent.split("::")[2] ?? ""}$${type}`;
    return `urn:pulumi:${stack}::${project}::${whole}::${name}`;
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, answer) => {
    const urn = monitor.newUrn(request.getParent(), request.getType(), request.getName());
    const own = request.getTransformsList().map((callback) => transforms[Number(callback.getToken())]);
    onResource(
      request,
      urn,
      own.filter((transform) => transform !== undefined),
    );
    return register(request, answer);
  };
  try {
    return await program();
  } finally {
    // Everything is registered first, also after a failure: what is still under way would end up in the next recording.
    await withoutStacks(() => pulumi.runtime.disconnect());
  }
}

const { specialSigKey, specialSecretSig } = pulumi.runtime;

/** A value without the wrappers of its secrets, whose paths are added to `secrets`. */
export function unwrap(value: unknown, path = "", secrets: string[] = []): unknown {
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object[specialSigKey] === specialSecretSig) {
    secrets.push(path);
    return unwrap(object["value"], path, []);
  }
  const inside = (key: string) => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(value)) {
    return value.map((item, index) => unwrap(item, inside(index.toString()), secrets));
  }
  return Object.fromEntries(
    Object.entries(object).map(([key, item]) => [key, unwrap(item, inside(key), secrets)]),
  );
}
