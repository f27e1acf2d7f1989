/**
 * Pulumi's language runtime for one program that is loaded already: runs it for one engine after another, which would
 * otherwise start a Node of their own each.
 */
import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";

import * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import languageServices from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language, {
  type RunPluginResponse,
  type RunRequest,
  type RunResponse,
} from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import * as state from "@pulumi/pulumi/runtime/state.js";

/** What a stack's program makes, and its outputs. */
export type Program = () => Promise<object>;

/** What the SDK has and doesn't tell of. */
const { waitForRPCs: registered } = pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> };
const { withLocalStorage } = state as unknown as {
  /** Runs with settings and counts of its own. */
  withLocalStorage: <T>(run: () => Promise<T>) => Promise<T>;
};

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(inspect(thrown));
}

/** Shown as Pulumi's own host shows it. */
function report(thrown: unknown): void {
  const error = toError(thrown);
  // The engine has stopped, and knows why.
  if (pulumi.isGrpcError(error)) return;
  const { message, stack = message } = error;
  const full = `The program failed with an unhandled exception:\n${stack}`;
  if (pulumi.ResourceError.isInstance(error)) {
    void pulumi.log.error(error.hideStack === true ? message : full, error.resource);
  } else {
    void pulumi.log.error(pulumi.RunError.isInstance(error) ? message : full);
  }
}

/** Runs `program` for the engine that asks; whether it came through. */
async function runFor(request: RunRequest, program: Program): Promise<boolean> {
  const { runtime } = pulumi;
  runtime.resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    request.getArgsList()[0] ?? "",
    request.getMonitorAddress(),
    request.getDryrun(),
    request.getOrganization(),
  );
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => {
    config[key] = value;
  });
  runtime.setAllConfig(config, request.getConfigsecretkeysList());
  const failures = new Set<unknown>();
  const fail = (failure: unknown) => {
    if (failures.has(failure)) return;
    failures.add(failure);
    report(failure);
  };
  // An output that fails is told to nobody else.
  process.on("unhandledRejection", fail);
  process.on("uncaughtException", fail);
  try {
    await runtime.runInPulumiStack(program).catch(fail);
    await registered().catch(fail);
    await setImmediate();
    const isThrough = () => failures.size === 0 && !pulumi.log.hasErrors();
    // That signal lets the engine delete what the program hasn't asked for: after a failure it must not.
    await runtime.disconnect(isThrough()).catch(fail);
    return isThrough();
  } finally {
    process.off("unhandledRejection", fail);
    process.off("uncaughtException", fail);
  }
}

/** Bytes of heap from which on what runs have left is collected: V8 would wait for twice as much, which others could have. */
const largestHeap = 160e6;

function collectGarbage(): void {
  if (process.memoryUsage().heapUsed > largestHeap) globalThis.gc?.();
}

/** A program that engines may run. */
export interface ServedProgram {
  /** What `pulumi --client` takes. */
  readonly address: string;
  readonly close: () => void;
}

/** Serves `program`, and the policies that `policies` has a port of, on a port of this machine alone. */
export async function serveProgram(program: Program, policies?: Promise<string>): Promise<ServedProgram> {
  let isRunning = false;
  const run = async (request: RunRequest): Promise<RunResponse> => {
    const response = new language.RunResponse();
    if (isRunning) return (response.setError("Another engine is running this program."), response);
    isRunning = true;
    try {
      response.setBail(!(await withLocalStorage(() => runFor(request, program))));
    } finally {
      isRunning = false;
    }
    return response;
  };
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(languageServices.LanguageRuntimeService, {
    run: (call: { request: RunRequest }, answer: grpc.sendUnaryData<RunResponse>) => {
      run(call.request).then(
        (response) => {
          answer(null, response);
          setTimeout(collectGarbage);
        },
        (error: unknown) => {
          answer(toError(error));
        },
      );
    },
    // To the engine a policy pack is a plugin, which writes its port first.
    runPlugin: (call: grpc.ServerWritableStream<unknown, RunPluginResponse>) => {
      call.on("cancelled", () => call.end());
      if (policies === undefined) call.destroy(new Error("This program has no policies."));
      void policies?.then((port) => {
        const response = new language.RunPluginResponse();
        response.setStdout(Buffer.from(`${port}\n`));
        call.write(response);
      });
    },
    // The engine fetches a plugin when a resource asks for it.
    getRequiredPlugins: (_: unknown, answer: grpc.sendUnaryData<unknown>) => {
      answer(null, new language.GetRequiredPluginsResponse());
    },
    getPluginInfo: (_: unknown, answer: grpc.sendUnaryData<unknown>) => {
      const info = new plugins.PluginInfo();
      info.setVersion("1.0.0");
      answer(null, info);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    address: `127.0.0.1:${port.toString()}`,
    close: () => {
      server.forceShutdown();
    },
  };
}
