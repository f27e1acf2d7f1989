import { expect, test } from "vitest";

import { pem, record, valueOf } from "../../tests/record.ts";
import { createWebhookTrust } from "./webhook-trust.ts";

const make = (authorities: string[]) =>
  record(() =>
    createWebhookTrust("webhooks", { cluster: "east", authorities, lifetime: 720, renewal: "a" }, {}),
  );

test("the only CA has a name without a number", async () => {
  const { graph } = await make(["1"]);
  expect(graph.children()).toEqual({ webhooks: "mesh:trust:WebhookAuthority" });
});

test("several are trusted together, and the last one signs", async () => {
  const { graph, result } = await make(["2", "1", "3"]);
  expect(Object.keys(graph.children())).toEqual(["webhooks-2", "webhooks", "webhooks-3"]);
  const certificates = ["webhooks-2", "webhooks", "webhooks-3"].map((name) =>
    pem("CERTIFICATE", `${name}-certificate`).trimEnd(),
  );
  expect(await valueOf(result.caBundle)).toBe(certificates.join("\n"));
  expect(result.certificates).toMatchObject({ lifetime: 720, renewal: "a" });
  expect(await valueOf(result.certificates.signer.certificate)).toBe(
    pem("CERTIFICATE", "webhooks-3-certificate"),
  );
  expect(await valueOf(result.expires["3"] ?? "")).toBe("end of webhooks-3-certificate");
});

test("webhooks without a CA are an error", async () => {
  await expect(make([])).rejects.toThrow("The webhooks of east have no CA.");
});
