import * as command from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

import { parseSettings } from "../../settings/parse.ts";
import type { ClusterSettings, Mode } from "../../settings/settings.ts";
import { configuration, simulated } from "../../settings/test-examples.ts";
import { record, toBase64, types, valueOf } from "../../tests/record.ts";
import { Link, type LinkArgs } from "./link.ts";

const allModes: Mode[] = ["gateway", "pod-to-pod", "federated"];

function west(more: Record<string, unknown> = {}): ClusterSettings {
  const { clusters } = parseSettings(
    configuration({ clusters: { east: simulated(1), west: simulated(2, more) } }),
  );
  const [, second] = clusters;
  if (second === undefined) throw new Error("There is no west.");
  return second;
}

/** The link from east to west, after both charts. */
async function make(
  carries: Mode[] = allModes,
  target: ClusterSettings = west(),
  mirroring: LinkArgs["mirroring"] = { excludedLabels: [], excludedAnnotations: [] },
  token = "token",
) {
  const recording = await record(() => {
    const east = new k8s.Provider("east", {});
    const provider = new k8s.Provider("west", {});
    const commands = new command.Provider("command");
    const charts = ["east-chart", "west-chart"].map(
      (name) =>
        new k8s.helm.v4.Chart(name, { chart: "x" }, { provider: name === "east-chart" ? east : provider }),
    );
    return new Link(
      "east-to-west",
      {
        source: {
          controlPlaneNamespace: "linkerd",
          namespace: "linkerd-multicluster",
          access: { kubeconfig: pulumi.secret("kubeconfig of east") },
        },
        target: {
          ...target,
          apiServer: "https://west.test:6443",
          gatewayAddresses: ["10.0.0.7", "gateway.west.test"],
        },
        carries,
        mirroring,
        access: {
          token: pulumi.secret(token),
          certificateAuthority: pulumi.output(toBase64("authority")),
          serviceAccount: "linkerd-service-mirror-remote-access-east",
        },
        chartVersion: "2026.8.3",
      },
      { providers: [east, commands], dependsOn: charts },
    );
  });
  return { ...recording, spec: recording.graph.named("east-to-west-link").inputs["spec"] };
}

/** What `linkerd --context west multicluster link-gen --cluster-name west` prints, without credentials. */
const linkGen = `
type: mirror.linkerd.io/remote-kubeconfig
metadata: { name: cluster-credentials-west, namespace: linkerd-multicluster }
---
type: mirror.linkerd.io/remote-kubeconfig
metadata:
  name: cluster-credentials-west
  namespace: linkerd
  labels: { multicluster.linkerd.io/cluster-name: west }
  annotations:
    multicluster.linkerd.io/trust-domain: cluster.local
    multicluster.linkerd.io/cluster-domain: cluster.local
---
apiVersion: multicluster.linkerd.io/v1alpha3
kind: Link
metadata:
  name: west
  namespace: linkerd-multicluster
  annotations: { linkerd.io/created-by: "linkerd/cli edge-26.8.3" }
spec:
  targetClusterName: west
  targetClusterDomain: cluster.local
  targetClusterLinkerdNamespace: linkerd
  clusterCredentialsSecret: cluster-credentials-west
  remoteDiscoverySelector: { matchLabels: { mirror.linkerd.io/exported: remote-discovery } }
  federatedServiceSelector: { matchLabels: { mirror.linkerd.io/federated: member } }
  gatewayAddress: 10.0.0.7,gateway.west.test
  gatewayPort: "4143"
  gatewayIdentity: linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local
  probeSpec: { path: /ready, port: "4191", period: 3s }
  selector: { matchLabels: { mirror.linkerd.io/exported: "true" } }
`;

/** What makes the mirror controller read the credentials anew; a Service never has it. */
const mark = /^mesh\/credentials-[0-9a-f]{12}$/;

/** The spec without that mark, which `link-gen` doesn't write. */
function unmarked(spec: unknown) {
  const { excludedAnnotations, ...rest } = spec as { excludedAnnotations: string[] };
  expect(excludedAnnotations.at(-1)).toMatch(mark);
  const excluded = excludedAnnotations.slice(0, -1);
  return excluded.length === 0 ? rest : { ...rest, excludedAnnotations: excluded };
}

