import { expect, test } from "vitest";

import { parseSettings } from "../parse.ts";
import { certify } from "../test-certificates.ts";
import { configuration } from "../test-examples.ts";
import { sharedTrustProblems } from "./environments.ts";

const [one, other] = [certify("root.one"), certify("root.other")];

function environment(name: string, ...anchors: { certificate: string; privateKey: string }[]) {
  const [first] = anchors;
  const certificate = anchors.map((anchor) => anchor.certificate).join("\n");
  const anchor = first === undefined ? {} : { certificate, privateKey: first.privateKey };
  return parseSettings(configuration({ environment: name, trust: { anchor } }));
}

test("environments with anchors of their own share no trust", () => {
  const made = [environment("dev"), environment("uat")];
  expect(sharedTrustProblems([...made, environment("prod", one), environment("prod-eu", other)])).toEqual([]);
});

test("an anchor that two environments trust is named, also in the middle of a bundle", () => {
  const environments = [environment("uat", one), environment("prod", other, one)];
  expect(sharedTrustProblems(environments)).toEqual([
    {
      path: "trust.anchor.certificate",
      value: "CN=root.one",
      problem: "is trusted in uat and in prod, which must not share trust",
      remedy: "give prod an anchor of its own, or let it make one by leaving this out",
    },
  ]);
});

test("two stacks of one environment may trust the same", () => {
  expect(sharedTrustProblems([environment("prod", one), environment("prod", one)])).toEqual([]);
});
