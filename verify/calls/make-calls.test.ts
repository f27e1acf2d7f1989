import { expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import { startApiServer } from "../../tests/record.ts";
import { makeCalls } from "./make-calls.ts";
import { planCalls } from "./plan.ts";

const namespace = "/api/v1/namespaces/mesh-verify";
const options = {
  image: "node",
  patience: 1_000,
  progress: () => undefined,
  signal: new AbortController().signal,
};

test(
  "a cluster on which an export can't be taken out is left all the same",
  { timeout: 30_000 },
  async () => {
    const servers = await Promise.all(["east", "west"].map(startApiServer));
    const [east, west] = servers;
    try {
      // Its namespace is gone at once.
      for (const server of servers) server.missing.push(namespace);
      west?.forbidden.push(`${namespace}/services/by-gateway`);
      const settings = parseSettings(
        configuration({
          clusters: clustersNamed(["east", "west"]),
          links: { oneWay: [{ source: "east", target: "west" }] },
        }),
      );
      const kubeconfigs = { east: east?.kubeconfig ?? "", west: west?.kubeconfig ?? "" };
      const made = await makeCalls(planCalls(settings, new Map()), settings, kubeconfigs, new Map(), options);
      // No pod gets a proxy here, so nothing is called.
      expect([...made.troubles.keys()]).toEqual(["west"]);
      expect(west?.changes).toContain(`POST ${namespace}/services`);
      expect(west?.changes).toContain(`DELETE ${namespace}/services/by-gateway`);
      for (const server of servers) expect(server.changes.at(-1)).toBe(`DELETE ${namespace}`);
    } finally {
      for (const server of servers) await server.close();
    }
  },
);
