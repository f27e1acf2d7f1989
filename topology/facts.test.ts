import { describe, expect, test } from "vitest";

import { backendTexts, certificateText, clustersText, gatewayText } from "./facts.ts";
import { names } from "./test-examples.ts";

function backend(service: string, weight: number) {
  return { from: "local", service, port: 80, weight };
}

describe("shares of calls", () => {
  test("are per cent of all weights", () => {
    expect(backendTexts([backend("cart", 3), backend("cart-west", 1)])).toEqual([
      "75% cart",
      "25% cart-west",
    ]);
  });

  test("are none where all weights are 0", () => {
    expect(backendTexts([backend("cart", 0)])).toEqual(["0% cart"]);
  });
});

test.each([
  [{ origin: "made here", lifetime: "8760h" }, "made here, valid for 1 year"],
  [{ origin: "made here", lifetime: "87600h" }, "made here, valid for 10 years"],
  [{ origin: "made here", lifetime: "24h" }, "made here, valid for 24h"],
  [{ origin: "given" }, "given"],
  [
    { origin: "given", subject: "CN=root", expires: "2030-01-02T03:04:05Z" },
    "given, CN=root, expires 2030-01-02",
  ],
] as const)("the certificate %j is %s", (certificate, text) => {
  expect(certificateText(certificate)).toBe(text);
});

test("a gateway is said with its addresses, or that there is none", () => {
  const gateway = { published: true, type: "NodePort", addresses: ["192.0.2.1", "192.0.2.2"] };
  expect(gatewayText(gateway)).toBe("NodePort 192.0.2.1, 192.0.2.2");
  expect(gatewayText({ ...gateway, addresses: [] })).toBe("NodePort");
  expect(gatewayText({ ...gateway, published: false })).toBe("none");
});

test("clusters are named while they are few", () => {
  const all = names(9).map((name) => ({ name }));
  expect(clustersText(names(3), all)).toBe("cluster1, cluster2, cluster3");
  expect(clustersText(names(7), all)).toBe("7 clusters");
  expect(clustersText(names(9), all)).toBe("every cluster");
});
