import * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages, { type LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import languageServices from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language, { type RunPluginResponse, type RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import monitorServices from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resources from "@pulumi/pulumi/proto/resource_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { serveProgram, type Program } from "./language-runtime.ts";

type Answer = (error: null, response: unknown) => void;

/** What a program did to the engine that ran it. */
interface Seen {
  readonly resources: string[];
  readonly outputs: unknown[];
  readonly errors: string[];
  /** Whether it lets the engine delete what it hasn't asked for. */
  mayDelete: boolean;
}

const seen: Seen = { resources: [], outputs: [], errors: [], mayDelete: false };

/** As far as a program without providers needs it. */
const engine = new grpc.Server();
engine.addService(monitorServices.ResourceMonitorService, {
  supportsFeature: (_: unknown, answer: Answer) => {
    answer(null, new resources.SupportsFeatureResponse());
  },
  registerResource: ({ request }: { request: resources.RegisterResourceRequest }, answer: Answer) => {
    seen.resources.push(request.getName());
    const response = new resources.RegisterResourceResponse();
    response.setUrn(`urn:pulumi:one::mesh::${request.getType()}::${request.getName()}`);
    answer(null, response);
  },
  registerResourceOutputs: (
    { request }: { request: resources.RegisterResourceOutputsRequest },
    answer: Answer,
  ) => {
    seen.outputs.push(request.getOutputs()?.toJavaScript());
    answer(null, new empty.Empty());
  },
  signalAndWaitForShutdown: (_: unknown, answer: Answer) => {
    seen.mayDelete = true;
    answer(null, new empty.Empty());
  },
});
engine.addService(engineServices.EngineService, {
  log: ({ request }: { request: LogRequest }, answer: Answer) => {
    if (request.getSeverity() === engineMessages.LogSeverity.ERROR) seen.errors.push(request.getMessage());
    answer(null, new empty.Empty());
  },
  setRootResource: (_: unknown, answer: Answer) => {
    answer(null, new engineMessages.SetRootResourceResponse());
  },
});

let engineAddress: string;
let client: languageServices.LanguageRuntimeClient;
let program: Program;

beforeAll(async () => {
  const port = await new Promise((resolve) => {
    engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, bound) => {
      resolve(bound);
    });
  });
  engineAddress = `127.0.0.1:${String(port)}`;
  const { address } = await serveProgram(() => program(), Promise.resolve("4711"));
  client = new languageServices.LanguageRuntimeClient(address, grpc.credentials.createInsecure());
});

afterAll(() => {
  client.close();
  engine.forceShutdown();
});

/** Runs a program as an engine does, for a stack and with its settings. */
async function run(next: Program, stack = "one", config: Record<string, string> = {}) {
  program = next;
  seen.resources.length = seen.outputs.length = seen.errors.length = 0;
  seen.mayDelete = false;
  const request = new language.RunRequest();
  request.setProject("mesh");
  request.setStack(stack);
  request.setMonitorAddress(engineAddress);
  request.setArgsList([engineAddress]);
  for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
  const response = await new Promise<RunResponse>((resolve, reject) => {
    client.run(request, (error, answered) => {
      if (error === null) resolve(answered);
      else reject(error);
    });
  });
  return { isThrough: !response.getBail() && response.getError() === "", error: response.getError() };
}

describe("a program that is kept loaded", () => {
  test("runs for one engine after another, each with its own stack and settings", async () => {
    const own = () =>
      Promise.resolve({ stack: pulumi.getStack(), name: new pulumi.Config("mesh").get("name") ?? "none" });
    expect(await run(own, "one", { "mesh:name": "east" })).toMatchObject({ isThrough: true });
    expect(seen).toMatchObject({
      resources: ["mesh-one"],
      outputs: [{ stack: "one", name: "east" }],
      errors: [],
      mayDelete: true,
    });
    expect(await run(own, "two")).toMatchObject({ isThrough: true });
    expect(seen).toMatchObject({ resources: ["mesh-two"], outputs: [{ stack: "two", name: "none" }] });
  });

  test.each([
    [
      "settings that are wrong",
      () => Promise.reject(new pulumi.RunError("links.carries is wrong")),
      "links.",
    ],
    ["what nobody expected", () => Promise.reject(new Error("oops")), "The program failed"],
    [
      "an output that nobody waits for",
      () => {
        pulumi.output(Promise.reject(new Error("late")));
        return Promise.resolve({});
      },
      "The program failed with an unhandled exception:\nError: late",
    ],
    [
      "an error that was only logged",
      async () => {
        await pulumi.log.error("not allowed");
        return {};
      },
      "not allowed",
    ],
  ])("fails by %s once and deletes nothing; the next run isn't touched", async (_, failing, message) => {
    expect(await run(failing)).toMatchObject({ isThrough: false });
    expect(seen.errors).toEqual([expect.stringMatching(new RegExp(`^${message}`))]);
    expect(seen.mayDelete).toBe(false);
    expect(await run(() => Promise.resolve({}))).toMatchObject({ isThrough: true });
    expect(seen.errors).toEqual([]);
  });

  test("doesn't run for two engines at once", async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    const first = run(() => promise);
    await expect.poll(() => seen.resources).toHaveLength(1);
    expect(await run(() => promise)).toMatchObject({ error: "Another engine is running this program." });
    resolve({});
    expect(await first).toMatchObject({ isThrough: true });
  });

  test("tells the engine where its policies are served", async () => {
    const call = client.runPlugin(new language.RunPluginRequest());
    const written = await new Promise<string>((resolve) => {
      call.on("data", (response: RunPluginResponse) => {
        resolve(Buffer.from(response.getStdout_asU8()).toString());
      });
      call.on("error", () => undefined);
    });
    expect(written).toBe("4711\n");
    call.cancel();
  });
});
