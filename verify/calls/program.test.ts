import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";

import { afterEach, describe, expect, test } from "vitest";

import { mark, type Outcome, type Reached, type Target } from "./program.ts";

const program = path.join(import.meta.dirname, "program.ts");
const servers: http.Server[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const child of children.splice(0)) child.kill();
});

async function serve(answer: http.RequestListener): Promise<string> {
  const server = http.createServer(answer).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
}

async function run(args: readonly string[], environment: Record<string, string>): Promise<unknown> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const output = await text(child.stdout);
  return JSON.parse(output.slice(output.indexOf(mark) + mark.length));
}

async function call(targets: readonly Target[], patience = 0, count = 4): Promise<Outcome[]> {
  const args = ["call", patience.toString(), count.toString()];
  return (await run(args, { TARGETS: JSON.stringify(targets) })) as Outcome[];
}

const echo = (cluster: string, identity = "caller") => JSON.stringify({ cluster, identity });

describe("calls", () => {
  test("are counted, with who answered and as whom the caller was seen", async () => {
    const url = `http://${await serve((_request, response) => response.end(echo("west")))}/`;
    const [outcome] = await call([{ name: "east-to-west gateway", url }]);
    expect(outcome).toMatchObject({
      name: "east-to-west gateway",
      answered: 4,
      failures: {},
      identities: ["caller"],
      clusters: ["west"],
    });
    expect(outcome?.slowest).toBeGreaterThan(0);
  });

  test("that fail tell what the proxy said, and are few where nobody answers", async () => {
    const address = await serve((_request, response) => {
      response.writeHead(403, { "l5d-proxy-error": "unauthorized request on route" }).end();
    });
    const [refused, unknown] = await call(
      [
        { name: "refused", url: `http://${address}/` },
        { name: "unknown", url: "http://nowhere.invalid/" },
      ],
      0,
      20,
    );
    expect(refused).toMatchObject({ answered: 0, failures: { "403 unauthorized request on route": 3 } });
    expect(Object.keys(unknown?.failures ?? {})).toEqual([expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)]);
  });

  test("wait for the first answer", async () => {
    let asked = 0;
    const address = await serve((_request, response) => {
      asked++;
      if (asked === 1) response.writeHead(503).end();
      else response.end(echo("west"));
    });
    const [outcome] = await call([{ name: "late", url: `http://${address}/` }], 10, 4);
    expect(outcome).toMatchObject({ answered: 4, failures: {} });
  });

  test("go on until every member has answered", async () => {
    let asked = 0;
    const address = await serve((_request, response) => response.end(echo(++asked > 12 ? "west" : "east")));
    const [outcome] = await call([{ name: "federated", url: `http://${address}/`, members: ["west"] }], 20);
    expect(outcome?.clusters).toEqual(["east", "west"]);
  });
});

test("connections are opened, or the reason is told", async () => {
  const open = await serve((_request, response) => response.end());
  const closed = await serve((_request, response) => response.end());
  servers.pop()?.close();
  const reached = (await run(["reach"], { ADDRESSES: JSON.stringify([open, closed]) })) as Reached;
  expect(reached).toEqual({ [open]: "connected", [closed]: "ECONNREFUSED" });
});
