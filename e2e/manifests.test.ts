import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { writeFiles } from "../cli/render.ts";
import { findProgram } from "../components/cluster/programs.ts";
import { renderManifests } from "../render/render.ts";
import { parseSettings } from "../settings/parse.ts";
import { certify } from "../settings/test-certificates.ts";
import { eventually, TestCluster } from "./clusters.ts";
import { controllerProgram, Controllers } from "./controllers.ts";
import { Engine } from "./engine.ts";
import { kubectl, SecretStore } from "./external-secrets.ts";
import { linkerdCheck } from "./linkerd-check.ts";
import { linkerdSettings, simulatedCluster } from "./settings.ts";

const commands = path.resolve(import.meta.dirname, "../components/cluster/simulated-cluster.command.ts");
const names = ["east", "west"];
const otherThan = (name: string) => (name === "east" ? "west" : "east");

const anchor = certify("root.linkerd.cluster.local");
const authority = certify("webhooks.linkerd");
const controllers = new Controllers();
const store = new SecretStore();
const clusters = new Map<string, TestCluster>();
let folder: string;
/** What an update made on each cluster, and what the check said of it. */
const updated = new Map<string, { readonly inventory: string[]; readonly check: string[] }>();

function clusterNamed(name: string): TestCluster {
  const cluster = clusters.get(name);
  if (cluster === undefined) throw new Error(`There is no cluster ${name}.`);
  return cluster;
}

function command(action: string, name: string, index: number): string {
  return execFileSync(process.execPath, [commands, action], {
    encoding: "utf8",
    env: {
      ...process.env,
      MESH_CLUSTER: `e2e-rendered-${name}`,
      MESH_POD_NETWORK: `10.${(41 + index).toString()}.0.0/16`,
      MESH_SERVICE_NETWORK: `10.${(241 + index).toString()}.0.0/16`,
      MESH_NODES: "1",
    },
  });
}

/** The settings; of clusters that are there also where their API servers are, which an update finds out itself. */
function settings() {
  const services = names.flatMap((cluster) => {
    const closed = { clients: [`${otherThan(cluster)}/shop/web`], ports: 80 };
    const service = { cluster, namespace: "shop" };
    return [
      { ...service, name: "cart", export: "gateway" },
      { ...service, name: "stock", export: "pod-to-pod", ...closed, selector: { app: "stock" } },
      { ...service, name: "search", export: "federated", clients: "any" },
    ];
  });
  const described = names.map((name, index) => {
    const server = clusters.get(name)?.config.getCurrentCluster()?.server;
    const cluster = {
      ...simulatedCluster(41 + index, 241 + index),
      gateway: { addresses: [`192.0.2.${(index + 1).toString()}`] },
      ...(server === undefined ? {} : { apiServer: server }),
    };
    return [name, cluster] as const;
  });
  return {
    environment: "e2e-rendered",
    linkerd: linkerdSettings,
    trust: { anchor },
    clusters: Object.fromEntries(described),
    links: { topology: "mesh", carries: ["gateway", "pod-to-pod", "federated"] },
    services,
    routes: [{ cluster: "east", namespace: "shop", service: "cart", port: 80, backends: [{ from: "west" }] }],
    emojivoto: { mode: "gateway" },
    manifests: { webhookAuthority: authority.certificate, secrets: { store: { name: "store" } } },
  };
}

function createServices(cluster: TestCluster): Promise<unknown> {
  return Promise.all(["cart", "stock", "search"].map((name) => cluster.createService("shop", name)));
}

/** What an update of the same settings makes, on clusters that go with it. */
async function update(): Promise<void> {
  const engine = await Engine.create("e2e-rendered", settings());
  try {
    // The services that are exported must be there; what crosses comes with the second update.
    await engine.configure({ ...settings(), services: [], routes: [], emojivoto: false });
    await engine.up();
    const kubeconfigs = await engine.output<Record<string, string>>("kubeconfigs");
    const made = new Map<string, TestCluster>();
    for (const name of names) made.set(name, await TestCluster.open(folder, name, kubeconfigs[name] ?? ""));
    await Promise.all([...made.values()].map(createServices));
    await engine.configure(settings());
    await engine.up();
    for (const [name, cluster] of made) {
      updated.set(name, {
        inventory: await cluster.inventory(),
        check: await linkerdCheck(cluster, "multicluster check"),
      });
    }
  } finally {
    await engine.destroy();
    await engine.dispose();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mesh-rendered-"));
  await update();
  for (const [index, name] of names.entries()) {
    const kubeconfig = command("create", name, index);
    command("scale", name, index);
    const cluster = await TestCluster.open(folder, name, kubeconfig);
    clusters.set(name, cluster);
    await createServices(cluster);
  }
});

