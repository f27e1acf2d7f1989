import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing } from "../../settings/test-examples.ts";
import { pem, record, valueOf } from "../../tests/record.ts";
import { createAnchors } from "./anchors.ts";

const make = (trust: object, more: object = {}) =>
  record(() => createAnchors(parseSettings(configuration({ trust, ...more })), {}));

const certificate = (name: string) => pem("CERTIFICATE", `${name}-certificate`).trimEnd();

describe("generations", () => {
  test("are trusted in the order in which they are listed, a newline between and none behind", async () => {
    const { result } = await make({ generations: ["2", "1", "next"], signer: "1" });
    expect(await valueOf(result.bundle)).toBe(
      ["trust-anchor-2", "trust-anchor", "trust-anchor-next"].map(certificate).join("\n"),
    );
    expect(Object.keys(result.certificates)).toEqual(["1", "2", "next"]);
    expect(await valueOf(pulumi.output(result.expires))).toEqual({
      "1": "end of trust-anchor-certificate",
      "2": "end of trust-anchor-2-certificate",
      next: "end of trust-anchor-next-certificate",
    });
  });

  test("sign with one of them", async () => {
    const { result } = await make({ generations: ["1", "2"], signer: "2" });
    expect((await valueOf(pulumi.output(result.signer?.certificate)))?.trimEnd()).toBe(
      certificate("trust-anchor-2"),
    );
  });

  const protectedOnes = async (trust: object, more: object = {}) => {
    const { graph } = await make(trust, more);
    return graph.resources.filter(({ protect }) => protect).map(({ name }) => name);
  };

  test("are protected while they sign, so that one that doesn't can be dropped", async () => {
    const two = { generations: ["1", "2"], signer: "2" };
    expect(await protectedOnes(two, { clusters: { east: existing(1) } })).toEqual([
      "trust-anchor-2",
      "trust-anchor-2-key",
      "trust-anchor-2-certificate",
    ]);
  });

  test("aren't protected where the clusters go with the stack, or somebody says so", async () => {
    expect(await protectedOnes({})).toEqual([]);
    expect(await protectedOnes({ protect: false }, { clusters: { east: existing(1) } })).toEqual([]);
  });
});
