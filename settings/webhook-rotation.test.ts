import { describe, expect, test } from "vitest";

import { parseDeployed } from "./deployed.ts";
import { parseSettings } from "./parse.ts";
import { configuration, simulated } from "./test-examples.ts";
import { webhookProblems } from "./webhook-rotation.ts";

const now = new Date("2026-01-31T12:00:00Z");
const path = "trust.webhookAuthorities.east";

function deployedWith(authorities: string[], signed: string, end = "2030-01-01T00:00:00Z") {
  const ends = Object.fromEntries(authorities.map((id) => [id, end]));
  return parseDeployed({
    trust: {
      trusted: ["1"],
      signers: { east: "1" },
      anchors: {},
      webhooks: { east: { since: signed } },
      webhookAuthorities: { east: authorities },
    },
    expires: { webhookAuthorities: { east: ends } },
  });
}

function problems(deployed: ReturnType<typeof parseDeployed>, authorities?: string[]) {
  const trust = authorities === undefined ? {} : { webhookAuthorities: { east: authorities } };
  const settings = parseSettings(configuration({ clusters: { east: simulated(1) }, trust }));
  return webhookProblems(deployed, settings, now).map(({ remedy: _, ...problem }) => problem);
}

const before = "2026-01-01T00:00:00Z";

describe("the CAs of webhooks", () => {
  test.each([
    ["nothing changes", ["1"], ["1"]],
    ["another one joins", ["1"], ["1", "2"]],
    ["the one that signs no more leaves", ["1", "2"], ["2"]],
    ["a step is taken back", ["1", "2"], ["2", "1"]],
    ["one joins while an older one leaves", ["1", "2"], ["2", "3"]],
  ])("may change where %s", (_, deployed, desired) => {
    expect(problems(deployedWith(deployed, before), desired)).toEqual([]);
  });

  test("may be anything before the first update", () => {
    expect(problems(parseDeployed({}), ["7"])).toEqual([]);
  });

  test("never lose the one whose certificates are in use", () => {
    const problem = "drops 1, which has signed the certificates that the webhooks answer with";
    expect(problems(deployedWith(["1"], before), ["2"])).toEqual([{ path, value: "2", problem }]);
    expect(problems(deployedWith(["2", "1"], before), ["2"])).toEqual([{ path, value: "2", problem }]);
    // Left out of the stack file, they are the default.
    expect(problems(deployedWith(["2"], before))).toEqual([
      { path, value: "1", problem: problem.replace("1", "2") },
    ]);
  });

  test("keep the old one until every pod has read what the new one signed", () => {
    const problem = "drops 1 before all webhooks answer with what 2 signed";
    const early = deployedWith(["1", "2"], "2026-01-31T11:56:00Z");
    expect(problems(early, ["2"])).toEqual([{ path, value: "2", problem }]);
    expect(problems(early, ["1", "2", "3"])).toEqual([]);
  });

  test("may lose one that has expired", () => {
    expect(problems(deployedWith(["1"], before, "2026-01-31T11:00:00Z"), ["2"])).toEqual([]);
  });
});
