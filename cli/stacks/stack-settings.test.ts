import { describe, expect, test } from "vitest";
import { stringify } from "yaml";

import { parseSettings } from "../../settings/parse.ts";
import { configuration, existing, refusal } from "../../settings/test-examples.ts";
import { stackSettings } from "./stack-settings.ts";

function stackFile(settings: Record<string, unknown>): string {
  const own = Object.entries(settings).map(([key, value]) => [`mesh:${key}`, value]);
  const config = Object.fromEntries(own) as Record<string, unknown>;
  return stringify({ config: { "pulumi:disable-default-providers": ["*"], ...config } });
}

describe("a stack file", () => {
  test("is what the engine reads, without other projects' configuration", () => {
    expect(stackSettings(stackFile(configuration()))).toEqual(parseSettings(configuration()));
  });

  test("keeps an environment that looks like a number as text", () => {
    expect(stackSettings(stackFile(configuration({ environment: 2026 }))).environment).toBe("2026");
  });

  test("may have secrets", () => {
    const east = existing(1, { context: undefined, kubeconfig: { secure: "v1:AAAA" } });
    const [cluster] = stackSettings(stackFile(configuration({ clusters: { east } }))).clusters;
    expect(cluster).toMatchObject({ name: "east", kubeconfig: { from: "secret" } });
  });

  test.each([{ environment: "Test" }, { links: { topology: "star" } }, { clustres: {} }])(
    "that is wrong is refused as by the engine: %j",
    (wrong) => {
      expect(() => stackSettings(stackFile(configuration(wrong)))).toThrow(
        refusal(configuration(wrong)).message,
      );
    },
  );

  test("that is empty lacks everything", () => {
    expect(() => stackSettings("")).toThrow("environment\n    is missing");
  });
});
