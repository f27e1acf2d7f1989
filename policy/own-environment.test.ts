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

const install = resource({ types: ["mesh:linkerd:Linkerd"], name: "east-linkerd" });

test("links between clusters of the stack pass, also one whose target isn't known yet", async () => {
  expect(await violations(ownEnvironment, [...clusters, install, link("west"), link(unknown)])).toEqual([]);
});

test("a part of an environment that has links alone knows the other clusters by its stack's name", async () => {
  expect(await violations(ownEnvironment, [...clusters, install, link("prod")])).toHaveLength(1);
  expect(await violations(ownEnvironment, [...clusters, link("prod")])).toEqual([]);
});

test("a link to a cluster of elsewhere is refused", async () => {
  const found = await violations(ownEnvironment, [...clusters, install, link("west"), link("prod")]);
  expect(found).toEqual([expect.stringMatching(/^east-to-prod-link: It leads to a cluster that this stack/)]);
});
