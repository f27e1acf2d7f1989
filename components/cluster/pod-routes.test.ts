import * as command from "@pulumi/command";
import { expect, test } from "vitest";

import { record, types } from "../../tests/record.ts";
import type { K3dNode } from "./k3d-cluster.ts";
import { PodRoutes } from "./pod-routes.ts";

/** The nodes of a cluster, known once its containers are there. */
function cluster(name: string, nodes: readonly K3dNode[], opts: { provider: command.Provider }) {
  const containers = new command.local.Command(name, {}, opts);
  return { nodes: containers.id.apply(() => [...nodes]), deletedWith: containers };
}

const server = { name: "server", address: "172.18.0.2", podNetwork: "10.23.0.0/24", started: "09:00" };
const agent = { name: "agent", address: "172.18.0.3", podNetwork: "10.23.1.0/24", started: "09:01" };
const peerServer = { name: "peer", address: "172.18.0.4", podNetwork: "10.22.0.0/24", started: "09:02" };
const peerAgent = { name: "peer-agent", address: "172.18.0.5", podNetwork: "10.22.1.0/24", started: "09:03" };
const other = { name: "other", address: "172.18.0.6", podNetwork: "10.21.0.0/24", started: "09:04" };

function make(nodes: readonly K3dNode[] = [server, agent]) {
  return record(() => {
    const opts = { provider: new command.Provider("command") };
    const peers = [cluster("peer", [peerServer, peerAgent], opts), cluster("other", [other], opts)];
    return new PodRoutes("routes", { cluster: cluster("east", nodes, opts), peers }, opts);
  });
}

const program = "node components/cluster/pod-routes.command.ts";

test("on every node there are routes to the pods of every node of the other clusters", async () => {
  const { graph } = await make();
  expect(graph.children()["routes"]).toBe(types.command);
  expect(graph.named("routes").inputs).toEqual({
    create: `${program} create`,
    update: `${program} update`,
    delete: `${program} delete`,
    environment: {
      MESH_NODES: "server,agent",
      MESH_ROUTES: JSON.stringify([
        { network: "10.22.0.0/24", via: "172.18.0.4" },
        { network: "10.22.1.0/24", via: "172.18.0.5" },
        { network: "10.21.0.0/24", via: "172.18.0.6" },
      ]),
      MESH_STARTED: "09:00,09:01",
    },
    logging: "stderr",
  });
});

test("they wait for the containers of all these clusters, and go with those of their own", async () => {
  const { graph } = await make();
  expect(graph.dependencies("routes")).toEqual(["east", "other", "peer"]);
  expect(graph.deletedWith("routes")).toBe("east");
});

test("a restarted node updates them, and never replaces them", async () => {
  const before = (await make()).graph.named("routes").inputs;
  const after = (await make([{ ...server, started: "10:00" }, agent])).graph.named("routes").inputs;
  expect(after["environment"]).not.toEqual(before["environment"]);
  expect([before["triggers"], after["triggers"]]).toEqual([undefined, undefined]);
});
