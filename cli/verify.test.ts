import { describe, expect, test } from "vitest";

import { parseDeployedStack } from "./stacks/deployed.ts";
import { UsageError } from "./terminal/usage.ts";
import { parseRequest } from "./verify.ts";

describe("a call of verify", () => {
  test("is about a whole stack, once, unless said otherwise", () => {
    expect(parseRequest(["sim"])).toEqual({
      stack: "sim",
      cluster: undefined,
      calls: false,
      image: expect.stringMatching(/^docker\.io\/library\/node:\d+\.\d+\.\d+-alpine$/) as string,
      wait: 0,
      watch: false,
      interval: 30_000,
      timeout: 10_000,
      report: undefined,
      json: false,
    });
  });

  test("takes its options in seconds", () => {
    const args = [
      "sim",
      "--cluster",
      "cluster1",
      "--watch",
      "--interval",
      "5",
      "--wait",
      "60",
      "--timeout",
      "0.5",
    ];
    const more = ["--report", "incident.md", "--json", "--calls", "--image", "registry.example/node:24"];
    expect(parseRequest([...args, ...more])).toEqual({
      stack: "sim",
      cluster: "cluster1",
      calls: true,
      image: "registry.example/node:24",
      wait: 60_000,
      watch: true,
      interval: 5_000,
      timeout: 500,
      report: "incident.md",
      json: true,
    });
  });

  test.each([[[]], [["sim", "uat"]], [["sim", "--loud"]], [["sim", "--wait", "long"]], [["sim", "--wait="]]])(
    "%j is told how it is meant",
    (args) => {
      expect(() => parseRequest(args)).toThrow(UsageError);
      expect(() => parseRequest(args)).toThrow(/npm run verify -- STACK/);
    },
  );
});

describe("the outputs of a deployed stack", () => {
  test("say how other clusters reach the API servers", () => {
    const outputs = {
      mesh: { clusters: { east: { apiServer: "https://east.test:6443" }, west: {} } },
      kubeconfigs: { east: "config" },
    };
    const { apiServers, deployed } = parseDeployedStack(JSON.stringify(outputs));
    expect(apiServers).toEqual({ east: "https://east.test:6443" });
    expect(deployed.kubeconfigs).toEqual({ east: "config" });
  });

  test("are missing before the first update", () => {
    expect(() => parseDeployedStack("{}")).toThrow();
  });
});
