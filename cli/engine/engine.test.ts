import { describe, expect, test } from "vitest";

import { engineDefaults, engineEnvironment } from "./engine.ts";

const always = {
  ...engineDefaults,
  PULUMI_SKIP_UPDATE_CHECK: "true",
  PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
};

describe("the engine's environment", () => {
  test.each(["dev", "sim"])("has an empty passphrase for %s, which is one person's", (stack) => {
    expect(engineEnvironment(stack, { PATH: "/bin" })).toEqual({
      ...always,
      PATH: "/bin",
      PULUMI_CONFIG_PASSPHRASE: "",
    });
  });

  test("keeps what the person has set", () => {
    const given = {
      PULUMI_CONFIG_PASSPHRASE: "mine",
      PULUMI_VERSION: "3.259.0",
      PULUMI_PARALLEL: "8",
      NODE_COMPILE_CACHE: "/cache",
      NODE_OPTIONS: "--max-old-space-size=4096",
      PULUMI_SKIP_UPDATE_CHECK: "false",
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "false",
    };
    expect(engineEnvironment("sim", given)).toEqual(given);
  });

  test.each([{ PULUMI_CONFIG_PASSPHRASE: "" }, { PULUMI_CONFIG_PASSPHRASE_FILE: "/run/passphrase" }])(
    "is complete for any stack with %j",
    (given) => {
      expect(engineEnvironment("prod", given)).toEqual({ ...always, ...given });
      expect(engineEnvironment("dev", given)).toEqual({ ...always, ...given });
    },
  );

  test("is refused for a stack that keeps secrets, without a passphrase", () => {
    expect(() => engineEnvironment("prod", {})).toThrow(
      "Stack prod keeps secrets: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE. " +
        "Only dev and sim work without.",
    );
  });
});
