import { expect, test } from "vitest";

import { parseRequest, toText } from "./explain.ts";

test("a call of explain names a stack, a cluster and a service", () => {
  expect(parseRequest(["sim", "cluster1", "shop/cart"])).toEqual({
    stack: "sim",
    cluster: "cluster1",
    namespace: "shop",
    service: "cart",
    json: false,
  });
  for (const args of [
    ["sim"],
    ["sim", "cluster1"],
    ["sim", "cluster1", "cart"],
    ["sim", "a", "b/c/d"],
    ["--loud"],
  ]) {
    expect(() => parseRequest(args)).toThrow(/npm run explain -- STACK CLUSTER NAMESPACE\/SERVICE/);
  }
});

test("ways are told apart by their share, and trouble on the way is named", () => {
  const ways = [
    { service: "shop/cart", share: 90, sentences: ["One."] },
    { service: "shop/cart-west", share: 10, sentences: ["Two."] },
  ];
  const finding = {
    check: "controller",
    subject: "east -> west",
    level: "failed",
    problem: "it is gone",
  } as const;
  const text = toText({ title: "A call", sentences: ["It is split."], ways, clusters: [] }, [
    { ...finding, cause: "", fix: "", docs: "" },
  ]);
  expect(text).toBe(
    [
      "A call",
      "It is split.",
      "To shop/cart, 90 % of the calls:\n  - One.",
      "To shop/cart-west, 10 % of the calls:\n  - Two.",
      "Trouble on the way, as npm run verify explains it:\n  × east -> west: controller: it is gone\n",
    ].join("\n\n"),
  );
});
