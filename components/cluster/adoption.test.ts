import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing, simulated } from "../../settings/test-examples.ts";
import { kubeconfigOf } from "../../tests/record.ts";
import { adoptionProblems } from "./adoption.ts";

let folder: string;
let remote: string;
let local: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "adoption-"));
  remote = path.join(folder, "remote");
  local = path.join(folder, "local");
  writeFileSync(remote, kubeconfigOf("east"));
  writeFileSync(local, kubeconfigOf("east", "https://127.0.0.1:6443"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Problems of adopting east as given, linked with west one way or both. */
function problems(east: Record<string, unknown>, links: Record<string, unknown> = { topology: "mesh" }) {
  return adoptionProblems(
    parseSettings(
      configuration({
        clusters: { east: existing(1, { context: "east", ...east }), west: simulated(2) },
        links,
      }),
    ),
  );
}

test("a context that is there, and reachable by the other clusters, is fine", () => {
  expect(problems({ kubeconfigPath: remote })).toEqual([]);
});

test("a context that isn't there is named, with those that are", () => {
  expect(problems({ context: "prod", kubeconfigPath: remote })).toEqual([
    {
      path: "clusters.east.context",
      value: "prod",
      problem: `there is no context prod in ${remote}; it has east`,
      remedy: "name a context that is there, and kubeconfigPath where it isn't in kubectl's own file",
    },
  ]);
});

test("an address of this machine is of no use to the clusters that link to it", () => {
  expect(problems({ kubeconfigPath: local })).toEqual([
    {
      path: "clusters.east.apiServer",
      problem: "is missing, and the kubeconfig's https://127.0.0.1:6443 is this machine's own address",
      remedy: "give the address of the API server as pods of the other clusters reach it",
    },
  ]);
});

test("it does when another address is given, or when nobody links to the cluster", () => {
  expect(problems({ kubeconfigPath: local, apiServer: "https://10.0.0.7:6443" })).toEqual([]);
  expect(problems({ kubeconfigPath: local }, { oneWay: [{ source: "east", target: "west" }] })).toEqual([]);
});

test("clusters that are made, or known otherwise than by a context, have no file to be wrong", () => {
  const kubeconfig = kubeconfigOf("east");
  const { context: _context, ...withoutContext } = existing(1, { kubeconfig });
  const settings = parseSettings(configuration({ clusters: { east: withoutContext, west: simulated(2) } }));
  expect(adoptionProblems(settings)).toEqual([]);
});
