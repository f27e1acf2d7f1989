import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { CoreV1Api, CustomObjectsApi, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { TestCluster } from "./clusters.ts";
import { Engine } from "./engine.ts";
import { linkerdSettings, simulatedCluster } from "./settings.ts";

const stack = "e2e-pulls";
const settings = (more: object = {}) => ({
  environment: stack,
  linkerd: linkerdSettings,
  clusters: Object.fromEntries(
    ["east", "west"].map((name, index) => [name, simulatedCluster(85 + index, 185 + index)]),
  ),
  ...more,
});
const linked = settings({ links: { oneWay: [{ source: "east", target: "west", carries: ["gateway"] }] } });

let engine: Engine;
let remote: string;
let east: TestCluster;

function git(...args: string[]): string {
  const author = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...author, ...args], { cwd: engine.folder, encoding: "utf8", stdio: "pipe" });
}

function commit(message: string): void {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
}

async function comment(): Promise<string> {
  return readFile(path.join(engine.folder, "review", stack, "comment.md"), "utf8");
}

function reviewed(): Promise<string[]> {
  return readdir(path.join(engine.folder, "review", stack));
}

/** Runs a command as a pipeline does: all that it goes by is the exit code. */
async function command(name: string, ...args: string[]): Promise<number> {
  const { code, output } = await engine.command(name, ...args);
  if (code !== 0) console.log(`${name} ended with ${code.toString()}:\n${output.slice(-3_000)}`);
  return code;
}

beforeAll(async () => {
  engine = await Engine.create(stack, settings(), { withCommands: true });
  remote = await mkdtemp(path.join(tmpdir(), "mesh-remote-"));
  await engine.up();
  const kubeconfigs = await engine.output<Record<string, string>>("kubeconfigs");
  east = await TestCluster.open(engine.folder, "east", kubeconfigs["east"] ?? "");
  execFileSync("git", ["init", "--quiet", "--bare", remote]);
  git("init", "--quiet", "--initial-branch", "main");
  await appendFile(path.join(engine.folder, ".git/info/exclude"), "state\nnode_modules\n*.kubeconfig\n");
  commit("Two clusters");
  git("remote", "add", "origin", remote);
  git("push", "--quiet", "origin", "main");
  git("fetch", "--quiet", "origin");
  git("switch", "--quiet", "--create", "link");
});

afterAll(async () => {
  await engine.configure(linked);
  await engine.command("join", stack);
  await engine.npmRun("up");
  await engine.destroy();
  await engine.dispose();
  await rm(remote, { recursive: true, force: true });
});

