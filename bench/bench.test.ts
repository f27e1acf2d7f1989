import { describe, expect, test } from "vitest";

import { UsageError } from "../cli/terminal/usage.ts";
import { parseSettings } from "../settings/parse.ts";
import { parseRequest } from "./bench.ts";
import { fleetSettings, linksOf, type Topology } from "./fleet.ts";
import { programOf } from "./usage.ts";

describe("a call", () => {
  test("measures parts of 2 and 5 clusters unless something else is asked for", () => {
    expect(parseRequest([])).toMatchObject({ counts: [2, 5], topology: "mesh", split: true, limits: [] });
    const asked = ["3", "--topology", "hub-and-spoke", "--one-stack", "--memory", "4"];
    expect(parseRequest(asked)).toMatchObject({
      counts: [3],
      topology: "hub-and-spoke",
      split: false,
      limits: ["--memory", "4"],
    });
  });

  test.each([[["1"]], [["many"]], [["--topology", "star"]], [["--ratio", "0"]]])("%j is refused", (args) => {
    expect(() => parseRequest(args)).toThrow(UsageError);
  });
});

test.each<[Topology, number]>([
  ["mesh", 20],
  ["hub-and-spoke", 8],
])("a fleet of five is a %s of %i links, and its settings are valid", (topology, count) => {
  const fleet = { clusters: 5, topology, split: true };
  expect(linksOf(fleet)).toHaveLength(count);
  expect(parseSettings(fleetSettings("bench", fleet)).links).toHaveLength(count);
  expect(linksOf({ ...fleet, withoutLinks: 1 })).toHaveLength(count - 1);
});

test.each([
  ["/home/me/.pulumi/versions/3.248.0/bin/pulumi --non-interactive up", "engine"],
  ["node node_modules/@pulumi/pulumi/cmd/run/index.js --monitor 127.0.0.1:1", "program"],
  ["node node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js 127.0.0.1:1", "policies"],
  ["/plugins/pulumi-resource-kubernetes 127.0.0.1:1", "provider kubernetes"],
  ["node --expose-gc /mesh/cli/engine/program-host.ts", "program"],
  ["node /mesh/cli/fleet.ts up", "command"],
  ["node components/cluster/simulated-cluster.command.ts create", "simulated clusters"],
  ["/home/me/.kwok/clusters/bench-cluster1/bin/etcd --data-dir x", "simulated clusters"],
  ["node components/link/destination-restart.command.ts restart", "commands"],
  ["sleep 1", "other"],
])("%s is the %s", (commandLine, program) => {
  expect(programOf(commandLine)).toBe(program);
});
