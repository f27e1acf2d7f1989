import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";

import { runProgram, startApiServer, type ApiServer, type Finished } from "../../tests/record.ts";
import {
  allAnswer,
  kwokctlConfiguration,
  simulatedNode,
  startUntilComplete,
} from "./simulated-cluster.command.ts";

const ports = { kubeApiserverPort: 1, etcdPort: 2 };

test("a cluster's configuration has its networks, its ports and no container", () => {
  expect(kwokctlConfiguration("10.1.0.0/16", "172.16.1.0/24", ports)).toEqual({
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokctlConfiguration",
    options: { runtime: "binary", disableQPSLimits: true, kubeApiserverPort: 1, etcdPort: 2 },
    componentsPatches: [
      {
        name: "kube-apiserver",
        extraArgs: [{ key: "service-cluster-ip-range", value: "172.16.1.0/24" }],
      },
      {
        name: "kube-controller-manager",
        extraArgs: [
          { key: "allocate-node-cidrs", value: "true" },
          { key: "cluster-cidr", value: "10.1.0.0/16" },
          { key: "service-cluster-ip-range", value: "172.16.1.0/24" },
        ],
      },
    ],
  });
});

test("a node asks for KWOK and leaves its pod network to the controller manager", () => {
  expect(simulatedNode("node-7")).toEqual({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: "node-7",
      annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "node-7",
        "kubernetes.io/os": "linux",
        type: "kwok",
      },
    },
  });
});

/** Stands in for kwokctl: keeps its calls and a copy of what it was configured with, in its own folder. */
const kwokctl = `#!/bin/sh
here="\${0%/*}"
echo "$*" >>"$here/calls"
case "$1 $2" in
"get clusters") /bin/cat "$here/clusters" ;;
"get kubeconfig") /bin/cat "$here/kubeconfig" ;;
"create cluster")
  /bin/cp "$6" "$here/configuration"
  ${process.execPath} "$here/listen.mjs" "$6" </dev/null >"$here/listening" 2>&1 &
  until [ -s "$here/listening" ]; do /bin/sleep 0.05; done ;;
esac
if [ -e "$here/fails at $1 $2" ]; then
  /bin/cat "$here/fails at $1 $2" >&2
  exit 1
fi
`;

/** Listens on the configured ports for a while, as the cluster's programs do. */
const listener = `
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
const ports = [...readFileSync(process.argv[2], "utf8").matchAll(/Port: (\\d+)/g)].map(([, port]) => Number(port));
await Promise.all(ports.map((port) => new Promise((done) => createServer().listen(port, "127.0.0.1", done))));
console.log("listening");
setTimeout(() => process.exit(), 10_000);
`;

const root = path.resolve(import.meta.dirname, "../..");

/** A copy of the checkout, so that the kwokctl that `npm run tools` may have built isn't found and started. */
let checkout: string;
/** The only folder on the PATH. */
let folder: string;
/** Where temporary files go. */
let temporary: string;
let east: ApiServer;

beforeAll(() => {
  checkout = mkdtempSync(path.join(tmpdir(), "simulated-cluster-"));
  for (const name of ["components", "package.json"]) {
    cpSync(path.join(root, name), path.join(checkout, name), { recursive: true });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(checkout, "node_modules"));
  mkdirSync(path.join(checkout, "tools/bin"), { recursive: true });
  program("etcd", path.join(checkout, "tools/bin"));
});

afterAll(() => {
  rmSync(checkout, { recursive: true });
});

function program(name: string, into = folder, text = "") {
  writeFileSync(path.join(into, name), text);
  chmodSync(path.join(into, name), 0o755);
}

function write(name: string, text: string) {
  writeFileSync(path.join(folder, name), text);
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(checkout, "bin-"));
  temporary = mkdtempSync(path.join(checkout, "tmp-"));
  east = await startApiServer("east");
  program("kwokctl", folder, kwokctl);
  program("kube-apiserver");
  program("kwok");
  write("listen.mjs", listener);
  write("clusters", "");
  write("kubeconfig", east.kubeconfig);
});

afterEach(() => east.close());

function run(action: string, nodes = 2): Promise<Finished> {
  const environment = {
    PATH: folder,
    TMPDIR: temporary,
    MESH_CLUSTER: "test-east",
    MESH_POD_NETWORK: "10.1.0.0/16",
    MESH_SERVICE_NETWORK: "172.16.1.0/24",
    MESH_NODES: nodes.toString(),
  };
  return runProgram("components/cluster/simulated-cluster.command.ts", action, environment, checkout);
}

/** The calls in order, with the names of temporary files left out. */
function calls(): string[] {
  const text = readFileSync(path.join(folder, "calls"), "utf8").trimEnd();
  return text.replaceAll(/--(config|kubeconfig) \S+/g, "--$1 FILE").split("\n");
}

function createCall(): string {
  return [
    "create cluster --name test-east --config FILE --wait 120s --kubeconfig FILE",
    `--etcd-binary ${path.join(checkout, "tools/bin/etcd")}`,
    `--kube-apiserver-binary ${path.join(folder, "kube-apiserver")}`,
    `--kwok-controller-binary ${path.join(folder, "kwok")}`,
  ].join(" ");
}

const nodes = "/api/v1/nodes";

