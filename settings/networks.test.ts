import { containsCidr, normalizeCidr } from "cidr-tools";
import fc from "fast-check";
import { expect, test } from "vitest";

import { linkerdNetworks, otherPodNetworks } from "./networks.ts";

const everyPrivateNetwork = "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8";

const network = fc
  .oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 128 })),
  )
  .map(([address, prefix]) => normalizeCidr(`${address}/${prefix.toString()}`));

test("private pod networks add nothing to the private networks", () => {
  expect(linkerdNetworks(["10.23.0.0/16", "100.64.3.0/24", "fd12::/48"])).toBe(everyPrivateNetwork);
  expect(linkerdNetworks([])).toBe(everyPrivateNetwork);
});

test("a public pod network is added once", () => {
  expect(linkerdNetworks(["198.18.0.0/15", "198.18.0.0/15"])).toBe(`${everyPrivateNetwork},198.18.0.0/15`);
});

test("a pod network that is wider than a private one is added", () => {
  expect(linkerdNetworks(["172.0.0.0/8", "fc00::/7"])).toBe(`${everyPrivateNetwork},172.0.0.0/8,fc00::/7`);
});

test("the private networks always stay, and every pod network is covered, in any mix of IPv4 and IPv6", () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 8 }), (podNetworks) => {
      const networks = linkerdNetworks(podNetworks).split(",");
      expect(networks).toEqual(expect.arrayContaining(everyPrivateNetwork.split(",")));
      expect(podNetworks.filter((pods) => !networks.some((one) => containsCidr(one, pods)))).toEqual([]);
      expect(new Set(networks).size).toBe(networks.length);
    }),
  );
});

test("the other clusters' pod networks are those that can be told from the cluster's own", () => {
  const east = { name: "east", podNetworks: ["10.1.0.0/16"] };
  const west = { name: "west", podNetworks: ["10.2.0.0/16", "fd00:2::/64"] };
  const behindItsGateway = { name: "hub", podNetworks: ["10.1.128.0/17"] };
  expect(otherPodNetworks(east, [behindItsGateway, east, west])).toEqual(["10.2.0.0/16", "fd00:2::/64"]);
});
