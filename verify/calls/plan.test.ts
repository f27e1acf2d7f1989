import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { clustersNamed, configuration } from "../../settings/test-examples.ts";
import { echoLabels, exportedModes, planCalls } from "./plan.ts";

function plan(links: object, absent: [string, string][] = []) {
  const settings = parseSettings(configuration({ clusters: clustersNamed(["east", "west"]), links }));
  return { settings, ...planCalls(settings, new Map(absent)) };
}

const oneWay = { oneWay: [{ source: "east", target: "west" }] };

describe("the calls over a link", () => {
  test("go to the mirror of each mode, and are seen as the gateway's or as the caller's own", () => {
    const { calls, left } = plan({ ...oneWay, carries: ["gateway", "pod-to-pod", "federated"] });
    const caller = "caller.mesh-verify.serviceaccount.identity.linkerd.cluster.local";
    expect(calls.map(({ mode, target, identity }) => [mode, target, identity])).toEqual([
      [
        "gateway",
        { name: "east-to-west gateway", url: "http://by-gateway-west.mesh-verify.svc.cluster.local/" },
        "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local",
      ],
      [
        "pod-to-pod",
        { name: "east-to-west pod-to-pod", url: "http://pod-to-pod-west.mesh-verify.svc.cluster.local/" },
        caller,
      ],
      [
        "federated",
        {
          name: "east-to-west federated",
          url: "http://everywhere-federated.mesh-verify.svc.cluster.local/",
          members: ["west"],
        },
        caller,
      ],
    ]);
    expect(left).toEqual([]);
  });

  test("aren't made where a cluster can't run them, with its reason", () => {
    const { calls, left } = plan({ topology: "mesh" }, [["west", "pods are simulated"]]);
    expect(calls).toEqual([]);
    expect(left.map(({ link, mode, reason }) => [link.name, mode, reason])).toEqual([
      ["east-to-west", "gateway", "pods are simulated"],
      ["west-to-east", "gateway", "pods are simulated"],
    ]);
  });

  test("aren't made through a gateway that admits others only, and say what would let them in", () => {
    const { calls, left } = plan({ ...oneWay, carries: ["gateway", "pod-to-pod"], clients: ["shop/web"] });
    expect(calls.map(({ mode }) => mode)).toEqual(["pod-to-pod"]);
    expect(left.map(({ reason }) => reason)).toEqual([
      "the gateway of west admits only web.shop.serviceaccount.identity.linkerd.cluster.local; " +
        "with mesh-verify/caller in the link's clients it could be called",
    ]);
  });

  test.each([[["mesh-verify/caller"]], [["mesh-verify/*"]], [["*/*"]], ["any"]])(
    "are made through a gateway that admits %j",
    (clients) => {
      expect(plan({ ...oneWay, carries: ["gateway"], clients }).calls).toHaveLength(1);
    },
  );
});

test("a cluster exports in the modes of the links to it", () => {
  const { settings } = plan({ ...oneWay, carries: ["pod-to-pod", "gateway"] });
  expect(exportedModes("west", settings.links)).toEqual(["gateway", "pod-to-pod"]);
  expect(exportedModes("east", settings.links)).toEqual([]);
  expect(echoLabels("pod-to-pod")).toEqual({ "mirror.linkerd.io/exported": "remote-discovery" });
});
