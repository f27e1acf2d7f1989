import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import { pem, toBase64, valueOf } from "../../tests/record.ts";
import { lateValuesTransform, placeholderFor, replacePlaceholder, withLateValues } from "./late-values.ts";

const anchors = `${pem("CERTIFICATE", "old")}${pem("CERTIFICATE", "new")}`.trim();
const caBundle = pem("CERTIFICATE", "webhooks").trim();
const placeholder = placeholderFor("trust-anchors");

const toSha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("a placeholder is plain text that YAML needs no quotes for", () => {
  expect(placeholder).toBe("LATE-VALUE-trust-anchors");
  expect(parse(`anchors: ${placeholder}`)).toEqual({ anchors: "LATE-VALUE-trust-anchors" });
});

describe("a placeholder is replaced as the chart wrote it", () => {
  test.each([
    ["plainly", placeholder, anchors],
    ["plainly, with white space around it", `\n${placeholder}\n`, anchors],
    ["in base64", toBase64(placeholder), toBase64(anchors)],
    ["as a hash", toSha256(placeholder), toSha256(anchors)],
  ])("%s", (_how, text, expected) => {
    expect(replacePlaceholder(text, "trust-anchors", anchors)).toBe(expected);
  });

  test("inside YAML, such that the document means the same with the value", () => {
    const document = [
      "clusterDomain: cluster.local",
      `identityTrustAnchorsPEM: ${placeholder}`,
      "identity:",
      "  issuer:",
      "    scheme: kubernetes.io/tls",
      "proxyInjector:",
      `  caBundle: ${placeholder}`,
      "  externalSecret: true",
      "",
    ].join("\n");
    expect(parse(replacePlaceholder(document, "trust-anchors", anchors))).toEqual({
      clusterDomain: "cluster.local",
      identityTrustAnchorsPEM: anchors,
      identity: { issuer: { scheme: "kubernetes.io/tls" } },
      proxyInjector: { caBundle: anchors, externalSecret: true },
    });
  });

  test("inside JSON-like YAML too", () => {
    const text = replacePlaceholder(`{ anchors: ${placeholder}, other: 1 }`, "trust-anchors", anchors);
    expect(parse(text)).toEqual({ anchors, other: 1 });
  });
});

describe("the properties of a rendered object", () => {
  const late = { "trust-anchors": pulumi.output(anchors), "webhook-ca": pulumi.output(caBundle) };
  const replaced = (value: unknown) => valueOf(withLateValues(value, late));

  test("get the values wherever they are, also in arrays in arrays", async () => {
    const webhookCa = placeholderFor("webhook-ca");
    expect(
      await replaced({
        metadata: { annotations: { "linkerd.io/trust-root-sha256": toSha256(placeholder) } },
        data: { "ca-bundle.crt": placeholder, values: `a: ${placeholder}\nb: ${webhookCa}\n` },
        webhooks: [{ clientConfig: { caBundle: toBase64(webhookCa) } }],
        deep: [[placeholder, ["other", webhookCa]]],
      }),
    ).toEqual({
      metadata: { annotations: { "linkerd.io/trust-root-sha256": toSha256(anchors) } },
      data: {
        "ca-bundle.crt": anchors,
        values: `a: ${JSON.stringify(anchors)}\nb: ${JSON.stringify(caBundle)}\n`,
      },
      webhooks: [{ clientConfig: { caBundle: toBase64(caBundle) } }],
      deep: [[anchors, ["other", caBundle]]],
    });
  });

  test("are otherwise the same, and known at once", () => {
    const props = {
      text: "LATE-VALUE",
      other: "LATE-VALUE-unknown",
      base64: toBase64("something else"),
      number: 3,
      flag: false,
      nothing: null,
      missing: undefined,
      list: ["a", 1, [true, { deeper: "b" }]],
    };
    expect(withLateValues(props, late)).toEqual(props);
  });

  test("only become outputs where there is a placeholder", () => {
    const { data, kind } = withLateValues({ kind: "ConfigMap", data: placeholder }, late) as {
      data: unknown;
      kind: unknown;
    };
    expect(kind).toBe("ConfigMap");
    expect(pulumi.Output.isInstance(data)).toBe(true);
  });

  test("may be outputs already, which stay as they are", () => {
    const output = pulumi.output(placeholder);
    expect(withLateValues({ output }, late)).toEqual({ output });
  });
});

describe("the transform", () => {
  const transform = lateValuesTransform({ "trust-anchors": pulumi.output(anchors) });
  const opts = { protect: true };
  const resource = { name: "x", type: "kubernetes:core/v1:ConfigMap", props: { data: placeholder }, opts };

  test("works on what the chart renders and keeps its options", async () => {
    const result = await transform({ ...resource, custom: true });
    expect(await valueOf(result?.props)).toEqual({ data: anchors });
    expect(result?.opts).toBe(opts);
  });

  test("leaves what has no placeholder alone", () => {
    const props = { data: "text", list: [{ nested: "text" }, []] };
    expect(transform({ ...resource, props, custom: true })).toBeUndefined();
  });

  test("leaves the chart itself alone, so that its values are known in a preview", () => {
    expect(transform({ ...resource, custom: false })).toBeUndefined();
  });
});
