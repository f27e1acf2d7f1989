import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { runProgram, startApiServer, type ApiServer } from "../../tests/record.ts";
import { withoutCluster } from "./mirror-cleanup.command.ts";

describe("a federated service's entries", () => {
  test.each([
    ["cart@west", "west", ""],
    ["cart@west,cart@north", "west", "cart@north"],
    ["cart@north,cart@west,cart@south", "west", "cart@north,cart@south"],
    ["cart@north", "west", "cart@north"],
    ["cart@north-west,cart@west-north", "west", "cart@north-west,cart@west-north"],
    ["west@north", "west", "west@north"],
    ["", "west", ""],
  ])("%j without %s are %j", (entries, cluster, expected) => {
    expect(withoutCluster(entries, cluster)).toBe(expected);
  });
});

const services = "/api/v1/namespaces/shop/services";

function service(name: string, labels: Record<string, string>, annotations: Record<string, string> = {}) {
  return { metadata: { name, namespace: "shop", labels, annotations }, spec: { ports: [{ port: 80 }] } };
}

function mirror(name: string, cluster: string, annotations: Record<string, string> = {}) {
  const labels = {
    "mirror.linkerd.io/mirrored-service": "true",
    "mirror.linkerd.io/cluster-name": cluster,
  };
  return service(name, labels, annotations);
}

function federated(name: string, annotations: Record<string, string>) {
  return service(name, { "mirror.linkerd.io/mirrored-service": "true" }, annotations);
}

const localMember = { "multicluster.linkerd.io/local-discovery": "cart" };

function remoteMembers(entries: string) {
  return { "multicluster.linkerd.io/remote-discovery": entries };
}

const endpoints = "/api/v1/namespaces/linkerd-multicluster/endpoints/probe-west";
const lease = "/apis/coordination.k8s.io/v1/namespaces/linkerd-multicluster/leases/service-mirror-write-west";
const controller = "/apis/apps/v1/namespaces/linkerd-multicluster/deployments/controller-west";
const link = { MESH_TARGET: "west", MESH_NAMESPACE: "linkerd-multicluster" };

function run(environment: Record<string, string>, action = "delete") {
  return runProgram("components/link/mirror-cleanup.command.ts", action, environment);
}

let east: ApiServer;

beforeEach(async () => {
  east = await startApiServer("east");
});

afterEach(() => east.close());

describe("the program", { timeout: 60_000 }, () => {
  test("removes what west's controller left behind and nothing else", async () => {
    east.lists["/api/v1/services"] = [
      mirror("cart-west", "west"),
      mirror("search-west", "west"),
      mirror("cart-north", "north"),
      // A mirror has its Service's annotations, whatever they say.
      mirror("stock-federated-north", "north", remoteMembers("stock@west")),
      service("cart", {}, {}),
      federated("cart-federated", { ...remoteMembers("cart@north,cart@west"), ...localMember }),
      federated("search-federated", remoteMembers("search@west,search@south")),
      federated("stock-federated", { ...remoteMembers("stock@west"), ...localMember, owner: "team" }),
      federated("orders-federated", remoteMembers("orders@west")),
      federated("users-federated", remoteMembers("users@north")),
      federated("local-federated", localMember),
    ];
    const { code, stdout, stderr } = await run({ ...link, MESH_KUBECONFIG: east.kubeconfig });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(east.changes).toEqual([
      `DELETE ${controller}`,
      `DELETE ${services}/cart-west`,
      `DELETE ${services}/search-west`,
      `PUT ${services}/cart-federated`,
      `PUT ${services}/search-federated`,
      `PUT ${services}/stock-federated`,
      `DELETE ${services}/orders-federated`,
      `DELETE ${endpoints}`,
      `DELETE ${lease}`,
    ]);
    expect(stderr.trim().split("\n")).toEqual([
      "deleting mirror shop/cart-west",
      "deleting mirror shop/search-west",
      "removing west from federated service shop/cart-federated",
      "removing west from federated service shop/search-federated",
      "removing west from federated service shop/stock-federated",
      "deleting federated service shop/orders-federated, which has no member left",
    ]);
    const put = (name: string) => east.bodies[`PUT ${services}/${name}`];
    expect(put("cart-federated")).toEqual(
      federated("cart-federated", { ...remoteMembers("cart@north"), ...localMember }),
    );
    expect(put("search-federated")).toEqual(federated("search-federated", remoteMembers("search@south")));
    expect(put("stock-federated")).toEqual(federated("stock-federated", { ...localMember, owner: "team" }));
  });

  test("is content when everything is gone already", async () => {
    const gone = `${services}/cart-west`;
    east.lists["/api/v1/services"] = [mirror("cart-west", "west")];
    east.missing.push(controller, gone, endpoints, lease);
    expect(await run({ ...link, MESH_KUBECONFIG: east.kubeconfig })).toMatchObject({ code: 0 });
    expect(east.changes).toEqual([
      `DELETE ${controller}`,
      `DELETE ${gone}`,
      `DELETE ${endpoints}`,
      `DELETE ${lease}`,
    ]);
  });

  test("fails when it may not delete, so that the clean-up isn't taken for done", async () => {
    east.lists["/api/v1/services"] = [mirror("cart-west", "west")];
    east.forbidden.push(`${services}/cart-west`);
    const { code, stderr } = await run({ ...link, MESH_KUBECONFIG: east.kubeconfig });
    expect(code).toBe(1);
    expect(stderr).toContain("no way");
    expect(east.changes).toEqual([`DELETE ${controller}`, `DELETE ${services}/cart-west`]);
  });

  test("finds a cluster by its context in a file", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "mirror-cleanup-"));
    const file = path.join(folder, "config");
    await writeFile(file, east.kubeconfig);
    const { code } = await run({ ...link, MESH_CONTEXT: "east", MESH_KUBECONFIG_PATH: file });
    await rm(folder, { recursive: true });
    expect(code).toBe(0);
    expect(east.changes).toEqual([`DELETE ${controller}`, `DELETE ${endpoints}`, `DELETE ${lease}`]);
  });

  test("deletes nothing while the controller that would make it anew is running", async () => {
    const pods = "/api/v1/namespaces/linkerd-multicluster/pods";
    const labels = { component: "controller", "mirror.linkerd.io/cluster-name": "west" };
    east.lists[pods] = [{ metadata: { name: "controller-west-1", labels } }];
    const finished = run({ ...link, MESH_KUBECONFIG: east.kubeconfig });
    await vi.waitUntil(() => east.changes.length > 0, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(east.changes).toEqual([`DELETE ${controller}`]);
    Reflect.deleteProperty(east.lists, pods);
    const { stderr } = await finished;
    expect(stderr).toBe("waiting for the pods of controller-west to end\n");
    expect(east.changes).toEqual([`DELETE ${controller}`, `DELETE ${endpoints}`, `DELETE ${lease}`]);
  });

  test("says in one line what it wasn't told", async () => {
    const { MESH_NAMESPACE } = link;
    const [targetless, clusterless, idle] = await Promise.all([
      run({ MESH_NAMESPACE, MESH_KUBECONFIG: east.kubeconfig }),
      run(link),
      run({ ...link, MESH_KUBECONFIG: east.kubeconfig }, "create"),
    ]);
    expect(targetless).toEqual({ code: 1, stdout: "", stderr: "MESH_TARGET is not set\n" });
    expect(clusterless).toEqual({ code: 1, stdout: "", stderr: "MESH_KUBECONFIG is not set\n" });
    expect(idle).toEqual({ code: 1, stdout: "", stderr: "say what to do: delete\n" });
    expect(east.changes).toEqual([]);
  });
});
