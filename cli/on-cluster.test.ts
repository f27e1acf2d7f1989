import { describe, expect, test } from "vitest";

import { kubeconfigFor, parseCall } from "./on-cluster.ts";

describe("a call", () => {
  test("is a program, a stack, a cluster, and the program's own arguments", () => {
    expect(parseCall(["kubectl", "sim", "cluster1", "get", "pods", "-A"])).toEqual({
      program: "kubectl",
      stack: "sim",
      cluster: "cluster1",
      args: ["get", "pods", "-A"],
    });
  });

  test.each([
    [["helm", "sim", "cluster1"], "Say what to run: kubectl, linkerd."],
    [["kubectl"], "Say on which stack and cluster: npm run kubectl -- sim cluster1 …"],
    [["linkerd", "sim"], "Say on which stack and cluster: npm run linkerd -- sim cluster1 …"],
  ])("that is incomplete is refused: %j", (given, message) => {
    expect(() => parseCall(given)).toThrow(message);
  });
});

describe("a cluster's kubeconfig", () => {
  const kubeconfigs = { cluster1: "one", cluster2: "two" };

  test("is its own", () => {
    expect(kubeconfigFor({ stack: "sim", cluster: "cluster2" }, kubeconfigs)).toBe("two");
  });

  test("of a cluster that isn't there is asked for in vain, and the others are named", () => {
    expect(() => kubeconfigFor({ stack: "sim", cluster: "west" }, kubeconfigs)).toThrow(
      "Stack sim has no cluster west; it has: cluster1, cluster2.",
    );
  });
});
