import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { parseSettings } from "./parse.ts";
import { readSettings } from "./read.ts";
import { certify } from "./test-certificates.ts";
import { configuration, simulated } from "./test-examples.ts";

/** Sets the stack's configuration as the engine hands it over: blocks as JSON. */
function configure(settings: Record<string, unknown>, others: Record<string, string> = {}) {
  const own = Object.entries(settings).map(([key, value]) => [
    `mesh:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig({ ...others, ...(Object.fromEntries(own) as Record<string, string>) });
}

beforeEach(async () => {
  await pulumi.runtime.setMocks(
    { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
    "mesh",
    "test",
  );
  vi.stubEnv("LINKERD_CHARTS_DIR", undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function refusal(): pulumi.RunError {
  try {
    readSettings();
  } catch (error) {
    if (pulumi.RunError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("The configuration was accepted.");
}

describe("the settings", () => {
  test("are the parsed configuration of the project", () => {
    configure(configuration({ environment: "sim" }));
    expect(readSettings()).toEqual(parseSettings(configuration({ environment: "sim" })));
  });

  test("don't mind other projects' configuration", () => {
    configure(configuration(), { "pulumi:disable-default-providers": '["*"]', "meshes:clusters": "{}" });
    expect(readSettings()).toEqual(parseSettings(configuration()));
  });

  test("are those of a project that is named", () => {
    pulumi.runtime.setAllConfig({
      "other:environment": "sim",
      "other:linkerd": '{"version":"2026.8.3"}',
      "other:clusters": JSON.stringify({ east: simulated(1) }),
    });
    const { environment, linkerd } = readSettings("other");
    expect([environment, linkerd.version]).toEqual(["sim", "2026.8.3"]);
  });

  test("keep an environment that looks like a number as text", () => {
    configure(configuration({ environment: "2026" }));
    expect(readSettings().environment).toBe("2026");
  });
});

describe("settings that are wrong", () => {
  test("are one error that is printed without a stack, with every problem", () => {
    configure(configuration({ linkerd: { version: "latest" }, services: [{ cluster: "east" }] }));
    const { message } = refusal();
    expect(message).toMatch(/^The settings have \d problems; nothing was created or changed\.\n\n/);
    expect(message).toContain('  linkerd.version = "latest"\n    is not an exact chart version');
    expect(message).toContain("  services.0.name\n    is missing");
  });

  test("include an issuer that only the secret store has, which is enough for manifests alone", () => {
    const { certificate } = certify("root");
    const secrets = { store: { name: "vault" } };
    const rendered = configuration({ trust: { anchor: { certificate } }, manifests: { secrets } });
    expect(() => parseSettings(rendered)).not.toThrow();
    configure(rendered);
    expect(refusal().message).toContain("clusters.east.issuer\n    is missing");
  });

  test("include a key that nobody knows", () => {
    configure(configuration({ cluster: "east" }));
    expect(refusal().message).toContain("  cluster\n    is not a setting\n");
  });

  test("include a stack without any", () => {
    pulumi.runtime.setAllConfig({});
    expect(refusal().message).toContain("  environment\n    is missing");
  });
});

describe("LINKERD_CHARTS_DIR", () => {
  const charts = { repository: "https://helm.example" };

  beforeEach(() => {
    configure(configuration({ linkerd: { version: "2026.8.3", viz: false, charts } }));
  });

  test("names a folder that is used instead of the configured source, and changes nothing else", () => {
    const { linkerd: before, ...others } = readSettings();
    vi.stubEnv("LINKERD_CHARTS_DIR", "/srv/charts");
    expect(readSettings()).toEqual({
      ...others,
      linkerd: { ...before, charts: { directory: "/srv/charts" } },
    });
  });

  test.each([undefined, ""])("that is %j means the configured source", (directory) => {
    vi.stubEnv("LINKERD_CHARTS_DIR", directory);
    expect(readSettings().linkerd.charts).toEqual(charts);
  });
});