describe("a change", () => {
  test("that breaks a policy stops the pipeline, and the comment says why", async () => {
    await engine.configure(linked);
    commit("Link east with west");
    expect(await command("review", stack, "--base", "origin/main")).not.toBe(0);
    expect(await comment()).toContain(`### ${stack}: refused`);
    expect(await comment()).toMatch(/`closed-gateways` \(mandatory\), .*linkerd-gateway/);
    expect(await reviewed()).toEqual(["comment.md"]);
    expect(await command("apply", stack)).not.toBe(0);
  });

  test("touches the environments that its files are about", async () => {
    const levels = path.join(engine.folder, "policy", `${stack}.json`);
    await writeFile(levels, JSON.stringify({ "closed-gateways": "disabled", "closed-exports": "disabled" }));
    commit("Gateways of this environment are open");
    const { code, output } = await engine.command("touched", "origin/main");
    expect([code, JSON.parse(output)]).toEqual([0, [stack]]);
  });

  test("is reviewed: what would be done, and the topology before and after", async () => {
    expect(await command("review", stack, "--base", "origin/main")).toBe(0);
    const text = await comment();
    expect(text).toMatch(new RegExp(`^<!-- mesh: ${stack} -->\n### ${stack}: .*\\d+ to create`));
    expect(text).toContain("| `+` | `east-to-west` |");
    expect(text).toMatch(/```mermaid\n[\s\S]*flowchart[\s\S]*\+ gateway/);
    expect(text.split("\n").length).toBeLessThan(60);
    expect(text).not.toMatch(/PRIVATE KEY|ey[\w-]{20}/);
    expect((await reviewed()).sort()).toEqual(["comment.md", "plan.json", "tree"]);
    const plan = await readFile(path.join(engine.folder, "review", stack, "plan.json"), "utf8");
    expect(plan).not.toContain("PRIVATE KEY");
    await expect(east.link("west")).rejects.toThrow();
  });

  test("that is merged is applied as it was reviewed", async () => {
    git("switch", "--quiet", "main");
    git("merge", "--quiet", "--squash", "link");
    commit("Link east with west");
    git("push", "--quiet", "origin", "main");
    expect(await command("apply", stack)).toBe(0);
    expect(await east.link("west")).toHaveProperty("spec");
    expect((await engine.previewWithoutChanges()).code).toBe(0);
  });

  test("isn't applied by the review of other files", async () => {
    await engine.configure({ ...linked, services: [] });
    commit("Something else");
    expect(await command("apply", stack)).toBe(1);
  });
});

test("drift is found, named and healed", async () => {
  const report = path.join(engine.folder, "drift.md");
  expect(await command("drift", stack, "--output", report)).toBe(0);
  expect(await readFile(report, "utf8")).toContain(`### ${stack}: no change`);

  await east.config.makeApiClient(CustomObjectsApi).patchNamespacedCustomObject(
    {
      group: "multicluster.linkerd.io",
      version: "v1alpha3",
      namespace: "linkerd-multicluster",
      plural: "links",
      name: "west",
      body: { spec: { probeSpec: { period: "55s" } } },
    },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
  expect(await command("drift", stack, "--output", report)).toBe(7);
  const text = await readFile(report, "utf8");
  expect(text).toContain(`### ${stack}: 1 changed`);
  expect(text).toMatch(/`east-to-west` \| Link in `spec\.probeSpec\.period`/);

  // The field is now another's: it is taken back by force.
  vi.stubEnv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true");
  expect(await command("stack", "up", stack, "--refresh", "--yes", "--skip-preview")).toBe(0);
  expect(await command("drift", stack)).toBe(0);
});

describe("an environment in parts", () => {
  const inParts = { ...linked, split: true };
  const carriesMore = { oneWay: [{ source: "east", target: "west", carries: ["gateway", "federated"] }] };

  test("is reviewed as one: a comment, and what each part is to change", async () => {
    await engine.configure(inParts);
    expect(await command("split", stack)).toBe(0);
    expect(await command("fleet", "up", stack, "--yes")).toBe(0);
    commit("In parts");
    await engine.configure({ ...inParts, links: carriesMore });
    commit("Carry more");
    expect(await command("review", stack, "--base", "HEAD~1")).toBe(0);
    expect(await comment()).toMatch(/\| `~` \| `east-to-west` \| .*Link/);
    expect((await reviewed()).sort()).toEqual(["changes", "comment.md", "tree"]);
  });

  test("isn't changed where something else would be than was reviewed", async () => {
    const kept = path.join(engine.folder, "review", stack, "changes");
    const changes = await readFile(kept, "utf8");
    await writeFile(kept, changes.split("\n").slice(1).join("\n"));
    const { code, output } = await engine.command("apply", stack);
    expect([code, output]).toEqual([1, expect.stringContaining(`npm run review -- ${stack}`)]);
    expect((await east.link("west")).spec).not.toHaveProperty("federatedServiceSelector.matchLabels");
    await writeFile(kept, changes);
  });

  test("is changed as it was reviewed, and its drift is found", async () => {
    expect(await command("apply", stack)).toBe(0);
    expect((await east.link("west")).spec).toHaveProperty("federatedServiceSelector.matchLabels");
    expect(await command("drift", stack)).toBe(0);
    const core = east.config.makeApiClient(CoreV1Api);
    await core.deleteNamespacedSecret({
      namespace: "linkerd-multicluster",
      name: "cluster-credentials-west",
    });
    const report = path.join(engine.folder, "drift.md");
    expect(await command("drift", stack, "--output", report)).toBe(7);
    expect(await readFile(report, "utf8")).toContain(`### ${stack}: 1 gone`);
    expect(await command("fleet", "refresh", stack, "--yes")).toBe(0);
    expect(await command("fleet", "up", stack, "--yes")).toBe(0);
    expect(await command("drift", stack)).toBe(0);
  });
});
