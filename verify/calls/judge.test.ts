import { describe, expect, test } from "vitest";

import type { Settings } from "../../settings/settings.ts";
import { verifyAfter } from "../test-mesh.ts";
import { toText } from "../text.ts";
import type { Finding } from "../verify.ts";
import type { Calls } from "./call-over.ts";
import type { MadeCalls } from "./make-calls.ts";
import { planCalls, type PlannedCalls } from "./plan.ts";
import type { Outcome } from "./program.ts";

function answeredBy({ target, identity, link }: PlannedCalls): Outcome {
  const times = { median: 2, slowest: 9.5 };
  return {
    name: target.name,
    answered: 20,
    failures: {},
    ...times,
    identities: [identity],
    clusters: [link.target],
  };
}

function failing(failures: Record<string, number>, answered = 0): Partial<Outcome> {
  return {
    answered,
    failures,
    ...(answered === 0 ? { identities: [], clusters: [], median: 0, slowest: 0 } : {}),
  };
}

interface Wrong {
  /** By the calls' name. */
  readonly outcomes?: Readonly<Record<string, Partial<Outcome>>>;
  readonly reached?: Readonly<Record<string, string>>;
  readonly troubles?: Readonly<Record<string, string>>;
}

/** What is said of a healthy mesh over which calls went as told. */
function verifyCalls({ outcomes = {}, reached = {}, troubles = {} }: Wrong = {}) {
  const calls = (settings: Settings): Calls => {
    const plan = planCalls(settings, new Map());
    const able = plan.calls.filter(({ link }) => !(link.source in troubles) && !(link.target in troubles));
    const made: MadeCalls = {
      outcomes: new Map(
        able.map((one) => [one.target.name, { ...answeredBy(one), ...outcomes[one.target.name] }]),
      ),
      reached: new Map(settings.clusters.map(({ name }) => [name, reached])),
      troubles: new Map(Object.entries(troubles)),
      addresses: new Map(
        able.map(({ target, mode }) => [
          target.name,
          mode === "gateway" ? "192.0.2.1:4143" : "10.2.0.9:8080",
        ]),
      ),
    };
    return { plan, made };
  };
  return verifyAfter(undefined, { calls });
}

function only(findings: readonly Finding[]): Finding {
  const [finding] = findings;
  expect(findings).toHaveLength(1);
  if (finding === undefined) throw new Error("nothing was found");
  return finding;
}

const gateway = "east-to-west gateway";
const direct = "east-to-west pod-to-pod";

describe("calls that are answered", () => {
  test("are a line for each link and mode, with times and identities", () => {
    const verification = verifyCalls();
    expect(verification.findings).toEqual([]);
    expect(verification.isHealthy).toBe(true);
    expect(toText(verification, 1).split("\n").slice(5, 8)).toEqual([
      "√  east -> west  gateway     20 of 20 answered  in 2.0 ms, at most 9.5 ms  as linkerd-gateway.linkerd-multicluster",
      "√  east -> west  pod-to-pod  20 of 20 answered  in 2.0 ms, at most 9.5 ms  as caller.mesh-verify",
      "√  east -> west  federated   20 of 20 answered  in 2.0 ms, at most 9.5 ms  as caller.mesh-verify",
    ]);
  });

  test("must come as who they are", () => {
    const { problem, check } = only(verifyCalls({ outcomes: { [direct]: { identities: [""] } } }).findings);
    expect(check).toBe("calls-identity");
    expect(problem).toMatch(
      /^pod-to-pod calls come as nobody, outside the mesh instead of caller\.mesh-verify\./,
    );
  });

  test("must be answered by the target where the service is federated", () => {
    const outcomes = { "east-to-west federated": { clusters: ["east"] } };
    const verification = verifyCalls({ outcomes });
    expect(only(verification.findings).problem).toBe(
      "federated calls are never answered by west, only by east",
    );
    expect(toText(verification, 1)).toContain("×  east -> west  federated");
  });
});

describe("calls that fail", () => {
  test.each([
    [
      "gateway",
      gateway,
      "192.0.2.1:4143",
      "ETIMEDOUT",
      "west's gateway",
      /no route to the gateway's address/,
    ],
    [
      "gateway",
      gateway,
      "192.0.2.1:4143",
      "ECONNREFUSED",
      "west's gateway",
      /nothing listens: the gateway's pods are stopped/,
    ],
    [
      "pod-to-pod",
      direct,
      "10.2.0.9:8080",
      "EHOSTUNREACH",
      "a pod of west",
      /no route between the pod networks/,
    ],
  ])(
    "by %s for the network's sake say which address isn't reached",
    (mode, name, address, code, whose, reason) => {
      const outcomes = { [name]: failing({ "504 deadline elapsed": 3 }) };
      const reached = { "192.0.2.1:4143": "connected", "10.2.0.9:8080": "connected", [address]: code };
      const { subject, problem, cause } = only(verifyCalls({ outcomes, reached }).findings);
      expect(subject).toBe("east -> west");
      expect(problem).toBe(
        `${mode} calls fail: pods of east can't connect to ${whose} at ${address} (${code})`,
      );
      expect(cause).toMatch(reason);
    },
  );

  test.each([
    [
      gateway,
      { "403 unauthorized request on route": 3 },
      /^gateway calls fail: west's gateway refuses the caller/,
      /npm run up -- test --refresh restores/,
    ],
    [
      direct,
      { "403 unauthorized": 3 },
      /^pod-to-pod calls fail: a policy of west refuses the caller/,
      /kubectl -- test west get servers/,
    ],
    [
      gateway,
      { ENOTFOUND: 3 },
      /^gateway calls fail: the mirror of an exported service doesn't come to east/,
      /kubectl -- test east -n linkerd-multicluster logs deploy\/controller-west/,
    ],
    [
      gateway,
      { "503 service in fail-fast": 3 },
      /^3 of 3 gateway calls fail: 503 service in fail-fast$/,
      /both clusters comes first/,
    ],
  ])("over %s with %j are explained", (name, failures, problem, fix) => {
    const reached = { "192.0.2.1:4143": "connected", "10.2.0.9:8080": "connected" };
    const finding = only(verifyCalls({ outcomes: { [name]: failing(failures) }, reached }).findings);
    expect(finding.problem).toMatch(problem);
    expect(finding.fix).toMatch(fix);
    expect(finding.check).toBe("calls");
  });

  test("now and then are found too", () => {
    const verification = verifyCalls({ outcomes: { [gateway]: failing({ ECONNRESET: 2 }, 18) } });
    expect(only(verification.findings).problem).toBe("2 of 20 gateway calls fail: ECONNRESET");
    expect(toText(verification, 1)).toContain("×  east -> west  gateway     18 of 20 answered");
  });
});

test("a cluster whose pods don't start is named, and its links aren't judged by calls", () => {
  const verification = verifyCalls({
    troubles: { west: "the pod that answers doesn't start: ErrImagePull" },
  });
  const finding = only(verification.findings);
  expect([finding.subject, finding.check]).toEqual(["west", "calls-pods"]);
  expect(finding.fix).toContain("--image");
  expect(verification.links.map(({ calls }) => calls.length)).toEqual([0, 0]);
});
