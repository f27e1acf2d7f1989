import { expect, test } from "vitest";

import { parseDeployed } from "../../settings/deployed.ts";
import { guardExtension } from "./guard-clusters.ts";

const part = { kind: "cluster", cluster: "east" } as const;

function deployedWith(parts: Record<string, unknown>) {
  return parseDeployed({ mesh: { clusters: {}, parts } });
}

test("a stack that still has its cluster's extension is moved, not emptied", () => {
  expect(() => {
    guardExtension(part, "prod", deployedWith({ identities: {}, accesses: { west: {} } }));
  }).toThrow(/npm run join -- prod, npm run up -- prod; .* npm run split -- prod\.$/);
});

test("any other stack of a part goes on", () => {
  guardExtension(part, "prod", deployedWith({ identities: {} }));
  guardExtension({ ...part, kind: "multicluster" }, "prod", deployedWith({ accesses: {} }));
  guardExtension(part, "prod", parseDeployed({}));
});
