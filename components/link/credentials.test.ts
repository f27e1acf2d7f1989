import { KubeConfig } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { parse } from "yaml";

import { toBase64, valueOf } from "../../tests/record.ts";
import { linkKubeconfig } from "./credentials.ts";

const args = {
  cluster: "west",
  server: "https://172.18.0.3:6443",
  certificateAuthority: toBase64("authority"),
  serviceAccount: "linkerd-service-mirror-remote-access-east",
  token: pulumi.secret("token"),
};

test("the kubeconfig has one context, the target's server and CA, and the source's token", async () => {
  expect(parse(await valueOf(linkKubeconfig(args)))).toEqual({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "west",
    clusters: [
      {
        name: "west",
        cluster: { server: "https://172.18.0.3:6443", "certificate-authority-data": toBase64("authority") },
      },
    ],
    contexts: [
      { name: "west", context: { cluster: "west", user: "linkerd-service-mirror-remote-access-east" } },
    ],
    users: [{ name: "linkerd-service-mirror-remote-access-east", user: { token: "token" } }],
  });
});

test("a Kubernetes client finds server and token in it", async () => {
  const config = new KubeConfig();
  config.loadFromString(await valueOf(linkKubeconfig(args)));
  expect(config.getCurrentCluster()).toMatchObject({ server: args.server, caData: toBase64("authority") });
  expect(config.getCurrentUser()).toMatchObject({ token: "token" });
});

test("it is secret because the token is", async () => {
  expect(await pulumi.isSecret(linkKubeconfig(args))).toBe(true);
});
