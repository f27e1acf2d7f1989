import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parseSettings } from "./parse.ts";
import { desiredTrust, rotationProblems, rotationStep, type TrustState } from "./rotation.ts";
import { configuration } from "./test-examples.ts";

const clusters = ["east", "north", "west"];

function state(trusted: readonly string[], signer: string, names = clusters): TrustState {
  return { trusted, signers: Object.fromEntries(names.map((name) => [name, signer])) };
}

function problems(deployed: TrustState | undefined, desired: TrustState): string[] {
  return rotationProblems(deployed, desired).map(({ path, problem }) => `${path} ${problem}`);
}

describe("what the settings ask for", () => {
  test("is generation 1 everywhere, unless they say otherwise", () => {
    expect(desiredTrust(parseSettings(configuration()))).toEqual(state(["1"], "1", ["east", "west"]));
  });

  test("is the generations in their order, and the one that signs", () => {
    const trust = { generations: [2, "1"], signer: 2 };
    expect(desiredTrust(parseSettings(configuration({ trust })))).toEqual(
      state(["2", "1"], "2", ["east", "west"]),
    );
  });
});

describe("a rotation", () => {
  test("is three updates", () => {
    expect(problems(state(["1"], "1"), state(["1", "2"], "1"))).toEqual([]);
    expect(problems(state(["1", "2"], "1"), state(["1", "2"], "2"))).toEqual([]);
    expect(problems(state(["1", "2"], "2"), state(["2"], "2"))).toEqual([]);
  });

  test("can be taken back at every step", () => {
    expect(problems(state(["1", "2"], "2"), state(["1", "2"], "1"))).toEqual([]);
    expect(problems(state(["1", "2"], "1"), state(["1"], "1"))).toEqual([]);
  });

  test("may change the order of what is trusted, and nothing at all", () => {
    expect(problems(state(["1", "2"], "1"), state(["2", "1"], "1"))).toEqual([]);
    expect(problems(state(["1"], "1"), state(["1"], "1"))).toEqual([]);
  });

  test("is free before anything is deployed", () => {
    expect(problems(undefined, state(["5", "6"], "6"))).toEqual([]);
  });

  test("can't trust and sign at once", () => {
    expect(problems(state(["1"], "1"), state(["1", "2"], "2"))).toEqual([
      "trust.generations skips a step: one update trusts 2 and signs with 2",
      "trust.signer is to sign with 2, which isn't trusted everywhere yet",
    ]);
  });

  test("can't sign and drop at once", () => {
    expect(problems(state(["1", "2"], "1"), state(["2"], "2"))).toEqual([
      "trust.generations skips a step: one update signs with 2 and drops 1",
      "trust.generations drops 1, which has signed the issuer of east, north, west",
    ]);
  });

  test("can't trust and drop at once", () => {
    expect(problems(state(["1", "2"], "2"), state(["2", "3"], "2"))).toEqual([
      "trust.generations skips a step: one update trusts 3 and drops 1",
    ]);
  });

  test("can't replace everything", () => {
    expect(problems(state(["1"], "1"), state(["2"], "2"))).toEqual([
      "trust.generations skips a step: one update trusts 2 and signs with 2 and drops 1",
      "trust.signer is to sign with 2, which isn't trusted everywhere yet",
      "trust.generations drops 1, which has signed the issuer of east, north, west",
    ]);
  });
});

describe("clusters that come and go", () => {
  test("may come while an anchor is added or dropped", () => {
    expect(problems(state(["1"], "1", ["east"]), state(["1", "2"], "1"))).toEqual([]);
    expect(problems(state(["1", "2"], "2", ["east"]), state(["2"], "2"))).toEqual([]);
  });

  test("can't come with an issuer that the others don't trust yet", () => {
    const deployed: TrustState = { trusted: ["sha256:a"], signers: { east: "sha256:a" } };
    const desired: TrustState = {
      trusted: ["sha256:a", "sha256:b"],
      signers: { east: "sha256:a", west: "sha256:b" },
    };
    expect(problems(deployed, desired)).toEqual([
      "clusters.west.issuer is to sign with sha256:b, which isn't trusted everywhere yet",
    ]);
  });

  test("can't go in the same update as the anchor of their issuer", () => {
    const deployed: TrustState = { trusted: ["1", "2"], signers: { east: "2", west: "1" } };
    expect(problems(deployed, state(["2"], "2", ["east"]))).toEqual([
      "trust.generations drops 1, which has signed the issuer of west",
    ]);
    expect(problems(deployed, state(["1", "2"], "2", ["east"]))).toEqual([]);
  });
});