test("a link is what link-gen emits, a restart for other credentials, and a clean-up", async () => {
  const { graph } = await make();
  expect(graph.children("east-to-west")).toEqual({
    "east-to-west-mirror-credentials": types.secret,
    "east-to-west-destination-credentials": types.secret,
    "east-to-west-destination-restart": types.command,
    "east-to-west-mirrors": types.command,
    "east-to-west-link": types.link,
  });
  const [mirror, destination, link] = parseAllDocuments(linkGen).map(
    (document) => document.toJS() as unknown,
  );
  expect(graph.named("east-to-west-mirror-credentials").inputs).toMatchObject(mirror as object);
  expect(graph.named("east-to-west-destination-credentials").inputs).toMatchObject(destination as object);
  const { spec, ...rest } = graph.named("east-to-west-link").inputs;
  expect({ ...rest, spec: unmarked(spec) }).toEqual(link);
});

describe("where it is", () => {
  test("every Kubernetes object is on the source", async () => {
    const { graph } = await make();
    const names = ["mirror-credentials", "destination-credentials", "link"];
    expect(names.map((name) => graph.provider(`east-to-west-${name}`))).toEqual(["east", "east", "east"]);
    expect(graph.provider("east-to-west-mirrors")).toBe("command");
  });

  test("the clean-up goes to the source", async () => {
    const { graph } = await make();
    expect(graph.named("east-to-west-mirrors").inputs["environment"]).toEqual({
      MESH_TARGET: "west",
      MESH_NAMESPACE: "linkerd-multicluster",
      MESH_KUBECONFIG: "kubeconfig of east",
    });
  });
});

describe("order", () => {
  test("credentials wait until both ends can answer", async () => {
    const { graph } = await make();
    const charts = ["east-chart", "west-chart"];
    expect(graph.dependencies("east-to-west-mirror-credentials")).toEqual(charts);
    expect(graph.dependencies("east-to-west-destination-credentials")).toEqual(charts);
  });

  test("on the way down the Link goes first, then its mirrors, then the credentials", async () => {
    const { graph } = await make();
    expect(graph.dependencies("east-to-west-link")).toEqual([
      "east-chart",
      "east-to-west-mirrors",
      "west-chart",
    ]);
    expect(graph.dependencies("east-to-west-mirrors")).toEqual([
      "east-to-west-destination-credentials",
      "east-to-west-mirror-credentials",
    ]);
  });

  test("what comes after the link can wait for the Link itself", async () => {
    const { graph, result } = await make();
    expect(await valueOf(result.resource.urn)).toBe(graph.named("east-to-west-link").urn);
  });
});

describe("credentials", () => {
  test("both Secrets carry the same kubeconfig, with the source's token", async () => {
    const { graph } = await make();
    const [mirror, destination] = ["mirror", "destination"].map(
      (name) => graph.named(`east-to-west-${name}-credentials`).inputs["data"],
    );
    expect(mirror).toEqual(destination);
    const { kubeconfig } = mirror as { kubeconfig: string };
    expect(parse(Buffer.from(kubeconfig, "base64").toString())).toEqual({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "west",
      clusters: [
        {
          name: "west",
          cluster: {
            server: "https://west.test:6443",
            "certificate-authority-data": toBase64("authority"),
          },
        },
      ],
      contexts: [
        { name: "west", context: { cluster: "west", user: "linkerd-service-mirror-remote-access-east" } },
      ],
      users: [{ name: "linkerd-service-mirror-remote-access-east", user: { token: "token" } }],
    });
  });

  test("others change the Link's spec, so that its controller reads them, and nothing else in it", async () => {
    const one = await make();
    const same = await make();
    const other = await make(allModes, west(), undefined, "another token");
    expect(same.spec).toEqual(one.spec);
    expect(other.spec).not.toEqual(one.spec);
    expect(unmarked(other.spec)).toEqual(unmarked(one.spec));
  });

  test("restart destination when they are others, or the domains of the target", async () => {
    const restarting = async (...args: Parameters<typeof make>) => {
      const { inputs } = (await make(...args)).graph.named("east-to-west-destination-restart");
      return (inputs["environment"] as Record<string, string>)["MESH_CREDENTIALS"];
    };
    const one = await restarting();
    expect(one).toMatch(/^[0-9a-f]{12}$/);
    expect(await restarting()).toBe(one);
    expect(await restarting(allModes, west(), undefined, "another token")).not.toBe(one);
    expect(await restarting(allModes, west({ trustDomain: "west.example" }))).not.toBe(one);
    const { graph } = await make();
    expect(graph.dependencies("east-to-west-destination-restart")).toEqual([
      "east-to-west-destination-credentials",
    ]);
  });

  test("are changed in place: there is no moment without them", async () => {
    const { graph } = await make();
    const secrets = ["mirror", "destination"].map((of) => graph.named(`east-to-west-${of}-credentials`));
    expect(secrets.map(({ inputs }) => inputs["immutable"])).toEqual([undefined, undefined]);
    expect(secrets.flatMap(({ replaceOnChanges }) => replaceOnChanges)).toEqual([]);
  });

  test("the token is secret wherever it is, and nowhere else", async () => {
    const { graph } = await make();
    const carriers = graph.resources.filter(({ secrets }) => secrets.length > 0);
    expect(carriers.map(({ name, secrets }) => [name, secrets])).toEqual([
      ["east-to-west-mirror-credentials", ["data"]],
      ["east-to-west-destination-credentials", ["data"]],
      ["east-to-west-mirrors", ["environment.MESH_KUBECONFIG"]],
      ["east-to-west-destination-restart", ["environment.MESH_KUBECONFIG"]],
    ]);
    expect(graph.containing("token: token")).toEqual([
      "east-to-west-mirror-credentials",
      "east-to-west-destination-credentials",
    ]);
  });
});

