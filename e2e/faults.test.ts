import { execFile } from "node:child_process";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { pulumiVersion } from "../cli/engine/engine.ts";
import { clusterConfig } from "../components/cluster/kubeconfig.ts";
import { findProgram } from "../components/cluster/programs.ts";
import { ClusterApi } from "../facts/cluster-api.ts";
import { parseSettings } from "../settings/parse.ts";
import { certify } from "../settings/test-certificates.ts";
import { toText } from "../verify/text.ts";
import type { Verification } from "../verify/verify.ts";
import { eventually, TestCluster } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { Engine } from "./engine.ts";
import { faults, type Ends } from "./faults.ts";
import { linkerdSettings, simulatedCluster } from "./settings.ts";
import { found, lookAt, type Look } from "./verified.ts";

const asked = {
  environment: "faults",
  linkerd: linkerdSettings,
  clusters: {
    cluster1: simulatedCluster(33, 247),
    cluster2: simulatedCluster(32, 246),
  },
  links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"], createNamespaces: false },
  emojivoto: {},
};
const settings = parseSettings(asked);
const linkerd = findProgram("linkerd");

const controllers = new Controllers();
let engine: Engine;
let look: Look;
let clusters: TestCluster[];
let ends: Ends;

beforeAll(async () => {
  engine = await Engine.create("faults", asked);
  await engine.up();
  look = await lookAt(engine, asked);
  const kubeconfigs = await engine.output<Record<string, string>>("kubeconfigs");
  clusters = await Promise.all(
    settings.clusters.map(({ name }) => TestCluster.open(engine.folder, name, kubeconfigs[name] ?? "")),
  );
  const [source, target] = await Promise.all(
    settings.clusters.map((cluster) => ClusterApi.open(clusterConfig(cluster, kubeconfigs))),
  );
  const [first, second] = clusters;
  if (source === undefined || target === undefined || first === undefined || second === undefined) {
    throw new Error("there are two clusters");
  }
  if (controllerProgram === undefined) return;
  // Services that others own, exported by hand: as much a part of the mesh as the stack's own.
  for (const cluster of clusters) {
    await cluster.createService("shop", "stock");
    await cluster.createService("shop", "search");
  }
  await controllers.startLocal(first.kubeconfigPath);
  await controllers.startLocal(second.kubeconfigPath);
  const controller = await controllers.startLink(first.kubeconfigPath, "cluster2", false);
  await controllers.startLink(second.kubeconfigPath, "cluster1", false);
  const anchor = certify("root.linkerd.cluster.local");
  const issuer = certify("identity.linkerd.cluster.local", { signer: anchor });
  const foreign = { anchor: anchor.certificate, issuer: issuer.certificate };
  ends = { environment: "faults", source, target, controller, foreign };
  // One after the other: two that join a federated service at the same moment race for it.
  for (const api of [source, target]) {
    const services = "/api/v1/namespaces/shop/services";
    await api.patch(`${services}/stock`, label("mirror.linkerd.io/exported", "remote-discovery"));
    await api.patch(`${services}/search`, label("mirror.linkerd.io/federated", "member"));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
});

afterAll(async () => {
  await controllers.stop();
  await engine.destroy();
  await engine.dispose();
});

function label(key: string, value: string) {
  return { metadata: { labels: { [key]: value } } };
}

async function untilHealthy(): Promise<Verification> {
  return eventually(
    () => look(),
    ({ findings }) => findings.length === 0,
    60,
  );
}

interface CheckOutput {
  readonly categories: readonly {
    readonly checks: readonly {
      readonly description: string;
      readonly result: string;
      readonly error?: string;
    }[];
  }[];
}

/** What `linkerd multicluster check` objects to on a cluster, or what it does instead of answering. */
async function linkerdObjects(cluster: TestCluster | undefined): Promise<Map<string, string> | string> {
  const args = ["multicluster", "check", "--wait=1s", "--timeout=1s", "--output=json"];
  const env = { ...process.env, KUBECONFIG: cluster?.kubeconfigPath };
  const output = await new Promise<string>((resolve) => {
    execFile(linkerd ?? "", args, { env, timeout: 20_000, maxBuffer: 2 ** 24 }, (error, stdout) => {
      resolve(error?.killed === true ? "" : stdout || "stops with an error");
    });
  });
  if (!output.includes("{")) return output === "" ? "nothing within 20 s" : "stops with an error";
  const { categories } = JSON.parse(output.slice(output.indexOf("{"))) as CheckOutput;
  const bad = categories.flatMap(({ checks }) => checks).filter(({ result }) => result !== "success");
  return new Map(bad.map(({ description, error = "" }) => [description, error]));
}

/** Descriptions of the checks that say something else than on the healthy mesh. */
function difference(healthy: Map<string, string>, now: Map<string, string> | string): string {
  if (typeof now === "string") return now;
  const other = [...now].filter(([description, error]) => healthy.get(description) !== error);
  return other.length === 0 ? "√" : other.map(([description]) => `× ${description}`).join(", ");
}

describe.skipIf(controllerProgram === undefined)(
  "verify on two simulated clusters with real controllers",
  () => {
    let healthy: Map<string, string>;
    const rows: string[] = [];

    test("finds nothing on a healthy mesh, and asks for running pods only where that makes sense", async () => {
      const verification = await untilHealthy();
      console.log(toText(verification, 0));
      expect(verification.links.map(({ mirrors }) => mirrors)).toEqual([4, 3]);
      const simulated = verification.skipped.map(({ check }) => check);
      expect([...new Set(simulated)].sort()).toEqual(["extension-pods", "gateway-alive"]);
      if (linkerd === undefined) return;
      const objects = await linkerdObjects(clusters[0]);
      if (typeof objects === "string") throw new Error(objects);
      healthy = objects;
    });

    test.each(faults)("finds that $what", async ({ what, put, check, subject }) => {
      const undo = await put(ends);
      try {
        const patience = check === "reachable" ? 2_000 : 10_000;
        const seen = await eventually(
          () => look(patience),
          (one) => found(one).includes(`${subject}: ${check}`),
          30,
        );
        const finding = seen.findings.find((one) => one.check === check && one.subject === subject);
        expect(finding?.cause).toMatch(/\w/);
        expect(finding?.fix).toMatch(/\w/);
        expect(seen.isHealthy).toBe(false);
        if (linkerd !== undefined) {
          const said = difference(healthy, await linkerdObjects(clusters[0]));
          rows.push(`| ${what} | ${subject} | \`${check}\` | ${said} |`);
        }
        console.log(`${what}: ${found(seen).join(", ")}; ${finding?.problem ?? ""}`);
      } finally {
        await undo();
      }
      await untilHealthy();
    });

    test.skipIf(linkerd === undefined)(
      "finds what the documentation says, beside Linkerd's own check",
      async () => {
        const table = [
          "# What verify finds",
          "",
          "What was put into a healthy mesh of two simulated clusters, one at a time, with Linkerd's own controllers running; the",
          "check of `npm run verify` that named it; and what `linkerd multicluster check` on cluster1 said otherwise than before.",
          "Written by `npm run e2e -- faults -u`.",
          "",
          "| what is broken | named of | by check | `linkerd multicluster check` of cluster1 |",
          "| --- | --- | --- | --- |",
          ...rows,
          "",
        ].join("\n");
        await expect(table).toMatchFileSnapshot(path.resolve(import.meta.dirname, "../docs/faults.md"));
      },
    );

    test("says the same as a command, with an exit code", async () => {
      const run = (...args: string[]) =>
        new Promise<{ code: number; stdout: string }>((resolve) => {
          const file = path.resolve(import.meta.dirname, "../cli/verify.ts");
          const env = { ...engine.environment(), PULUMI_VERSION: pulumiVersion };
          execFile(process.execPath, [file, engine.configFile, ...args], { env }, (error, stdout) => {
            resolve({ code: error === null ? 0 : Number(error.code), stdout });
          });
        });
      const { code, stdout } = await run("--json");
      expect((JSON.parse(stdout) as Verification).findings).toEqual([]);
      expect(code).toBe(0);
      const undo = await faults[0]?.put(ends);
      const report = path.join(engine.folder, "report.md");
      await eventually(
        () => look(),
        ({ isHealthy }) => !isHealthy,
      );
      const broken = await run("--cluster", "cluster1", "--report", report);
      await undo?.();
      expect(broken.code).toBe(1);
      expect(broken.stdout).toContain("controller-cluster2 is scaled to zero");
      expect((await run("--loud")).code).toBe(2);
    });

    test("npm run up -- STACK --refresh restores what was damaged", async () => {
      const restored = ["the controller is deleted", "the token's rights are taken away on the target"];
      const more = ["the Link's probe port is wrong", "the gateway's policy for the source is deleted"];
      for (const { what, put } of faults) if ([...restored, ...more].includes(what)) await put(ends);
      await eventually(
        () => look(),
        ({ findings }) => findings.length >= 4,
      );
      // Fields that somebody else has written are only taken back by force.
      vi.stubEnv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true");
      await engine.up("--refresh");
      vi.unstubAllEnvs();
      await untilHealthy();
    });
  },
);
