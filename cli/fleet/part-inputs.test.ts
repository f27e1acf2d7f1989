import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, expect, test, vi } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { partsOf, stackOf } from "../../settings/part.ts";
import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import { partInputs, programDigest, type Outputs } from "./part-inputs.ts";

// Every part of a whole mesh is put together, several times.
vi.setConfig({ testTimeout: 60_000 });

const mesh = { topology: "mesh", carries: ["gateway"] };
const spokes = { topology: "hub-and-spoke", hub: "a", carries: ["gateway"] };

function fleet(names: readonly string[], more: object = {}) {
  return parseSettings(
    configuration({ clusters: clustersNamed([...names]), links: mesh, split: true, ...more }),
  );
}

/** What the stack of each part says to the others. */
function outputsOf(names: readonly string[]): Map<string, Outputs> {
  const trustSigner = { certificate: "signer", privateKey: "its key" };
  const access = { token: "token", certificateAuthority: "authority" };
  const clusters = names.flatMap((name): [string, Outputs][] => {
    const accesses = Object.fromEntries(names.map((source) => [source, { ...access }]));
    const cluster = {
      mesh: {
        clusters: { [name]: { apiServer: `https://${name}` } },
        parts: { identities: { [name]: name } },
      },
      kubeconfigs: { [name]: "" },
    };
    const reached = { apiServer: `https://${name}`, gateway: ["192.0.2.1"] };
    const extension = { mesh: { clusters: { [name]: reached }, parts: { accesses } } };
    return [
      [`x-cluster-${name}`, cluster],
      [`x-multicluster-${name}`, extension],
    ];
  });
  const trust = { mesh: { clusters: {}, parts: { trustBundle: "bundle", trustSigner } }, trust: trusted };
  return new Map<string, Outputs>([["x-trust", trust], ...clusters]);
}

const trusted = { anchors: {}, trusted: ["1"], signers: {} };

type Settings = ReturnType<typeof fleet>;

/** The digest of each part. */
async function digests(
  settings: Settings,
  { outputs = outputsOf(["a", "b", "c", "d"]), program = "program", now = new Date() } = {},
): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {};
  for (const part of partsOf(settings)) {
    found[stackOf("x", part)] = await partInputs(settings, "x", part, { outputs, program, now });
  }
  return found;
}

/** The parts that an update must look at after a change. */
function changed(before: Awaited<ReturnType<typeof digests>>, after: typeof before): string[] {
  return Object.keys(after).filter((stack) => after[stack] === undefined || after[stack] !== before[stack]);
}

const names = ["a", "b", "c"];
const before = await digests(fleet(names));

test("the same settings ask for the same, part by part", async () => {
  expect(Object.values(before).filter((digest) => /^[0-9a-f]{64}$/.test(digest ?? ""))).toHaveLength(10);
  expect(new Set(Object.values(before)).size).toBe(10);
  expect(changed(before, await digests(fleet(names)))).toEqual([]);
});

test("what is set for one cluster is for its part alone", async () => {
  const clusters = clustersNamed(names);
  const values = { ...clusters, b: { ...clusters["b"], values: { controlPlane: { logLevel: "debug" } } } };
  expect(changed(before, await digests(fleet(names, { clusters: values })))).toEqual(["x-cluster-b"]);
});

test("another exported service is for the part of its cluster alone", async () => {
  const services = [{ cluster: "c", namespace: "shop", name: "cart", export: "gateway" }];
  expect(changed(before, await digests(fleet(names, { services })))).toEqual(["x-cluster-c"]);
});

test("a spoke more is for its own parts and for what links the hub with it", async () => {
  const three = await digests(fleet(names, { links: spokes }));
  const four = await digests(fleet([...names, "d"], { links: spokes }));
  expect(changed(three, four)).toEqual([
    "x-cluster-d",
    "x-multicluster-a",
    "x-multicluster-d",
    "x-links-a",
    "x-links-d",
  ]);
});

test("a cluster more in a full mesh is for its own part and for what links the others with it", async () => {
  const after = changed(before, await digests(fleet([...names, "d"])));
  const others = after.filter((stack) => !stack.endsWith("-d"));
  expect(others).toEqual(
    names.flatMap((name) => `x-multicluster-${name}`).concat(names.map((name) => `x-links-${name}`)),
  );
});

test("another token, address or anchor is for those who use it", async () => {
  const outputs = outputsOf(names);
  const said = outputs.get("x-multicluster-b")?.["mesh"] as {
    parts: { accesses: Record<string, { token: string }> };
  };
  const renewed = structuredClone(said);
  const access = renewed.parts.accesses["a"];
  if (access !== undefined) access.token = "another token";
  outputs.set("x-multicluster-b", { ...outputs.get("x-multicluster-b"), mesh: renewed });
  expect(changed(before, await digests(fleet(names), { outputs }))).toEqual(["x-links-a"]);

  const trust = outputsOf(names);
  const parts = {
    trustBundle: "another bundle",
    trustSigner: { certificate: "signer", privateKey: "its key" },
  };
  trust.set("x-trust", { mesh: { clusters: {}, parts }, trust: trusted });
  expect(changed(before, await digests(fleet(names), { outputs: trust }))).toEqual([
    "x-cluster-a",
    "x-cluster-b",
    "x-cluster-c",
    "x-multicluster-a",
    "x-multicluster-b",
    "x-multicluster-c",
  ]);
});

test("another program or other secrets are for every part", async () => {
  expect(changed(before, await digests(fleet(names), { program: "another" }))).toHaveLength(10);
});

test("nothing is known of a part before what it needs is there", async () => {
  const outputs = outputsOf(["a", "b"]);
  const found = await digests(fleet(names), { outputs });
  expect(Object.entries(found).filter(([, digest]) => digest === undefined)).toEqual([
    ["x-multicluster-c", undefined],
    ["x-links-a", undefined],
    ["x-links-b", undefined],
    ["x-links-c", undefined],
  ]);
});

const folder = await mkdtemp(path.join(tmpdir(), "mesh-program-"));

afterAll(() => rm(folder, { recursive: true }));

test("the program is its sources, its packages, its policies and the charts of a folder; not its tests", async () => {
  const write = async (file: string, text: string) => {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  };
  const charts = path.join(folder, "charts");
  const settings = fleet(names, { linkerd: { version: "2026.8.3", charts: { directory: charts } } });
  const seen = new Set<string>();
  const digest = async (secrets: readonly string[] = []) => {
    seen.add(await programDigest(settings, folder, secrets));
    return seen.size;
  };
  await digest();
  await write("components/link/link.test.ts", "");
  expect(await digest()).toBe(1);
  await write("components/link/link.ts", "1");
  expect(await digest()).toBe(2);
  await write("policy/prod.json", "{}");
  expect(await digest()).toBe(3);
  await write("package-lock.json", "{}");
  expect(await digest()).toBe(4);
  await write("charts/linkerd-crds-2026.8.3.tgz", "archive");
  expect(await digest()).toBe(5);
  expect(await digest(["secret"])).toBe(6);
  expect(await digest()).toBe(6);
});
