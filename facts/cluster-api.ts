import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";

import type { KubeConfig } from "@kubernetes/client-node";

/** An answer of an API server that isn't the one that was asked for. */
export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Answer {
  readonly code: number;
  readonly body: string;
  /** The server's clock. */
  readonly date: Date | undefined;
}

interface List<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly continue?: string };
}

/** Connections to one API server at the same time; more requests wait. */
const connections = 6;
const pageSize = 500;

/** With a proxy in between, the client's own agent; else one that keeps its connections. */
function keptAlive(agent: unknown): http.Agent {
  const options = { ...(agent as https.Agent).options, keepAlive: true, maxSockets: connections };
  const kind = (agent as object).constructor;
  if (kind === https.Agent) return new https.Agent(options);
  if (kind === http.Agent) return new http.Agent(options);
  return agent as http.Agent;
}

function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: string };
    return message ?? body;
  } catch {
    return body;
  }
}

/**
 * One cluster's API server. The client library's own calls open a connection each, which is most of the time that many
 * small questions take; this asks them over a few that stay open.
 */
export class ClusterApi {
  readonly server: string;
  private readonly options: https.RequestOptions;
  private readonly patience: number;

  private constructor(server: string, options: https.RequestOptions, patience: number) {
    this.server = server;
    this.options = options;
    this.patience = patience;
  }

  /** The cluster of the current context; `patience` is how many milliseconds an answer may take. */
  static async open(config: KubeConfig, patience = 10_000): Promise<ClusterApi> {
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new Error(`context ${config.getCurrentContext()} names no cluster`);
    const options: https.RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    options.agent = keptAlive(options.agent);
    return new ClusterApi(server.replace(/\/$/, ""), options, patience);
  }

  /** The same server, asked by the bearer of a token and nobody else. */
  as(token: string): ClusterApi {
    const { ca, rejectUnauthorized, servername } = this.options;
    const trust = { ca, rejectUnauthorized, servername };
    const agent = this.server.startsWith("https:")
      ? new https.Agent({ ...trust, keepAlive: true, maxSockets: connections })
      : new http.Agent({ keepAlive: true, maxSockets: connections });
    const options = { ...trust, agent, headers: { authorization: `Bearer ${token}` } };
    return new ClusterApi(this.server, options, this.patience);
  }

  /** Ends the connections that are kept. */
  close(): void {
    (this.options.agent as http.Agent).destroy();
  }

  async ask(method: string, path: string, body?: object): Promise<Answer> {
    const client = this.server.startsWith("https:") ? https : http;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = {
      ...(this.options.headers as http.OutgoingHttpHeaders | undefined),
      ...(content === undefined ? {} : { "content-type": type }),
    };
    return new Promise((resolve, reject) => {
      const request = client.request(`${this.server}${path}`, { ...this.options, method, headers });
      // Counted from when there is a connection, so that waiting for one isn't held against the server.
      request.on("socket", () => {
        request.setTimeout(this.patience, () => {
          request.destroy(new Error(`no answer in ${(this.patience / 1_000).toString()} seconds`));
        });
      });
      request.on("error", reject);
      request.on("response", (response) => {
        const date = response.headers.date === undefined ? undefined : new Date(response.headers.date);
        text(response).then((answered) => {
          resolve({ code: response.statusCode ?? 0, body: answered, date });
        }, reject);
      });
      request.end(content);
    });
  }

  /** What the API server is, and its clock. Its Date has whole seconds: half of one is added. */
  async greet(): Promise<{ version: string; now: string; clock: number }> {
    const start = Date.now();
    const { code, body, date } = await this.ask("GET", "/version");
    if (code !== 200) throw new ApiError(code, messageOf(body));
    const { gitVersion } = JSON.parse(body) as { gitVersion: string };
    const middle = (start + Date.now()) / 2;
    const time = date === undefined ? middle : date.getTime() + 500;
    return { version: gitVersion, now: new Date(time).toISOString(), clock: Math.round(time - middle) };
  }

  private async json<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.ask(method, path, body);
    if (answer.code >= 300) throw new ApiError(answer.code, messageOf(answer.body));
    return JSON.parse(answer.body) as T;
  }

  get<T>(path: string): Promise<T> {
    return this.json("GET", path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.json("POST", path, body);
  }

  patch<T>(path: string, body: object): Promise<T> {
    return this.json("PATCH", path, body);
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.json("PUT", path, body);
  }

  async delete(path: string): Promise<void> {
    await this.json("DELETE", path);
  }

  /** Undefined where there is no such object. */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    }
  }

  /** All pages of a list; nothing where the cluster doesn't know the kind. */
  async list<T>(path: string, labelSelector?: string): Promise<T[]> {
    const items: T[] = [];
    const query = new URLSearchParams({ limit: pageSize.toString() });
    if (labelSelector !== undefined) query.set("labelSelector", labelSelector);
    for (;;) {
      const page = await this.find<List<T>>(`${path}?${query.toString()}`);
      items.push(...(page?.items ?? []));
      const next = page?.metadata?.continue ?? "";
      if (next === "") return items;
      query.set("continue", next);
    }
  }
}
