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

const settings = parseSettings(
  configuration({
    clusters: clustersNamed(["east", "west"]),
    links: { oneWay: [{ source: "east", target: "west" }] },
  }),
);

test(
  "a namespace that a mirror controller made for an export makes way at once",
  { timeout: 30_000 },
  async () => {
    const [east, west] = await Promise.all([startApiServer("east"), startApiServer("west")]);
    const labels = { "mirror.linkerd.io/mirrored-service": "true" };
    const metadata = { name: "mesh-verify", labels, creationTimestamp: new Date().toISOString() };
    east.objects[namespace] = { metadata };
    west.missing.push(namespace);
    let goneAt: number | undefined;
    const isRemoved = () => east.changes.includes(`DELETE ${namespace}`);
    let exportedEarly = false;
    const watch = setInterval(() => {
      // Gone only after a while, as a namespace is.
      if (isRemoved() && Date.now() > (goneAt ??= Date.now() + 200)) east.missing.push(namespace);
      if (!east.changes.includes("POST /api/v1/namespaces"))
        exportedEarly ||= west.changes.includes(`POST ${namespace}/services`);
    }, 10);
    try {
      const kubeconfigs = { east: east.kubeconfig, west: west.kubeconfig };
      const made = await makeCalls(planCalls(settings, new Map()), settings, kubeconfigs, new Map(), options);
      expect([...made.troubles.keys()]).toEqual(["west"]);
      expect(east.changes.slice(0, 2)).toEqual([`DELETE ${namespace}`, "POST /api/v1/namespaces"]);
      // Else a controller would make the namespace before it does: nothing is exported until all have theirs.
      expect(exportedEarly).toBe(false);
    } finally {
      clearInterval(watch);
      await Promise.all([east.close(), west.close()]);
    }
  },
);

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