describe("a start", () => {
  const starts = (...outcomes: boolean[]) => {
    const start = vi.fn<() => Promise<boolean>>();
    for (const outcome of outcomes) start.mockResolvedValueOnce(outcome);
    return start;
  };

  beforeEach(() => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("is done anew when one of the programs didn't come up", async () => {
    const start = starts(false, true);
    await startUntilComplete("test-east", start);
    expect(start).toHaveBeenCalledTimes(2);
  });

  test("is given up after three times, with the way to the logs", async () => {
    const start = starts(false, false, false);
    await expect(startUntilComplete("test-east", start)).rejects.toThrow("~/.kwok/clusters/test-east/logs");
    expect(start).toHaveBeenCalledTimes(3);
  });

  test("is complete only when every port answers", async () => {
    const answering = createServer().listen(0, "127.0.0.1");
    await once(answering, "listening");
    const { port } = answering.address() as AddressInfo;
    expect(await allAnswer({ one: port }, 1)).toBe(true);
    // Nothing listens on the discard port.
    expect(await allAnswer({ one: port, other: 9 }, 1)).toBe(false);
    answering.close();
  });
});

describe("create", { timeout: 60_000 }, () => {
  test("starts the cluster with the programs that are here and prints its kubeconfig", async () => {
    expect(await run("create")).toEqual({
      code: 0,
      stdout: east.kubeconfig,
      stderr: "test-east: waiting for the API server\n",
    });
    expect(calls()).toEqual([
      "get clusters",
      "get clusters",
      createCall(),
      "get kubeconfig --name test-east",
    ]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("configures it with ports that nobody else has, and with how pods and load balancers are played", async () => {
    await run("create");
    const text = readFileSync(path.join(folder, "configuration"), "utf8");
    const [configuration, ...stages] = parseAllDocuments(text).map((document) => document.toJS() as unknown);
    const { options } = configuration as { options: Record<string, unknown> };
    const chosen = Object.entries(options).filter(([name]) => name.endsWith("Port"));
    expect(chosen.map(([name]) => name)).toEqual([
      "kubeApiserverPort",
      "etcdPort",
      "etcdPeerPort",
      "kubeControllerManagerPort",
      "kubeSchedulerPort",
      "kwokControllerPort",
    ]);
    const numbers = chosen.map(([, port]) => port as number);
    expect(new Set(numbers).size).toBe(6);
    // Outgoing connections of this machine never take one of these.
    expect(numbers.filter((port) => port < 16384 || port >= 30000)).toEqual([]);
    expect(configuration).toEqual(
      kwokctlConfiguration("10.1.0.0/16", "172.16.1.0/24", Object.fromEntries(chosen) as typeof ports),
    );
    const file = readFileSync(path.join(import.meta.dirname, "simulated-stages.yaml"), "utf8");
    expect(stages).toEqual(parseAllDocuments(file).map((document) => document.toJS() as unknown));
    expect(stages.length).toBeGreaterThan(0);
  });

  test("removes what an interrupted update left, and only that", async () => {
    write("clusters", "test-east\ntest-east-2\n");
    const { code, stderr } = await run("create");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        "test-east was left by an interrupted update; starting it anew\ntest-east: waiting for the API server\n",
    });
    expect(calls()).toEqual([
      "get clusters",
      "get clusters",
      "delete cluster --name test-east --kubeconfig FILE",
      createCall(),
      "get kubeconfig --name test-east",
    ]);
  });

  test("that fails says why, prints nothing and leaves no file behind", async () => {
    const log = [
      { level: "INFO", msg: "Cluster is creating" },
      { level: "ERROR", msg: "Failed to start", err: "etcd: exit status 1" },
    ];
    write("fails at create cluster", log.map((line) => JSON.stringify(line)).join("\n"));
    const { code, stdout, stderr } = await run("create");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/kwokctl create cluster .* failed:\nFailed to start: etcd: exit status 1\n$/);
    expect(stderr).not.toContain("Cluster is creating");
    expect(readdirSync(temporary)).toEqual([]);
    expect(east.changes).toEqual([]);
  });
});

describe("scale", { timeout: 60_000 }, () => {
  const named = (...names: string[]) => names.map((name) => ({ metadata: { name } }));

  test("adds and removes nodes until they are as wanted, without starting anything", async () => {
    east.lists[nodes] = named("node-0", "node-2", "node-3");
    expect(await run("scale", 3)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(calls()).toEqual(["get kubeconfig --name test-east"]);
    expect(east.changes).toEqual([`POST ${nodes}`, `DELETE ${nodes}/node-3`]);
    expect(east.bodies[`POST ${nodes}`]).toEqual(simulatedNode("node-1"));
  });
});

describe("delete", { timeout: 60_000 }, () => {
  test("removes the cluster", async () => {
    write("clusters", "other\ntest-east\n");
    expect(await run("delete")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(calls()).toEqual(["get clusters", "delete cluster --name test-east --kubeconfig FILE"]);
    expect(existsSync(path.join(folder, "configuration"))).toBe(false);
  });

  test("has nothing to do when the cluster is gone", async () => {
    write("clusters", "test-east-2\n");
    expect(await run("delete")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(calls()).toEqual(["get clusters"]);
  });
});
