import { request as requestHttp } from "node:http";
import { request, type RequestOptions } from "node:https";

import type { KubeConfig } from "@kubernetes/client-node";

const patience = 5_000;

/** Why a connection fails when nobody is there, and not because of who asks. */
const networkErrors = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
]);

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function statusOf(options: RequestOptions, server: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = server.startsWith("http:") ? requestHttp : request;
    const timer = setTimeout(() => {
      call.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" }));
    }, patience);
    const call = send(`${server.replace(/\/$/, "")}/readyz`, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on("error", reject);
    call.on("close", () => {
      clearTimeout(timer);
    });
    call.end();
  });
}

async function ask(config: KubeConfig): Promise<string | undefined> {
  const server = config.getCurrentCluster()?.server ?? "";
  try {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const status = await statusOf(options, server);
    return status >= 500 ? `${server} says that it isn't ready (${status.toString()})` : undefined;
  } catch (error) {
    const code = codeOf(error);
    // Anything else is about this machine or its credentials, and the engine says so.
    if (code === undefined || !networkErrors.has(code)) return undefined;
    return code === "ETIMEDOUT" ? `no answer from ${server} in 5 seconds` : `${server}: ${code}`;
  }
}

/** Why an API server can't be worked with now; undefined where it answers, even if only to refuse. */
export async function whyUnreachable(config: KubeConfig): Promise<string | undefined> {
  const first = await ask(config);
  return first === undefined ? undefined : ask(config);
}
