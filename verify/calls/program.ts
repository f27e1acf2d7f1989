/**
 * What the pods of `verify --calls` run, in clusters that have nothing else of ours: it needs Node alone.
 *
 *     node program.ts echo                   answers every call with who is seen to call
 *     node program.ts call PATIENCE COUNT    calls $TARGETS, and prints what came of it
 *     node program.ts reach                  opens connections to $ADDRESSES, and prints which
 */
import http from "node:http";
import net from "node:net";
import { setTimeout } from "node:timers/promises";

/** Where to call, by a name of the asker's choice. */
export interface Target {
  readonly name: string;
  readonly url: string;
  /** Clusters that must all answer in time; any one by default. */
  readonly members?: readonly string[];
}

/** What came of the calls to one target. */
export interface Outcome {
  readonly name: string;
  readonly answered: number;
  /** How often calls failed, by how. */
  readonly failures: Readonly<Record<string, number>>;
  /** Milliseconds of those that were answered; zero without any. */
  readonly median: number;
  readonly slowest: number;
  /** As whom the other side saw the caller; empty where it saw nobody. */
  readonly identities: readonly string[];
  /** Clusters that answered. */
  readonly clusters: readonly string[];
}

/** Addresses and ports to connect to, and what came of it: `connected`, or an error's code. */
export type Reached = Readonly<Record<string, string>>;

interface Echo {
  readonly cluster: string;
  readonly identity: string;
}

/** What the line with the result begins with. */
export const mark = "RESULT ";

export const echoPort = 8080;

function echo(): void {
  const cluster = process.env["CLUSTER"] ?? "";
  const server = http.createServer(({ headers }, response) => {
    // The proxy beside this program puts the caller's identity there (linkerd2-proxy, set_identity_header.rs).
    const identity = headers["l5d-client-id"] ?? "";
    response.setHeader("content-type", "application/json").end(JSON.stringify({ cluster, identity }));
  });
  server.listen(echoPort);
}

function failureOf({ statusCode = 0, headers }: http.IncomingMessage): Error {
  const said = headers["l5d-proxy-error"];
  return new Error([statusCode.toString(), said].filter((part) => part !== undefined).join(" "));
}

async function callOnce(url: string): Promise<Echo> {
  return new Promise((resolve, reject) => {
    // Each call finds its own way: nothing is kept from the one before.
    const request = http.get(url, { agent: false, timeout: 5_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (body += part));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(body) as Echo);
        else reject(failureOf(response));
      });
    });
    request.on("timeout", () => request.destroy(new Error("no answer in 5 s")));
    request.on("error", reject);
  });
}

function textOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

/** Calls until somebody answers: names and endpoints come some seconds after their objects. Whether anybody does. */
async function firstAnswer(url: string, end: number): Promise<boolean> {
  for (;;) {
    const isAnswered = await callOnce(url).then(
      () => true,
      () => false,
    );
    if (isAnswered || Date.now() >= end) return isAnswered;
    await setTimeout(500);
  }
}

async function callTarget({ name, url, members = [] }: Target, end: number, count: number): Promise<Outcome> {
  // Where nobody answers, a few more calls tell how they fail.
  const wanted = (await firstAnswer(url, end)) ? count : Math.min(count, 3);
  const times: number[] = [];
  const failures: Record<string, number> = {};
  const identities = new Set<string>();
  const clusters = new Set<string>();
  const areAllSeen = () => members.every((member) => clusters.has(member));
  // The balancer may choose the same member for a while.
  for (let sent = 0; sent < wanted || (!areAllSeen() && Date.now() < end); sent++) {
    if (sent >= wanted) await setTimeout(100);
    const begin = performance.now();
    try {
      const answer = await callOnce(url);
      times.push(performance.now() - begin);
      identities.add(answer.identity);
      clusters.add(answer.cluster);
    } catch (error) {
      const failure = textOf(error);
      failures[failure] = (failures[failure] ?? 0) + 1;
    }
  }
  times.sort((one, other) => one - other);
  const rounded = (time = 0) => Math.round(time * 10) / 10;
  return {
    name,
    answered: times.length,
    failures,
    median: rounded(times[Math.floor(times.length / 2)]),
    slowest: rounded(times.at(-1)),
    identities: [...identities].sort(),
    clusters: [...clusters].sort(),
  };
}

async function reach(address: string): Promise<[string, string]> {
  const colon = address.lastIndexOf(":");
  const socket = net.connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  const outcome = await new Promise<string>((resolve) => {
    socket.setTimeout(3_000, () => {
      resolve("ETIMEDOUT");
    });
    socket.on("connect", () => {
      resolve("connected");
    });
    socket.on("error", (error) => {
      resolve(textOf(error));
    });
  });
  socket.destroy();
  return [address, outcome];
}

function given(variable: string): unknown {
  return JSON.parse(process.env[variable] ?? "[]");
}

async function main([command, patience, count]: readonly string[]): Promise<void> {
  if (command === "echo") echo();
  if (command === "call") {
    const end = Date.now() + Number(patience) * 1_000;
    const targets = given("TARGETS") as Target[];
    const outcomes = await Promise.all(targets.map((target) => callTarget(target, end, Number(count))));
    console.log(`${mark}${JSON.stringify(outcomes)}`);
  }
  if (command === "reach") {
    const reached = await Promise.all((given("ADDRESSES") as string[]).map(reach));
    console.log(`${mark}${JSON.stringify(Object.fromEntries(reached))}`);
  }
}

// Other modules take its types and names from here.
if (process.argv[1]?.endsWith("program.ts") === true) await main(process.argv.slice(2));
