import { expect, test } from "vitest";

import { ownEnvironment } from "./own-environment.ts";
import { resource, unknown, violations } from "./test-resources.ts";

const link = (target: string) =>
  resource({
    types: ["mesh:link:Link", "kubernetes:multicluster.linkerd.io/v1alpha3:Link"],
    name: `east-to-${target}-link`,
    provider: "east",
    props: { spec: { targetClusterName: target } },
  });

const clusters = ["east", "west"].map((name) => resource({ types: ["pulumi:providers:kubernetes"], name }));

test("links between clusters of the stack pass, also one whose target isn't known yet", async () => {
  expect(await violations(ownEnvironment, [...clusters, link("west"), link(unknown)])).toEqual([]);
});

test("links between the parts of an environment pass, and none to another environment's", async () => {
  const reference = (name: string) => resource({ types: ["pulumi:pulumi:StackReference"], name });
  const ofPart = {
    ...link("west"),
    urn: link("west").urn.replace(/^urn:pulumi:[^:]+/, "urn:pulumi:uat-links-east"),
  };
  const found = (name: string) => violations(ownEnvironment, [reference(name), ofPart]);
  expect(await found("uat-cluster-west")).toEqual([]);
  expect(await found("uat-cluster-north")).toHaveLength(1);
  expect(await found("prod-cluster-west")).toHaveLength(1);
});

test("a link to a cluster of elsewhere is refused", async () => {
  const found = await violations(ownEnvironment, [...clusters, link("west"), link("prod")]);
  expect(found).toEqual([expect.stringMatching(/^east-to-prod-link: It leads to a cluster that this stack/)]);
});