describe("the spec", () => {
  const always = {
    targetClusterName: "west",
    targetClusterDomain: "cluster.local",
    targetClusterLinkerdNamespace: "linkerd",
    clusterCredentialsSecret: "cluster-credentials-west",
  };
  const gateway = {
    gatewayAddress: "10.0.0.7,gateway.west.test",
    gatewayPort: "4143",
    gatewayIdentity: "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local",
    probeSpec: { path: "/ready", port: "4191", period: "3s" },
    selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } },
  };
  const podToPod = {
    remoteDiscoverySelector: { matchLabels: { "mirror.linkerd.io/exported": "remote-discovery" } },
  };
  const federated = {
    federatedServiceSelector: { matchLabels: { "mirror.linkerd.io/federated": "member" } },
  };

  test.each<[Mode[], object]>([
    [["gateway"], { ...always, ...gateway }],
    [["pod-to-pod"], { ...always, ...podToPod }],
    [["federated"], { ...always, ...federated }],
    [["gateway", "pod-to-pod"], { ...always, ...gateway, ...podToPod }],
    [["gateway", "federated"], { ...always, ...gateway, ...federated }],
    [["pod-to-pod", "federated"], { ...always, ...podToPod, ...federated }],
    [allModes, { ...always, ...gateway, ...podToPod, ...federated }],
  ])("for %j has nothing that isn't carried", async (carries, expected) => {
    const { spec } = await make(carries);
    expect(unmarked(spec)).toEqual(expected);
  });

  test("writes ports as text", async () => {
    const { spec } = await make(["gateway"], west({ gateway: { port: 30443, probePort: 30191 } }));
    expect(spec).toMatchObject({ gatewayPort: "30443", probeSpec: { port: "30191" } });
  });

  test("takes domains and namespace from the target", async () => {
    const { graph, spec } = await make(
      allModes,
      west({ clusterDomain: "west.local", trustDomain: "west.example", controlPlaneNamespace: "mesh" }),
    );
    expect(spec).toMatchObject({
      targetClusterDomain: "west.local",
      targetClusterLinkerdNamespace: "mesh",
      gatewayIdentity: "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.mesh.west.example",
    });
    expect(graph.named("east-to-west-destination-credentials").inputs["metadata"]).toEqual({
      name: "cluster-credentials-west",
      // The source's own namespace, where its destination controller is.
      namespace: "linkerd",
      labels: { "multicluster.linkerd.io/cluster-name": "west" },
      annotations: {
        "multicluster.linkerd.io/trust-domain": "west.example",
        "multicluster.linkerd.io/cluster-domain": "west.local",
      },
    });
  });
});

test("the gateway that the link uses is offered; without a gateway it is empty", async () => {
  const { result } = await make(["gateway", "federated"]);
  expect(await valueOf(result.gatewayAddress)).toBe("10.0.0.7,gateway.west.test");
  const { result: flat } = await make(["federated"]);
  expect(await valueOf(flat.gatewayAddress)).toBe("");
});

test("tools' marks are left out of what is mirrored", async () => {
  const excluded = { excludedLabels: ["tool.test/*"], excludedAnnotations: ["tool.test/owner"] };
  const { spec } = await make(allModes, west(), excluded);
  expect(unmarked(spec)).toMatchObject(excluded);
});