afterAll(async () => {
  await controllers.stop();
  for (const [index, name] of names.entries()) command("delete", name, index);
  await rm(folder, { recursive: true });
});

/** As somebody would who put the secrets into the store. */
function fillStore(): void {
  const hosts = ["linkerd-proxy-injector", "linkerd-sp-validator", "linkerd-policy-validator"];
  for (const name of names) {
    const prefix = `linkerd/e2e-rendered/${name}`;
    store.putPair(
      `${prefix}/linkerd/linkerd-identity-issuer`,
      certify("identity.linkerd.cluster.local", { signer: anchor }),
    );
    for (const host of hosts) {
      const pair = certify(`${host}.linkerd.svc`, { signer: authority, isCa: false });
      store.putPair(`${prefix}/linkerd/${host}-k8s-tls`, pair);
    }
  }
}

function apply(cluster: TestCluster, manifests: string, step: string): void {
  kubectl(cluster, ["apply", "--server-side", "-f", path.join(manifests, step)]);
  if (step.startsWith("02")) {
    kubectl(cluster, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  }
}

const isWithoutHelm = findProgram("helm") === undefined;
if (isWithoutHelm) console.log("rendered manifests skipped: helm not found on this machine");

describe.skipIf(isWithoutHelm)("rendered manifests on empty clusters", () => {
  beforeAll(async () => {
    fillStore();
    const manifests = path.join(folder, "manifests");
    const files = await renderManifests(parseSettings(settings()));
    await writeFiles(manifests, files);
    const steps = [...new Set([...files.keys()].map((file) => file.split("/")[1] ?? ""))].sort();
    for (const [name, cluster] of clusters) {
      store.install(cluster);
      for (const step of steps.filter((one) => files.has(`${name}/${one}/manifests.yaml`))) {
        apply(cluster, path.join(manifests, name), step);
        if (step.startsWith("03")) store.pull(cluster);
      }
    }
    // The tokens are there once the targets have made them, whichever cluster came first.
    for (const cluster of clusters.values()) store.push(cluster);
    for (const cluster of clusters.values()) store.pull(cluster);
  });

  test.each(names)("make the objects on %s that an update makes", async (name) => {
    // An API server that has just been told of definitions refuses to list their objects for a moment.
    const inventory = await eventually(
      () =>
        clusterNamed(name)
          .inventory()
          .catch(() => []),
      ({ length }) => length > 0,
    );
    const ours = inventory.filter((object) => !/external-?secrets|pushsecrets|^ipaddresses/.test(object));
    // The addresses of Services are random, and Helm keeps notes of the release that it made.
    const expected = (updated.get(name)?.inventory ?? []).filter(
      (object) => !/sh\.helm\.release|^ipaddresses/.test(object),
    );
    expect(ours).toEqual(expected);
  });

  test.skipIf(findProgram("linkerd") === undefined).each(names)(
    "say the same to the multicluster check of %s as after an update",
    async (name) => {
      const check = await linkerdCheck(clusterNamed(name), "multicluster check");
      expect(check).toContain(`√ remote cluster access credentials are valid\n\t* ${otherThan(name)}`);
      expect(check).toEqual(updated.get(name)?.check);
    },
  );

  test.skipIf(controllerProgram === undefined)("let Linkerd's own controllers mirror both ways", async () => {
    for (const [name, cluster] of clusters) {
      await controllers.startLocal(cluster.kubeconfigPath);
      await controllers.startLink(cluster.kubeconfigPath, otherThan(name));
    }
    for (const [name, cluster] of clusters) {
      const other = otherThan(name);
      const wanted = [`cart-${other}`, "search-federated", `stock-${other}`].join();
      await eventually(
        () => cluster.mirrors("shop"),
        (found) => found.join() === wanted,
      );
    }
  });

  test("rendered again are the same, byte for byte", async () => {
    const again = await renderManifests(parseSettings(settings()));
    expect(await writeFiles(path.join(folder, "manifests"), again)).toBe(0);
  });
});