/** One cluster while an update runs: its anchors and its issuer may be of the old or of the new state. */
interface Live {
  readonly trusted: readonly string[];
  readonly signer: string | undefined;
}

/** Every mixture of two states: each cluster's anchors and issuer changed already or not, in any order. */
function* mixtures(before: TrustState, after: TrustState): Generator<Live[]> {
  const names = [...new Set([...Object.keys(before.signers), ...Object.keys(after.signers)])];
  for (let mask = 0; mask < 4 ** names.length; mask++) {
    yield names.flatMap((name, index) => {
      const bits = Math.floor(mask / 4 ** index) % 4;
      const anchors = bits % 2 === 0 ? before : after;
      const issuer = bits < 2 ? before : after;
      // A cluster that comes or goes is there whole or not at all.
      if (!(name in before.signers && name in after.signers) && anchors !== issuer) return [];
      return name in issuer.signers ? [{ trusted: anchors.trusted, signer: issuer.signers[name] }] : [];
    });
  }
}

/** Whether every cluster trusts what the issuer of every one signs. */
function holds(live: readonly Live[]): boolean {
  return live.every(({ signer }) =>
    live.every(({ trusted }) => signer !== undefined && trusted.includes(signer)),
  );
}

function subsets<T>(all: readonly T[]): T[][] {
  return all.reduce<T[][]>((found, one) => [...found, ...found.map((set) => [...set, one])], [[]]);
}

describe("every order of accepted steps", () => {
  const names = ["1", "2", "3"];
  const states = subsets(names).flatMap((trusted) => trusted.map((signer) => state(trusted, signer)));

  test("leaves no pair of clusters that don't trust each other, also in the middle of an update", () => {
    const seen = new Set<string>();
    const queue = states.slice();
    let steps = 0;
    for (let from = queue.pop(); from !== undefined; from = queue.pop()) {
      if (seen.has(JSON.stringify(from))) continue;
      seen.add(JSON.stringify(from));
      for (const to of states) {
        if (rotationProblems(from, to).length > 0) continue;
        steps++;
        for (const live of mixtures(from, to)) expect(holds(live)).toBe(true);
        queue.push(to);
      }
    }
    expect(seen.size).toBe(states.length);
    expect(steps).toBeGreaterThan(states.length);
  });

  test("a refused step breaks a pair, or is more than one step", () => {
    for (const from of states) {
      for (const to of states) {
        if (rotationProblems(from, to).length === 0) continue;
        const { added, dropped, resigned } = rotationStep(from, to);
        const parts = [added, dropped, resigned].filter((part) => part.length > 0).length;
        const broken = [...mixtures(from, to)].some((live) => !holds(live));
        expect(broken || parts > 1).toBe(true);
      }
    }
  });

  /** Any states, also with issuers of different anchors and other clusters. */
  const anyState = fc
    .record({
      trusted: fc.uniqueArray(fc.constantFrom("1", "2", "3", "4"), { minLength: 1 }),
      names: fc.uniqueArray(fc.constantFrom("east", "north", "west"), { minLength: 1 }),
    })
    .chain(({ trusted, names: present }) =>
      fc.tuple(...present.map(() => fc.constantFrom(...trusted))).map((signers): TrustState => ({
        trusted,
        signers: Object.fromEntries(present.map((name, index) => [name, signers[index]])),
      })),
    );

  test("holds with clusters that come and go and issuers of several anchors", () => {
    fc.assert(
      fc.property(anyState, fc.array(anyState, { maxLength: 8 }), (first, wanted) => {
        let deployed = first;
        for (const next of wanted) {
          if (rotationProblems(deployed, next).length > 0) continue;
          for (const live of mixtures(deployed, next)) expect(holds(live)).toBe(true);
          deployed = next;
        }
      }),
      { numRuns: 500 },
    );
  });
});
